import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { consoleErrorsOf, launchBrowser, signIn } from '../support/browser.ts';
import { type ClockProcess, startClock } from '../support/clock-process.ts';
import { violationsOf } from '../support/good-page.ts';
import { startTogether } from '../support/start-together.ts';
import { until } from '../support/until.ts';

let browser: Browser;
let clock: ClockProcess;
let context: BrowserContext;
let page: Page;
let consoleErrors: string[];

beforeAll(async () => {
  [clock, browser] = await startTogether(startClock(['all'], { env: { TZ: 'Europe/Madrid' } }), launchBrowser());
  context = await browser.newContext({ serviceWorkers: 'block' });
  page = await context.newPage();
  consoleErrors = consoleErrorsOf(page);
  await signIn(page, `${clock.url}/`, clock.adminPassword());
});

afterAll(async () => {
  await browser?.close();
  await clock?.stop();
});

const clockHeight = `document.querySelector('#dial, .digital #display').getBoundingClientRect().height`;

/** Pairs of elements that overlap. A string, because the tests are compiled without the browser's types. */
const overlaps = `(() => {
  const boxes = ['.account', '#date', '#dial', '#display', '#second-zone', '#zones', '#state', '#error']
    .map((name) => [name, document.querySelector(name)])
    .filter(([name, found]) => found !== null && !(name === '#display' && document.querySelector('#dial')))
    .map(([name, found]) => [name, found.getBoundingClientRect()]);
  return boxes.flatMap(([name, a], index) =>
    boxes.slice(index + 1)
      .filter(([, b]) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1)
      .map(([other]) => name + ' ' + other));
})()`;

async function show(query: string): Promise<string> {
  await page.goto(`${clock.url}/${query}`);
  const shown = async (): Promise<string | undefined> => /.*\d.*/.exec((await page.textContent('#display')) ?? '')?.[0];
  return until(shown, 'a time is shown');
}

describe('a face', () => {
  test.each([
    ['?hours=12&zone=America/New_York', /^\d{1,2}:\d\d:\d\d\s[AP]M$/],
    ['?seconds=off', /^\d\d:\d\d$/],
    ['?face=12h', /^\d{1,2}:\d\d:\d\d\s[AP]M$/],
    ['?face=sundial', /^\d\d:\d\d:\d\d$/],
  ])('follows its address: %s', async (query, text) => {
    expect(await show(query)).toMatch(text);
  });

  test('sets its hands to the time', async () => {
    await show('?face=analog&zone2=Asia/Tokyo&date=on&weekday=on&lang=es');
    const seen: { text: string; second: string; date: string; other: string } = await page.evaluate(
      `({ text: document.querySelector('#display').textContent,
          second: document.querySelector('#dial .second').getAttribute('transform'),
          date: document.querySelector('#date').textContent,
          other: document.querySelector('#second-zone').textContent })`,
    );
    expect(seen.second).toBe(`rotate(${Number(seen.text.slice(-2)) * 6})`);
    expect(seen.date).toMatch(/^\p{L}+, \d+ de \p{L}+ de 20\d\d$/u);
    expect(seen.other).toMatch(/^Tokyo \u2068\d\d:\d\d:\d\d\u2069$/);
  });

  test.each([
    '',
    '?face=analog&date=on&zone2=UTC',
    '?hours=12&weekday=on&color=ffe066&background=102030',
    '?background=transparent',
    '?lang=ar&zones=Europe/Madrid:%D9%85%D8%AF%D8%B1%D9%8A%D8%AF,Asia/Tokyo,America/New_York:New%20York,Etc/UTC',
  ])('is accessible and fits its window: %s', async (query) => {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await show(query);
      for (const [width, height] of [
        [320, 480],
        [480, 320],
        [1_080, 1_920],
        [7_680, 4_320],
      ] as const) {
        await page.setViewportSize({ width, height });
        expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
      }
      await page.setViewportSize({ width: 1_280, height: 720 });
      expect(await violationsOf(page)).toEqual([]);
    }
  });

  test('warns in its panel about its address, and applies the settings sheet', async () => {
    await show('?hours=13&foo=1');
    await page.keyboard.press('i');
    const panel = page.locator('#panel');
    await panel.waitFor();
    expect(await panel.textContent()).toMatch(/hours=13 is ignored.*foo is unknown/s);
    expect(await violationsOf(page)).toEqual([]);
    await page.getByText('Settings').click();
    await page.getByLabel('Face').selectOption('analog');
    await page.getByLabel('Zone', { exact: true }).fill('Asia/Tokyo');
    await page.getByRole('button', { name: 'Apply' }).click();
    await page.waitForURL(`${clock.url}/?face=analog&zone=Asia%2FTokyo`);
    await page.waitForSelector('#dial');
  });

  test('has an accessible panel, also in custom colors', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      for (const query of ['?color=ffffff&background=000000', '?color=000000&background=ffffff']) {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        await show(query);
        await page.keyboard.press('i');
        await page.getByText('Settings').click();
        expect(await violationsOf(page)).toEqual([]);
      }
    }
  });

  test('keeps its appearance if the settings are applied unchanged', async () => {
    await show('?face=12h&date=1');
    await page.keyboard.press('i');
    await page.getByText('Settings').click();
    await page.getByLabel('Face').press('i');
    await page.getByRole('button', { name: 'Apply' }).click();
    await expect.poll(() => page.url()).toBe(`${clock.url}/?face=12h&date=on`);
  });

  const sixZones =
    'zones=Europe/Madrid:Madrid,Asia/Tokyo,America/New_York:New%20York,Europe/London,Australia/Sydney,Etc/GMT%2B5:%D8%A8';

  test('shows up to six zones with labels, and marks another date', async () => {
    await show('?zone=Pacific/Pago_Pago&zones=Pacific/Kiritimati:Kiribati,Pacific/Pago_Pago,Mars/Base:Mars');
    await expect.poll(() => page.locator('#zones .time').first().textContent()).toMatch(/^\d\d:\d\d:\d\d$/);
    const [ahead, same, unknown] = await page.locator('#zones li').allTextContents();
    // The two are 25 hours apart.
    expect(ahead).toMatch(/^Kiribati \+(1 day|2 days) \d\d:\d\d:\d\d$/);
    expect(same).toMatch(/^Pago Pago  \d\d:\d\d:\d\d$/);
    expect(unknown).toBe('Mars  ');
    await expect.poll(() => page.textContent('#warnings')).toMatch(/zones=Mars\/Base is unknown to the server/);
    // The browser reports the response of 404 as an error.
    consoleErrors.splice(0);
  });

  test('shortens a long label of a zone, but not its date', async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    await show('?zone=Pacific/Pago_Pago&zones=Pacific/Kiritimati:Kiritimati%20in%20the%20Line%20Islands,Asia/Tokyo');
    const day = page.locator('#zones .day').first();
    await expect.poll(() => day.textContent()).toMatch(/^\+/);
    const [dayBox, next] = [await day.boundingBox(), await page.locator('#zones .name').nth(1).boundingBox()];
    expect(next?.y).toBe(dayBox?.y);
    expect(next?.x).toBeGreaterThan((dayBox?.x ?? Infinity) + (dayBox?.width ?? Infinity));
  });

  test.each([
    '?face=analog&date=on&weekday=on&zone2=Asia/Tokyo',
    '?date=on&weekday=on&zone2=Asia/Tokyo',
    `?${sixZones}`,
    `?${sixZones}&face=analog`,
  ])('overlaps no lines in a small window: %s', async (query) => {
    await show(query);
    for (const [width, height] of [
      [320, 480],
      [568, 320],
      [600, 300],
      [300, 170],
      [1_000, 100],
      [1_280, 720],
    ] as const) {
      await page.setViewportSize({ width, height });
      expect(await page.evaluate(overlaps)).toEqual([]);
      expect(await page.evaluate(clockHeight), `at ${width} by ${height}`).toBeGreaterThan(25);
    }
  });

  test('uses the width of its window: fewer characters are larger', async () => {
    const widthOf = async (query: string): Promise<number> => {
      await show(query);
      return page.evaluate(`(() => {
        const range = document.createRange();
        range.selectNodeContents(document.querySelector('#display'));
        return range.getBoundingClientRect().width / innerWidth;
      })()`);
    };
    await page.setViewportSize({ width: 400, height: 900 });
    for (const query of ['?seconds=off', '?date=on', '?face=12h']) {
      const width = await widthOf(query);
      expect(width, `of ${query}`).toBeGreaterThan(0.75);
      expect(width, `of ${query}`).toBeLessThan(0.97);
    }
    await page.setViewportSize({ width: 1_280, height: 720 });
  });

  test.each(['', '?face=analog', '?date=on&weekday=on&zone2=Asia/Tokyo', '?face=12h&date=on'])(
    'keeps the words of its state and its time in a low window: %s',
    async (query) => {
      await show(query);
      await page.waitForSelector('[data-state="live"]');
      clock.kill('SIGSTOP');
      await page.waitForSelector('[data-state="stale"]');
      for (const height of [150, 200, 250, 320, 400]) {
        for (const width of [400, 1_000]) {
          await page.setViewportSize({ width, height });
          const hidden = await page.evaluate(`['#state', '#dial, .digital #display, html:not([class]) #display']
            .filter((name) => {
              const { top, bottom, left, right } = document.querySelector(name).getBoundingClientRect();
              return top < 0 || left < 0 || bottom > innerHeight || right > innerWidth;
            })`);
          expect(hidden, `at ${width} by ${height}`).toEqual([]);
        }
      }
      clock.kill('SIGCONT');
      await page.setViewportSize({ width: 1_280, height: 720 });
    },
  );

  test('announces the time on request', async () => {
    await show('');
    await page.getByRole('button', { name: 'Read the time' }).click();
    expect(await page.textContent('#reading')).toMatch(/^\d\d:\d\d:\d\d, Live$/);
    expect(consoleErrors).toEqual([]);
  });
});
