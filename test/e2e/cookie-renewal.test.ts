import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { Screens } from '../../src/screens/screens.ts';
import { launchBrowser } from '../support/browser.ts';
import { until } from '../support/until.ts';
import { WebApp } from '../support/web-app.ts';

const dayMs = 86_400_000;

let browser: Browser;
let app: WebApp;
let context: BrowserContext;
let page: Page;

beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser.close());

/** A page in a browser that is paired. */
beforeEach(async () => {
  app = await WebApp.start();
  const screens = new Screens({ records: app.backend.records, time: app.backend.time });
  await screens.takeName('screen', 'lobby', 'Lobby');
  const { jti } = await screens.add('lobby', { name: 'Lobby', group: null, face: '' }, 'ana');
  const value = await app.auth.sessions.credentials.sign('screen', 'lobby', jti);
  context = await browser.newContext();
  await context.addCookies([{ name: 'sessionid', value, url: app.url }]);
  page = await context.newPage();
  // The timers that wait for a day.
  await page.addInitScript(`
    globalThis.daily = [];
    const later = globalThis.setTimeout;
    globalThis.setTimeout = (run, delayMs) => (delayMs === ${dayMs} ? daily.push(run) : later(run, delayMs));
  `);
});
afterEach(async () => {
  await context.close();
  await app[Symbol.asyncDispose]();
});

async function cookie(): Promise<string | undefined> {
  return (await context.cookies()).find(({ name }) => name === 'sessionid')?.value;
}

async function expectDailyRenewal(): Promise<void> {
  for (let day = 0; day < 2; day += 1) {
    const before = await cookie();
    app.backend.time.aheadMs += dayMs;
    await until(() => page.evaluate('daily.length === 1'), 'the page waits for a day');
    const asked = page.waitForRequest('**/api/initial_state');
    await page.evaluate('daily.shift()()');
    await asked;
    await until(async () => (await cookie()) !== before, 'the cookie is renewed', 20_000);
  }
}

test.each(['/', '/embed'])('the page %s of a paired screen renews its cookie once a day', async (path) => {
  await page.goto(app.url + path);
  await expectDailyRenewal();
});

test('the page that the service worker stored renews the cookie of a paired screen once a day', async () => {
  await page.goto(`${app.url}/`);
  await page.evaluate('navigator.serviceWorker.ready.then(() => true)');
  app.backend.staged = 'redis-down';
  // Beyond the minute in which a session is accepted without its record.
  app.backend.time.aheadMs += 61_000;
  await page.goto('about:blank');
  await until(() => app.sockets === 0, 'the socket is closed');
  await page.goto(`${app.url}/`);
  expect(await page.getAttribute('html', 'data-build')).not.toBe(app.build);
  app.backend.staged = null;
  await expectDailyRenewal();
});

test('the page of a person does not: its session is renewed by its socket', async () => {
  const client = await app.signedIn('ada');
  await context.addCookies([...client.cookies].map(([name, value]) => ({ name, value, url: app.url })));
  await page.goto(`${app.url}/`);
  await until(() => app.sockets === 1, 'the page has a socket');
  expect(await page.evaluate('daily.length')).toBe(0);
});
