import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  consoleErrorsOf,
  launchBrowser,
  liveWithoutTime,
  recordShown,
  severalSeconds,
  shownBy,
  signIn,
  statesSinceLive,
} from '../support/browser.ts';
import { type ClockProcess, startClock } from '../support/clock-process.ts';
import { violationsOf } from '../support/good-page.ts';
import { ScreenPage } from '../support/screen-page.ts';
import { startTogether } from '../support/start-together.ts';
import { undisturbed } from '../support/undisturbed.ts';
import { until } from '../support/until.ts';

let browser: Browser;
let clock: ClockProcess;
let cookies: Awaited<ReturnType<BrowserContext['cookies']>>;
let context: BrowserContext;
let page: Page;
let screen: ScreenPage;
let consoleErrors: string[];

beforeAll(async () => {
  [clock, browser] = await startTogether(startClock(['all'], { env: { TZ: 'Europe/Madrid' } }), launchBrowser());
  const first = await browser.newContext();
  await signIn(await first.newPage(), `${clock.url}/`, clock.adminPassword());
  cookies = await first.cookies();
  await first.close();
});

beforeEach(async () => {
  context = await browser.newContext({ serviceWorkers: 'block', viewport: { width: 1_280, height: 720 } });
  await context.addCookies(cookies);
  page = await context.newPage();
  consoleErrors = consoleErrorsOf(page);
  await recordShown(page);
  screen = new ScreenPage(page);
  await screen.connect();
});

afterEach(async () => {
  await context.close();
});

afterAll(async () => {
  await browser?.close();
  await clock?.stop();
});

async function open(query = ''): Promise<void> {
  await page.goto(`${clock.url}/${query}`);
  await page.waitForSelector('[data-state="live"]');
}

/** The page shows something new twice. */
async function twoMoreTimes(): Promise<void> {
  const { length } = await shownBy(page);
  await until(async () => (await shownBy(page)).length > length + 1, 'two more times are shown');
}

/** Everything that a theme adds to the page, besides its text. */
const appearance = `JSON.stringify({
  root: [...document.documentElement.classList].filter((name) => name !== 'idle' && name !== 'digital'),
  style: document.documentElement.style.cssText.replace('--size: 1;', ''),
  body: document.body.style.cssText,
  display: ['lang', 'dir'].map((name) => document.querySelector('#display').getAttribute(name)),
  added: [...document.querySelectorAll('#date, #dial, #second-zone')].map(({ id }) => id),
  height: document.querySelector('#display').getBoundingClientRect().height,
  warnings: document.querySelector('#warnings').textContent,
})`;

describe('a face that operators set', () => {
  test('replaces the last one live, and an empty one restores the default', async ({ signal }) => {
    await undisturbed(async () => {
      await open();
      const plain = await page.evaluate(appearance);
      for (const query of [
        'face=analog&date=on&shift=on&lang=es&size=60&hours=13',
        'zone=Asia/Tokyo&zone2=UTC&hours=12&color=ffe066&background=102030&trim=-40',
        'background=transparent&weekday=on',
      ]) {
        screen.send({ name: 'face', query });
        await expect.poll(() => page.getAttribute('html', 'data-set-face')).toBe(query);
        await twoMoreTimes();
      }
      expect(await page.locator('#dial').count()).toBe(0);
      screen.send({ name: 'face', query: '' });
      await expect.poll(() => page.evaluate(appearance)).toBe(plain);
      expect(await statesSinceLive(page)).toEqual(['live']);
      expect(await liveWithoutTime(page)).toEqual([]);
    }, signal);
    expect(consoleErrors).toEqual([]);
  });

  test('waits on a live page for its zone, and the last of several commands wins', async ({ signal }) => {
    await undisturbed(async () => {
      await open();
      const requested = Promise.withResolvers<void>();
      const answered = Promise.withResolvers<void>();
      await page.route('**/api/zones?names=Asia%2FTokyo', async (route) => {
        requested.resolve();
        await answered.promise;
        await route.continue();
      });
      screen.send({ name: 'face', query: 'zone=Asia/Tokyo&seconds=off' });
      await requested.promise;
      await twoMoreTimes();
      expect(await page.textContent('#display')).toMatch(/^\d\d:\d\d:\d\d$/);
      screen.send({ name: 'face', query: 'hours=12&zone=America/New_York' });
      await expect.poll(() => page.textContent('#display')).toMatch(/[AP]M$/);
      answered.resolve();
      screen.send({ name: 'face', query: 'zone=Asia/Tokyo&face=analog' });
      screen.send({ name: 'face', query: 'zone=Asia/Tokyo&date=on' });
      await page.waitForSelector('#date');
      expect(await page.locator('#dial').count()).toBe(0);
      expect(await page.getAttribute('#display', 'aria-label')).toBe('Time in Asia/Tokyo');
      expect(await liveWithoutTime(page)).toEqual([]);
      expect(await statesSinceLive(page)).toEqual(['live']);
    }, signal);
  });

  test('applies where the address says nothing', async () => {
    await open('?face=digital&seconds=off');
    screen.send({ name: 'face', query: 'face=analog&date=on&seconds=on' });
    await page.waitForSelector('#date');
    expect(await page.locator('#dial').count()).toBe(0);
    expect(await page.textContent('#display')).toMatch(/^\d\d:\d\d$/);
  });

  test('is the first that a page shows if the initial state contains it, and the panel names it', async () => {
    screen.screen = { name: 'Lobby', group: 'doors', face: 'hours=12&zone=Asia/Tokyo' };
    await open();
    const times = (await shownBy(page)).map(({ text }) => text).filter((text) => /\d/.test(text));
    expect(times.length).toBeGreaterThan(0);
    for (const text of times) expect(text).toMatch(/[AP]M$/);
    await page.keyboard.press('i');
    const panel = page.locator('#panel');
    await panel.waitFor();
    expect(await panel.textContent()).toMatch(/Lobby, group doors.*hours=12&zone=Asia\/Tokyo/s);
  });
});

describe('a screen that is identified', () => {
  const faces = ['', '?face=analog&date=on', '?color=ffe066&background=102030', '?background=transparent'];
  /** The name covers the window, and no part of it lies outside. A string: the tests know no types of the browser. */
  const isWhole = `(() => {
    const box = document.querySelector('#name');
    if (box === null) return false;
    const range = document.createRange();
    range.selectNodeContents(box);
    const { left, right, top, bottom } = range.getBoundingClientRect();
    const { width, height } = box.getBoundingClientRect();
    box.style.pointerEvents = 'auto';
    const isOnTop = document.elementFromPoint(innerWidth / 2, innerHeight / 2) === box;
    const isInside = left >= 0 && top >= 0 && right <= innerWidth && bottom <= innerHeight;
    return isInside && isOnTop && width === innerWidth && height === innerHeight;
  })()`;

  test.for(faces)('shows its name over its face, and then the face again: %s', async (query, { signal }) => {
    await undisturbed(async () => {
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        await open(query);
        screen.send({ name: 'identify', text: 'Lobby' });
        await page.waitForSelector('#name');
        expect(await page.textContent('#name')).toBe('Lobby');
        expect(await page.evaluate(`document.querySelector('#name').getAnimations().length`)).toBe(0);
        const fontSize = `parseFloat(getComputedStyle(document.querySelector('#name')).fontSize)`;
        expect(await page.evaluate(fontSize)).toBeGreaterThan(150);
        expect(await statesSinceLive(page)).toEqual(['live']);
        expect(await violationsOf(page)).toEqual([]);
      }
      // The search for violations pauses the page.
      await page.waitForSelector('[data-state="live"]');
      const { length } = await shownBy(page);
      await page.waitForSelector('#name', { state: 'detached' });
      expect(await page.textContent('#reading')).toBe('');
      await twoMoreTimes();
      expect((await shownBy(page)).slice(length).filter(({ state }) => state !== 'live')).toEqual([]);
    }, signal);
    expect(consoleErrors).toEqual([]);
  });

  test.each([
    'Lobby',
    'Emergency department, waiting room 2, next to the lifts, floor 1',
    '<b>Lobby</b> & "co"',
    'ردهة الاستقبال',
    '会议室三楼东侧靠近电梯',
    'W'.repeat(64),
  ])('shows %s in any window, also above its panel', async (name) => {
    await open();
    await page.keyboard.press('i');
    await page.waitForSelector('#panel');
    for (const [width, height] of [
      [320, 568],
      [568, 320],
      [1_920, 1_080],
      [1_080, 1_920],
      [300, 120],
    ] as const) {
      await page.setViewportSize({ width, height });
      screen.send({ name: 'identify', text: name });
      await expect.poll(() => page.evaluate(isWhole), { message: `${width} by ${height}` }).toBe(true);
      expect(await page.textContent('#name')).toBe(name);
    }
  });

  test('is announced once per command', async () => {
    await open();
    await page.evaluate(`globalThis.announced = [];
      new MutationObserver(() => announced.push(document.querySelector('#reading').textContent))
        .observe(document.querySelector('#reading'), { childList: true, characterData: true, subtree: true })`);
    screen.send({ name: 'identify', text: 'Lobby' });
    await page.waitForSelector('#name');
    await twoMoreTimes();
    expect(await page.evaluate('announced')).toEqual(['Lobby']);
  });
});

describe('other commands', () => {
  test('rename is remembered for the panel', async () => {
    await open();
    screen.send({ name: 'rename', screen: 'Canteen', group: null });
    await expect.poll(() => page.getAttribute('html', 'data-screen')).toBe('Canteen');
    await page.keyboard.press('i');
    await expect.poll(() => page.locator('#panel').textContent()).toMatch(/ScreenCanteen/);
  });

  test('reload reloads the page at once', async () => {
    await open();
    await page.evaluate('globalThis.isFirst = true');
    screen.send({ name: 'reload' });
    await expect.poll(() => page.evaluate('globalThis.isFirst')).toBeUndefined();
    await page.waitForSelector('[data-state="live"]');
  });

  test('an unknown command is ignored', async ({ signal }) => {
    await undisturbed(async () => {
      await open();
      screen.send({ name: 'dance' } as never);
      screen.send({ name: 'rename', screen: 'Canteen', group: null });
      await expect.poll(() => page.getAttribute('html', 'data-screen')).toBe('Canteen');
      await severalSeconds(page, 1);
      expect(await statesSinceLive(page)).toEqual(['live']);
    }, signal);
    expect(consoleErrors).toEqual([]);
  });
});
