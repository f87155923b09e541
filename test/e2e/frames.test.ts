import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchBrowser, signIn } from '../support/browser.ts';
import { type ClockProcess, runClock, startClock } from '../support/clock-process.ts';
import { blocksIn } from '../support/docs-blocks.ts';
import { PageServer } from '../support/page-server.ts';
import { pixelsOf } from '../support/pixels.ts';
import { startTogether } from '../support/start-together.ts';

const dashboard = blocksIn('embedding', 'html').find((page) => page.includes('<iframe')) ?? '';

let browser: Browser;
let clock: ClockProcess;
let server: PageServer;
/** Signed in to the clock. */
let page: Page;

/** The origin of the page server on a site other than the clock's. */
const otherSite = (): string => server.origin.replace('127.0.0.1', 'localhost');

beforeAll(async () => {
  server = await PageServer.start((request, response) => {
    const { pathname, search } = new URL(request.url ?? '/', server.origin);
    const text = decodeURIComponent(search.slice(1));
    response.setHeader('Content-Type', 'text/html');
    response.end(pathname === '/dashboard' ? dashboardOf(text) : transparentFrame(text, pathname.slice(1)));
  });
  const origins = `${server.origin},${otherSite()}`;
  [clock, browser] = await startTogether(startClock(['all', '--frame-ancestors', origins]), launchBrowser());
  page = await (await browser.newContext({ serviceWorkers: 'block' })).newPage();
  await signIn(page, `${clock.url}/`, clock.adminPassword());
});

afterAll(async () => {
  await browser?.close();
  await clock?.stop();
  await server?.[Symbol.asyncDispose]();
});

/** The page of docs/embedding.md with the address of a link. */
function dashboardOf(address: string): string {
  return dashboard.replace(/https:\/\/clock\.example\.org\/embed([^#]*)#clk_\.\.\./, address.replace('#', '$1#'));
}

function transparentFrame(style: string, allow: string): string {
  return `<!doctype html><html style="background: #ff00ff; ${style}"><body style="margin: 0">
    <iframe src="${clock.url}/embed?background=transparent&color=ffffff&size=20" allow="${allow}"
      style="color-scheme: light dark; border: 0" width="400" height="300"></iframe>`;
}

/** Makes a link, and returns its address for frames. */
async function linkTo({ url, dataDir }: ClockProcess): Promise<string> {
  const args = ['screens', 'link', 'Dashboard', '--public-url', url, '--data-dir', dataDir];
  const { exit, stdout } = await runClock(args);
  expect(exit).toBe(0);
  return stdout.trim().split('\n')[1] ?? '';
}

describe('the dashboard of docs/embedding.md', () => {
  test('shows the clock live, on another site and without a sign-in', async () => {
    const address = await linkTo(clock);
    const context = await browser.newContext();
    const reader = await context.newPage();
    await reader.goto(`${otherSite()}/dashboard?${encodeURIComponent(address)}`);
    const frame = reader.frameLocator('iframe');
    await frame.locator('[data-state="live"]').waitFor();
    expect(await frame.locator('#display').getAttribute('aria-label')).toBe('Time in Europe/Madrid');
    expect(await frame.locator('#date').textContent()).toMatch(/\d{4}/);
    expect(await context.cookies()).not.toContainEqual(expect.objectContaining({ name: 'sessionid' }));
    await context.close();
  });

  test('shows nothing of a clock whose --frame-ancestors does not name it', async () => {
    await using other = await startClock(['all']);
    const context = await browser.newContext();
    const reader = await context.newPage();
    const refused = reader.waitForEvent('console', (message) => message.text().includes('frame-ancestors'));
    await reader.goto(`${otherSite()}/dashboard?${encodeURIComponent(await linkTo(other))}`);
    await refused;
    expect(await reader.frameLocator('iframe').locator('#display').count()).toBe(0);
    await context.close();
  });
});

test.each([
  ['light', ''],
  ['light', 'color-scheme: dark'],
  ['dark', ''],
  ['dark', 'color-scheme: light'],
  ['dark', 'color-scheme: dark'],
] as const)(
  'a transparent clock shows the page behind its frame: %s preference, page with %j',
  async (colorScheme, style) => {
    await page.emulateMedia({ colorScheme });
    await page.goto(`${server.origin}/?${encodeURIComponent(style)}`);
    await page.frameLocator('iframe').locator('[data-state="live"]').waitFor();
    expect(await pixelsOf(browser, await page.screenshot(), [[5, 5]])).toEqual([[255, 0, 255, 255]]);
  },
);

test.each([
  ['without', '', 0],
  ['with', 'screen-wake-lock', 1],
])('a frame %s the permission for it requests a wake lock: allow=%j', async (_, allow, count) => {
  const errors: string[] = [];
  const framed = await page.context().newPage();
  framed.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
  await framed.addInitScript(`
    globalThis.requests = 0;
    navigator.wakeLock.request = async () => (requests += 1, { released: false });
  `);
  await framed.goto(`${server.origin}/${allow}`);
  await framed.frameLocator('iframe').locator('[data-state="live"]').waitFor();
  expect(await framed.frames()[1]?.evaluate('requests')).toBe(count);
  expect(errors).toEqual([]);
  await framed.close();
});
