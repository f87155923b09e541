import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser, recordShown, shownBy, signIn } from '../support/browser.ts';
import { type ClockProcess, startClock } from '../support/clock-process.ts';
import { freePort } from '../support/free-port.ts';
import { startTogether } from '../support/start-together.ts';
import { stopwatch } from '../support/stopwatch.ts';
import { until } from '../support/until.ts';

let browser: Browser;
let clock: ClockProcess;

beforeAll(async () => {
  [clock, browser] = await startTogether(startClock(['all', '--port', String(await freePort())]), launchBrowser());
});

afterAll(async () => {
  await browser?.close();
  await clock?.stop();
});

test('a screen that starts before its server shows the offline page, and is live within 5 s of its start', async () => {
  const page = await (await browser.newContext()).newPage();
  await signIn(page, `${clock.url}/`, clock.adminPassword());
  await page.evaluate('navigator.serviceWorker.ready.then(() => true)');
  await page.goto(`${clock.url}/?face=analog`);
  await page.waitForSelector('[data-state="live"]');
  await page.waitForSelector('#dial');
  clock.kill('SIGKILL');
  await clock.exited;

  await page.goto(`${clock.url}/`);
  await page.waitForSelector('[data-state="stale"]');
  expect(await page.textContent('#state')).toBe('Stale: no signal');
  expect(await page.textContent('#display')).toBe('‒‒:‒‒:‒‒');
  await page.goto(`${clock.url}/?face=analog`);
  await page.waitForSelector('#dial.blank');

  const { dataDir, port } = clock;
  clock = await startClock(['all', '--port', String(port)], { dataDir });
  const elapsedMs = stopwatch();
  await page.waitForSelector('[data-state="live"]');
  expect(elapsedMs()).toBeLessThan(5_000);
});

test('a screen that cannot load its theme shows no default face, and loads the theme once its server is back', async () => {
  const page = await (await browser.newContext()).newPage();
  await signIn(page, `${clock.url}/`, clock.adminPassword());
  await page.evaluate('navigator.serviceWorker.ready.then(() => true)');
  await page.goto(`${clock.url}/`);
  await page.waitForSelector('[data-state="live"]');
  clock.kill('SIGKILL');
  await clock.exited;

  await recordShown(page);
  await page.goto(`${clock.url}/?face=analog&zone=Asia/Tokyo`);
  await page.waitForSelector('[data-state="stale"]');
  const { dataDir, port } = clock;
  clock = await startClock(['all', '--port', String(port)], { dataDir });
  await page.waitForSelector('[data-state="live"] #dial', { state: 'attached' });
  const zone = await page.getAttribute('#display', 'aria-label');
  expect(zone).toBe('Time in Asia/Tokyo');
  const texts = (await shownBy(page)).map(({ text }) => text).filter((text) => /\d/.test(text));
  const hours = new Intl.DateTimeFormat('en-GB', { timeZone: 'Asia/Tokyo', hour: '2-digit', hourCycle: 'h23' });
  // The hour may have just begun.
  const shownHours = [Date.now() - 60_000, Date.now()].map((at) => hours.format(at));
  for (const text of texts) expect(shownHours).toContain(text.slice(0, 2));
});

test('a screen that ran for a minute opens its panel while its server is down', async () => {
  const page = await (await browser.newContext()).newPage();
  // Shortens the minute.
  await page.addInitScript(`
    const later = globalThis.setTimeout;
    globalThis.setTimeout = (run, delayMs) => later(run, delayMs === 60_000 ? 3_000 : delayMs);
  `);
  const prefetched = [/panel\.\w+\.js/, /panel\.\w+\.css/].map((file) => page.waitForResponse(file));
  await signIn(page, `${clock.url}/`, clock.adminPassword());
  for (const response of await Promise.all(prefetched)) await response.finished();
  clock.kill('SIGSTOP');
  await page.waitForSelector('[data-state="stale"]');
  await page.keyboard.press('i');
  await page.waitForSelector('#panel');
  expect(await page.textContent('#panel')).toContain('stale');
  clock.kill('SIGCONT');
});

test('a screen reloads itself for a new build, once', async () => {
  const page = await (await browser.newContext({ serviceWorkers: 'block' })).newPage();
  // The reload is at a random moment: here at the earliest.
  await page.addInitScript('Math.random = () => 0.001');
  let loads = 0;
  page.on('load', () => (loads += 1));
  await signIn(page, `${clock.url}/`, clock.adminPassword());
  // The screen runs an old build; the server delivers another one.
  await page.route(
    `${clock.url}/`,
    async (route) => {
      const response = await route.fetch();
      const body = (await response.text()).replace(/data-build="[^"]*"/, 'data-build="0.9.0+old"');
      await route.fulfill({ response, body });
    },
    { times: 1 },
  );
  await page.goto(`${clock.url}/`);
  loads = 0;
  await page.waitForSelector('html:not([data-build="0.9.0+old"])[data-state="live"]');
  await until(async () => /\d/.test((await page.textContent('#display')) ?? ''), 'a time is shown');
  expect(loads).toBe(1);
});
