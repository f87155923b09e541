import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchBrowser, signIn } from '../support/browser.ts';
import { type ClockProcess, startClock } from '../support/clock-process.ts';
import { freePort } from '../support/free-port.ts';
import { violationsOf } from '../support/good-page.ts';
import { ScreenPage } from '../support/screen-page.ts';
import { startTogether } from '../support/start-together.ts';

const languages = 'es de fr pt it nl pl ja zh-CN zh-TW ko ar fa hi th'.split(' ');
const faces = ['', '&hours=12', '&seconds=off&hours=12', '&face=analog'];
const widths = [320, 1_280];

let browser: Browser;
let clock: ClockProcess;
let page: Page;

beforeAll(async () => {
  [clock, browser] = await startTogether(startClock(['all'], { env: { TZ: 'Europe/Madrid' } }), launchBrowser());
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

const words = [
  ['es-MX', 'es', 'En directo'],
  ['de', 'de', 'Live'],
  ['fr-CA', 'fr', 'En direct'],
  ['pt-BR', 'pt', 'Ao vivo'],
  ['it', 'it', 'In diretta'],
  ['nl-BE', 'nl', 'Live'],
  ['pl', 'pl', 'Na żywo'],
  ['ja-JP', 'ja', 'ライブ'],
  ['zh-TW', 'zh-Hans', '实时'],
  ['ar-EG', 'ar', 'مباشر'],
] as const;

describe('words of state', () => {
  test.each(words)('in a browser in %s are in %s, and fit the window', async (locale, lang, live) => {
    const context = await browser.newContext({ serviceWorkers: 'block', locale });
    await context.addCookies(await page.context().cookies());
    const one = await context.newPage();
    await one.goto(`${clock.url}/?hours=13`);
    await one.waitForSelector('[data-state="live"]');
    await expect.poll(() => one.getAttribute('#state', 'lang')).toBe(lang);
    await expect.poll(() => one.textContent('#state')).toBe(live);
    expect(await one.getAttribute('#state', 'dir')).toBe(lang === 'ar' ? 'rtl' : 'ltr');
    expect(await one.textContent('#warnings')).not.toMatch(/ignored|^$/);
    expect(await one.textContent('#display')).toMatch(/^\d\d:\d\d:\d\d$/);
    await one.click('#read');
    const reading = (await one.textContent('#reading')) ?? '';
    expect(reading).toMatch(/^\u2068?\d\d:\d\d:\d\d/);
    expect(reading.endsWith(live)).toBe(true);
    for (const width of widths) {
      await one.setViewportSize({ width, height: 720 });
      expect(await one.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    }
    expect(await violationsOf(one)).toEqual([]);
    await context.close();
  });

  test('are in the language of the address, else in that of the face that operators set', async () => {
    const one = await page.context().newPage();
    const screen = new ScreenPage(one);
    await screen.connect();
    await one.goto(`${clock.url}/?lang=it`);
    await expect.poll(() => one.textContent('#state')).toBe('In diretta');
    screen.send({ name: 'face', query: 'lang=pl&date=on' });
    await one.waitForSelector('#date');
    await expect.poll(() => one.textContent('#state')).toBe('In diretta');
    await one.goto(`${clock.url}/`);
    await expect.poll(() => one.textContent('#state')).toBe('Live');
    screen.send({ name: 'face', query: 'lang=pl' });
    await expect.poll(() => one.textContent('#state')).toBe('Na żywo');
    expect(await one.textContent('#read')).toBe('Odczytaj godzinę');
    screen.send({ name: 'face', query: '' });
    await expect.poll(() => one.textContent('#state')).toBe('Live');
    expect(await one.textContent('#read')).toBe('Read the time');
    expect(await one.getAttribute('#state', 'lang')).toBe('en');
    await one.close();
  });

  test('are requested only if they are not English, and are English if they are not delivered', async () => {
    const one = await page.context().newPage();
    const requested: string[] = [];
    one.on('request', (request) => requested.push(new URL(request.url()).pathname));
    await one.route('**/static/words.*', (route) => route.abort());
    const wordFiles = (): string[] => requested.filter((path) => path.includes('/words.'));
    await one.goto(`${clock.url}/?lang=en-GB`);
    await one.waitForSelector('[data-state="live"]');
    expect(wordFiles()).toEqual([]);
    await one.goto(`${clock.url}/?lang=it`);
    await one.waitForSelector('[data-state="live"]');
    expect(wordFiles()).toHaveLength(1);
    await expect.poll(() => one.textContent('#state')).toBe('Live');
    expect(await one.textContent('#read')).toBe('Read the time');
    await one.close();
  });

  test('are those of the browser in a frame, without the server, and when the session ends', async () => {
    const own = await startClock(['all', '--port', String(await freePort())]);
    const context = await browser.newContext({ locale: 'pl-PL' });
    const one = await context.newPage();
    const state = (): Promise<string | null> => one.textContent('#state');
    await signIn(one, `${own.url}/`, own.adminPassword());
    await one.waitForSelector('[data-state="live"]');
    await one.evaluate('navigator.serviceWorker.ready.then(() => {})');
    await one.goto(`${own.url}/embed`);
    await expect.poll(state).toBe('Na żywo');
    await one.goto(`${own.url}/`);
    await expect.poll(state).toBe('Na żywo');
    own.kill('SIGTERM');
    await own.exited;
    await expect.poll(state).toMatch(/^Nieaktualny: zatrzymany o \d\d:\d\d:\d\d$/);
    await one.reload();
    await expect.poll(state).toBe('Nieaktualny: brak sygnału');
    const again = await startClock(['all', '--port', String(own.port)], { dataDir: own.dataDir });
    // The page of the service worker leaves when its session ends; the server's page stays.
    await one.goto(`${own.url}/`);
    await expect.poll(state).toBe('Na żywo');
    const other = await context.newPage();
    await other.goto(`${own.url}/`);
    await other.getByRole('button', { name: 'Wyloguj się' }).click();
    await expect.poll(state).toMatch(/^Wylogowano: zegar zatrzymany o \d\d:\d\d:\d\d$/);
    expect(await one.textContent('#sign-in')).toBe('Zaloguj się ponownie');
    await context.close();
    await again.stop();
    await own.stop();
  });
});
