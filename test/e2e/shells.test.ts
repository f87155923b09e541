import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { launchBrowser, signIn } from '../support/browser.ts';
import { type ClockProcess, runClock, startClock } from '../support/clock-process.ts';
import { freePort } from '../support/free-port.ts';
import { PageServer } from '../support/page-server.ts';

// The pages that the service worker stored, which a browser shows while its server is down.

const code = /^....-....$/;
const workerIsReady = 'navigator.serviceWorker.ready.then(() => true)';
let browser: Browser;
let clock: ClockProcess;
let page: Page;
/** Pages of other origins that show the clock of their query in a frame. Only the first may. */
let outer: [allowed: PageServer, foreign: PageServer];

beforeAll(async () => {
  browser = await launchBrowser();
  outer = [await serveFrames(), await serveFrames()];
  const options = ['all', '--port', String(await freePort()), '--frame-ancestors', outer[0].origin];
  clock = await startClock(options);
});

afterAll(async () => {
  await browser?.close();
  await clock?.stop();
  for (const server of outer ?? []) await server[Symbol.asyncDispose]();
});

beforeEach(async () => {
  page = await (await browser.newContext()).newPage();
});
afterEach(() => page.context().close());

function serveFrames(): Promise<PageServer> {
  return PageServer.start((request, response) => {
    const address = decodeURIComponent(new URL(request.url ?? '/', 'http://a').search.slice(1));
    response.setHeader('Content-Type', 'text/html');
    response.end(`<!doctype html><iframe src="${address}" width="800" height="400"></iframe>`);
  });
}

async function stopClock(): Promise<void> {
  clock.kill('SIGKILL');
  await clock.exited;
}

async function startClockAgain(): Promise<void> {
  const { dataDir, port } = clock;
  const options = ['all', '--port', String(port), '--frame-ancestors', outer[0].origin];
  clock = await startClock(options, { dataDir });
}

async function run(...args: string[]): Promise<string> {
  const { exit, stdout, stderr } = await runClock([...args, '--data-dir', clock.dataDir]);
  expect([exit, stderr]).toEqual([0, expect.anything()]);
  return stdout;
}

/** Pairs the page, and waits until its service worker has stored what it needs. */
async function pair(name: string): Promise<void> {
  await page.goto(`${clock.url}/screen`);
  await approve(name);
  await page.evaluate(workerIsReady);
}

async function approve(name: string): Promise<void> {
  const shown = page.locator('#code').filter({ hasText: code });
  await shown.waitFor();
  await run('pair', (await shown.textContent()) ?? '', '--name', name);
  await page.waitForURL(`${clock.url}/`);
  await page.waitForSelector('[data-state="live"]');
}

test('/screen shows a code by itself once the server is back', async () => {
  await pair('Lobby');
  await page.goto(`${clock.url}/screen`);
  await page.waitForURL(`${clock.url}/`);
  await stopClock();
  await page.context().clearCookies();
  await page.goto(`${clock.url}/screen`);
  await page.getByText('The server does not answer').waitFor();
  await startClockAgain();
  await approve('Lobby 2');
  expect(await run('screens', 'list')).toContain('Lobby 2');
});

test('a paired screen that was ended while its server was down shows a code', async () => {
  await pair('Hall');
  await stopClock();
  await page.goto(`${clock.url}/?face=analog`);
  await page.waitForSelector('[data-state="stale"]');
  await run('screens', 'revoke', 'Hall');
  await startClockAgain();
  await page.waitForURL(`${clock.url}/screen?face=analog`);
  await expect.poll(() => page.textContent('#code')).toMatch(code);
});

test('a person whose session ended while the server was down is redirected to the form', async () => {
  await signIn(page, `${clock.url}/`, clock.adminPassword());
  await page.evaluate(workerIsReady);
  await stopClock();
  await page.goto(`${clock.url}/`);
  await page.waitForSelector('[data-state="stale"]');
  await page.context().clearCookies();
  await startClockAgain();
  await expect.poll(() => page.url()).toContain('/accounts/login/');
});

test('/embed is shown in the frames that may show it, and in no other', async () => {
  const [, embed = ''] = (await run('screens', 'link', 'Dashboard', '--public-url', clock.url)).split('\n');
  const [allowed, foreign] = outer.map((server) => `${server.origin}/?${encodeURIComponent(embed)}`);
  const frame = page.frameLocator('iframe');
  await page.goto(allowed ?? '');
  await frame.locator('[data-state="live"]').waitFor();
  await page.frames()[1]?.evaluate(workerIsReady);
  await stopClock();
  await page.goto(foreign ?? '');
  expect(page.frames()[1]?.url()).toBe('chrome-error://chromewebdata/');
  await page.goto(allowed ?? '');
  await frame.locator('[data-page="embed"][data-state="stale"]').waitFor();
  await startClockAgain();
  await frame.locator('[data-state="live"]').waitFor();
});
