import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchBrowser, signIn } from '../support/browser.ts';
import { type ClockProcess, startClock } from '../support/clock-process.ts';
import { violationsOf } from '../support/good-page.ts';
import { until } from '../support/until.ts';

let browser: Browser;
let clock: ClockProcess;
let context: BrowserContext;
let page: Page;
const complaints: string[] = [];

beforeAll(async () => {
  [clock, browser] = await Promise.all([startClock(['all'], { env: { TZ: 'Europe/Madrid' } }), launchBrowser()]);
  context = await browser.newContext({ serviceWorkers: 'block' });
  page = await context.newPage();
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  await signIn(page, `${clock.url}/`, clock.adminPassword());
});

afterAll(async () => {
  await browser?.close();
  await clock?.stop();
});

const clockHeight = `document.querySelector('#dial, .digital #display').getBoundingClientRect().height`;

/** Pairs of lines that stand over one another. A text, because the tests are compiled without the browser's types. */
const overlaps = `(() => {
  const boxes = ['.account', '#date', '#dial', '#display', '#second', '#state', '#error']
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
  ])('is what %s says', async (query, text) => {
    expect(await show(query)).toMatch(text);
  });

  test('has hands that stand where the time is', async () => {
    await show('?face=analog&zone2=Asia/Tokyo&date=on&weekday=on&lang=es');
    const seen: { text: string; second: string; date: string; other: string } = await page.evaluate(
      `({ text: document.querySelector('#display').textContent,
          second: document.querySelector('#dial .second').getAttribute('transform'),
          date: document.querySelector('#date').textContent,
          other: document.querySelector('#second').textContent })`,
    );
    expect(seen.second).toBe(`rotate(${Number(seen.text.slice(-2)) * 6})`);
    expect(seen.date).toMatch(/^\p{L}+, \d+ de \p{L}+ de 20\d\d$/u);
    expect(seen.other).toMatch(/^Tokyo \u2068\d\d:\d\d:\d\d\u2069$/);
  });

  test.each([
    '',
    '?face=analog&date=on&zone2=UTC',
    '?hours=12&weekday=on&ink=ffe066&ground=102030',
    '?ground=transparent',
  ])('is legible to everyone, and fits its window: %s', async (query) => {
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

  test('tells in its panel what it could not make of its address', async () => {
    await show('?zone=Mars/Base&foo=1');
    await page.keyboard.press('i');
    const panel = page.locator('#panel');
    await panel.waitFor();
    expect(await panel.textContent()).toMatch(/zone=Mars\/Base is not known.*foo is not known/s);
    expect(await violationsOf(page)).toEqual([]);
    await page.getByText('Settings').click();
    await page.getByLabel('Face').selectOption('analog');
    await page.getByLabel('Zone', { exact: true }).fill('Asia/Tokyo');
    await page.getByRole('button', { name: 'Show it so' }).click();
    await page.waitForURL(`${clock.url}/?face=analog&zone=Asia%2FTokyo`);
    await page.waitForSelector('#dial');
  });

  test('has a panel that everyone can read, in colours of its own too', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      for (const query of ['?ink=ffffff&ground=000000', '?ink=000000&ground=ffffff']) {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        await show(query);
        await page.keyboard.press('i');
        await page.getByText('Settings').click();
        expect(await violationsOf(page)).toEqual([]);
      }
    }
  });

  test('keeps what it looks like when its settings are sent as they are', async () => {
    await show('?face=12h&date=1');
    await page.keyboard.press('i');
    await page.getByText('Settings').click();
    await page.getByLabel('Face').press('i');
    await page.getByRole('button', { name: 'Show it so' }).click();
    await expect.poll(() => page.url()).toBe(`${clock.url}/?face=12h&date=on`);
  });

  test.each(['?face=analog&date=on&weekday=on&zone2=Asia/Tokyo', '?date=on&weekday=on&zone2=Asia/Tokyo'])(
    'lays no line over another, however small its window: %s',
    async (query) => {
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
    },
  );

  test('is as large without seconds as its window allows, once it is live', async () => {
    await show('?seconds=off');
    expect(await page.evaluate("document.documentElement.style.getPropertyValue('--chars')")).toBe('5');
  });

  test('reads the time out when it is asked to', async () => {
    await show('');
    await page.getByRole('button', { name: 'Read the time' }).click();
    expect(await page.textContent('#reading')).toMatch(/^\d\d:\d\d:\d\d, Live$/);
    expect(complaints).toEqual([]);
  });
});
