import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser, signIn } from '../support/browser.ts';
import { type ClockProcess, startClock } from '../support/clock-process.ts';

const languages = 'es de fr pt it nl pl ja zh-CN zh-TW ko ar fa hi th'.split(' ');
const faces = ['', '&hours=12', '&seconds=off&hours=12', '&face=analog'];
const widths = [320, 1_280];

let browser: Browser;
let clock: ClockProcess;
let page: Page;

beforeAll(async () => {
  [clock, browser] = await Promise.all([startClock(['all'], { env: { TZ: 'Europe/Madrid' } }), launchBrowser()]);
  page = await (await browser.newContext({ serviceWorkers: 'block' })).newPage();
  await signIn(page, `${clock.url}/`, clock.adminPassword());
});

afterAll(async () => {
  await browser?.close();
  await clock?.stop();
});

// What the display shows at each hour of a day, in turn, in a string: the tests have no types of the browser.
const cutTexts = `(() => {
  const options = ${JSON.stringify({ timeZone: 'UTC', hour: '2-digit', minute: '2-digit', second: '2-digit' })};
  const query = new URLSearchParams(location.search);
  const format = new Intl.DateTimeFormat(query.get('lang'), {
    ...options,
    ...(query.get('seconds') === 'off' ? { second: undefined } : {}),
    ...(query.get('hours') === '12' ? { hour: 'numeric', hourCycle: 'h12' } : { hourCycle: 'h23' }),
  });
  const display = document.querySelector('#display');
  const isCut = (element) => {
    const range = document.createRange();
    range.selectNodeContents(element);
    const { left, right } = range.getBoundingClientRect();
    return left < 0 || right > innerWidth;
  };
  const lines = ['#date', '#second-zone'].map((name) => document.querySelector(name));
  const cut = lines.filter(isCut).map(({ textContent }) => textContent);
  if (document.querySelector('#dial') !== null) return cut;
  for (let hour = 0; hour < 24; hour += 1) {
    for (const rest of [0, 2_628_000, 3_480_000 + 58_000]) {
      display.textContent = format.format(hour * 3_600_000 + rest);
      if (isCut(display)) cut.push(display.textContent);
    }
  }
  return cut;
})()`;

test.each(languages)('no time and no date is cut in %s, in any face, in a narrow or a wide window', async (lang) => {
  for (const face of faces) {
    await page.goto(`${clock.url}/?lang=${lang}&date=on&weekday=on&zone2=America/New_York${face}`);
    await page.waitForSelector('[data-state="live"]');
    await expect.poll(() => page.textContent('#second-zone')).toMatch(/New York/);
    for (const width of widths) {
      await page.setViewportSize({ width, height: 720 });
      expect(await page.evaluate(cutTexts), `${face} at ${width} px`).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    }
  }
});
