import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser, signIn } from '../support/browser.ts';
import { type ClockProcess, startClock } from '../support/clock-process.ts';

let browser: Browser;
let clock: ClockProcess;
let server: Server;
let page: Page;

const origin = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

beforeAll(async () => {
  // The page's style is in its query, and the permissions of the frame are its path; its body is the frame that docs/faces.md recommends.
  server = createServer((request, response) => {
    const { pathname, search } = new URL(request.url ?? '/', origin());
    const style = decodeURIComponent(search.slice(1));
    response.setHeader('Content-Type', 'text/html');
    response.end(`<!doctype html><html style="background: #ff00ff; ${style}"><body style="margin: 0">
      <iframe src="${clock.url}/embed?background=transparent&size=20" style="color-scheme: light dark; border: 0"
        allow="${pathname.slice(1)}" width="400" height="300"></iframe>`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  [clock, browser] = await Promise.all([startClock(['all', '--frame-ancestors', origin()]), launchBrowser()]);
  page = await (await browser.newContext({ serviceWorkers: 'block' })).newPage();
  await signIn(page, `${clock.url}/`, clock.adminPassword());
});

afterAll(async () => {
  await browser?.close();
  await clock?.stop();
  server?.close();
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
    await page.goto(`${origin()}/?${encodeURIComponent(style)}`);
    await page.frameLocator('iframe').locator('[data-state="live"]').waitFor();
    expect(await pixel(5, 5)).toEqual([255, 0, 255]);
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
  await framed.goto(`${origin()}/${allow}`);
  await framed.frameLocator('iframe').locator('[data-state="live"]').waitFor();
  expect(await framed.frames()[1]?.evaluate('requests')).toBe(count);
  expect(errors).toEqual([]);
  await framed.close();
});

/** Red, green and blue of a pixel of the page. */
async function pixel(x: number, y: number): Promise<number[]> {
  const screenshot = (await page.screenshot()).toString('base64');
  const blank = await browser.newPage();
  const color: number[] = await blank.evaluate(`(async () => {
    const image = new Image();
    image.src = 'data:image/png;base64,${screenshot}';
    await image.decode();
    const canvas = new OffscreenCanvas(image.width, image.height).getContext('2d');
    canvas.drawImage(image, 0, 0);
    return [...canvas.getImageData(${x}, ${y}, 1, 1).data].slice(0, 3);
  })()`);
  await blank.close();
  return color;
}
