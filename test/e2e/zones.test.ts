import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { launchBrowser, liveWithoutTime, recordShown, signIn } from '../support/browser.ts';
import { type ClockProcess, startClock } from '../support/clock-process.ts';
import { startTogether } from '../support/start-together.ts';
import { until } from '../support/until.ts';

let browser: Browser;
let clock: ClockProcess;
let context: BrowserContext;
let page: Page;
let consoleWarnings: string[];

beforeAll(async () => {
  [clock, browser] = await startTogether(startClock(['all'], { env: { TZ: 'Europe/Madrid' } }), launchBrowser());
});

beforeEach(async () => {
  context = await browser.newContext({ serviceWorkers: 'block' });
  page = await context.newPage();
  consoleWarnings = [];
  page.on('console', (message) => message.type() === 'warning' && consoleWarnings.push(message.text()));
  await signIn(page, `${clock.url}/`, clock.adminPassword());
});

afterEach(async () => {
  await context.close();
});

afterAll(async () => {
  await browser?.close();
  await clock?.stop();
});

/** How far the shown time is from that of a zone, s. */
async function distanceFrom(offsetMs: number): Promise<number> {
  const text = (await page.textContent('#display')) ?? '';
  const [h = Number.NaN, m = Number.NaN, s = Number.NaN] = text.split(':').map(Number);
  const expected = ((Date.now() + offsetMs) / 1_000) % 86_400;
  return Math.abs((((h * 60 + m) * 60 + s - expected + 129_600) % 86_400) - 43_200);
}

async function live(query: string, path = '/'): Promise<void> {
  await page.goto(`${clock.url}${path}${query}`);
  await page.waitForSelector('[data-state="live"]');
}

describe('a zone on the page', () => {
  test.each(['/', '/embed'])('reads by the offset of the server, not of the browser: %s', async (path) => {
    const utcOffsetMs = 20_700_000;
    await page.route('**/api/zones?names=Asia%2FTokyo', (route) =>
      route.fulfill({ json: { 'Asia/Tokyo': { utcOffsetMs, nextUtcOffset: null } } }),
    );
    await live('?zone=Asia/Tokyo', path);
    expect(await distanceFrom(utcOffsetMs)).toBeLessThan(60);
    expect(await page.getAttribute('#display', 'aria-label')).toBe('Time in Asia/Tokyo');
  });

  test('is the one that the ticks show if the stated offset contradicts them, with a warning in the console', async () => {
    await recordShown(page);
    await page.route('**/api/initial_state', async (route) => {
      const response = await route.fetch();
      const state = await response.json();
      await route.fulfill({ response, json: { ...state, utcOffsetMs: state.utcOffsetMs - 3_600_000 } });
    });
    await live('');
    const tick = (await (await context.request.get(`${clock.url}/api/initial_state`)).json()) as {
      utcOffsetMs: number;
    };
    await until(async () => (await distanceFrom(tick.utcOffsetMs)) < 60, 'the page shows the time of the ticks');
    expect(consoleWarnings.join()).toMatch(/the time in Europe\/Madrid is [\d:]+, not [\d:]+/);
  });

  test.each([
    ['Etc/GMT%2B5', -5],
    ['Etc/GMT+5', -5],
    ['%2B05:30', 5.5],
    ['asia/tokyo', 9],
  ])('is shown under each name that the server knows: %s', async (name, hours) => {
    await live(`?zone=${name}`);
    expect(await distanceFrom(hours * 3_600_000)).toBeLessThan(60);
    expect(await page.textContent('#warnings')).toBe('');
  });

  test('is replaced by that of the installation if the server does not know it, with a visible warning', async () => {
    await live('?zone=Mars/Base&zone2=Moon/Base');
    const warnings = page.locator('#warnings');
    await expect.poll(() => warnings.textContent()).toMatch(/zone2=Moon\/Base is unknown to the server/);
    expect(await warnings.textContent()).toMatch(/zone=Mars\/Base is unknown to the server: .* Europe\/Madrid/);
    expect(await warnings.isVisible()).toBe(true);
    expect(await page.getAttribute('#display', 'aria-label')).toBe('Time in Europe/Madrid');
  });

  test('that is unknown causes no warning over a video, only in the panel and the console', async () => {
    await live('?zone=Mars/Base&background=transparent');
    await until(() => consoleWarnings.some((text) => text.includes('zone=Mars/Base')), 'a warning in the console');
    expect(await page.locator('#warnings').isVisible()).toBe(false);
    await page.keyboard.press('i');
    await page.waitForSelector('#panel');
    expect(await page.textContent('#panel')).toContain('zone=Mars/Base is unknown');
  });

  test('is not live while its offset cannot be loaded, and is live once it can', async () => {
    await recordShown(page);
    let isFailing = true;
    await page.route('**/api/zones*', (route) => (isFailing ? route.fulfill({ status: 503 }) : route.continue()));
    await page.goto(`${clock.url}/?zone=Asia/Tokyo`);
    await page.waitForSelector('[data-state="stale"]');
    await expect.poll(() => page.textContent('#warnings')).toContain('zone=Asia/Tokyo: its offset could not be loaded');
    isFailing = false;
    await page.waitForSelector('[data-state="live"]');
    expect(await distanceFrom(9 * 3_600_000)).toBeLessThan(60);
    expect(await page.textContent('#warnings')).toBe('');
    expect(await liveWithoutTime(page)).toEqual([]);
  });

  test('follows the installation to another zone without a reload', async () => {
    let isMoved = false;
    const moved = { zone: 'Asia/Tokyo', utcOffsetMs: 9 * 3_600_000, nextUtcOffset: null };
    await page.routeWebSocket(/\/time\/tic\//, (socket) => {
      const server = socket.connectToServer();
      server.onMessage((data) => socket.send(isMoved ? inTokyo(String(data)) : data));
    });
    await page.route('**/api/initial_state', async (route) => {
      const response = await route.fetch();
      const state = await response.json();
      await route.fulfill({ response, json: isMoved ? { ...state, ...moved, current: tokyoText(state.at) } : state });
    });
    await page.goto(`${clock.url}/`);
    await page.waitForSelector('[data-state="live"]');
    isMoved = true;
    await page.waitForSelector('#display[aria-label="Time in Asia/Tokyo"]');
    expect(await distanceFrom(9 * 3_600_000)).toBeLessThan(60);
  });
});

function tokyoText(at: number): string {
  return new Date(at + 9 * 3_600_000).toISOString().slice(11, 19);
}

/** A frame of the server, with the text of a tick as a worker in Tokyo would write it. */
function inTokyo(frame: string): string {
  const message = JSON.parse(frame);
  if (message.channel === 'time') message.message.time = tokyoText(message.message.at);
  return JSON.stringify(message);
}
