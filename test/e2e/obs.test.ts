import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchBrowser } from '../support/browser.ts';
import { type ClockProcess, runClock, startClock } from '../support/clock-process.ts';
import { pixelsOf } from '../support/pixels.ts';
import { startTogether } from '../support/start-together.ts';

const docs = readFileSync(join(import.meta.dirname, '../../docs/obs.md'), 'utf8');
/** What the properties of a browser source are on the page. */
const properties = new Map(
  [...docs.matchAll(/^\| ([^|]+) \| (.+) \|$/gm)].map(([, name = '', value = '']) => [name, value]),
);
const [width = 0, height = 0] = (properties.get('Width, Height') ?? '').match(/\d{3,}/g)?.map(Number) ?? [];
/** Every address on the page. */
const addresses = new Set(docs.match(/https:\/\/clock\.example\.org\/\S+#clk_\.\.\./g));
const [withoutShow = '', withShow = ''] = [...addresses].filter((address) => address.includes('transparent'));
const corner = [3, 3] as const;

let browser: Browser;
let clock: ClockProcess;
let key: string;

beforeAll(async () => {
  [clock, browser] = await startTogether(startClock(['all']), launchBrowser());
  const printed = await command('screens', 'link', 'Studio', '--public-url', clock.url);
  key = /\/embed#(clk_\S+)/.exec(printed)?.[1] ?? '';
});

afterAll(async () => {
  await browser?.close();
  await clock?.stop();
});

async function command(...args: string[]): Promise<string> {
  const { exit, stdout, stderr } = await runClock([...args, '--data-dir', clock.dataDir]);
  expect({ exit, stderr }).toMatchObject({ exit: 0 });
  return stdout;
}

/** A page of its own browser with the size of the source, without cookies. */
async function source(colorScheme: 'light' | 'dark' = 'light'): Promise<Page> {
  return (await browser.newContext({ viewport: { width, height }, colorScheme })).newPage();
}

const ownAddress = (address: string): string =>
  address.replace('https://clock.example.org', clock.url).replace('clk_...', key);

async function openLive(page: Page, address: string): Promise<void> {
  await page.goto(ownAddress(address));
  await page.locator('[data-state="live"]').waitFor();
}

describe('the browser source of docs/obs.md', () => {
  test.each(['light', 'dark'] as const)('is the time, transparent around it: %s preference', async (colorScheme) => {
    const page = await source(colorScheme);
    await openLive(page, withoutShow);
    expect(await page.textContent('#display')).toMatch(/^\d\d:\d\d:\d\d$/);
    // What OBS does with its custom CSS.
    await page.evaluate(`{
      const obsCSS = document.createElement('style');
      obsCSS.appendChild(document.createTextNode('body { background-color: red; }'));
      document.querySelector('head').appendChild(obsCSS);
    }`);
    const row = Array.from({ length: width / 4 }, (_, index) => [4 * index, height / 2] as const);
    // Without the fade to live.
    const screenshot = await page.screenshot({ omitBackground: true, animations: 'disabled' });
    const [first, ...digits] = await pixelsOf(browser, screenshot, [corner, ...row]);
    expect(first).toEqual([0, 0, 0, 0]);
    expect(digits).toContainEqual([255, 255, 255, 255]);
    await page.context().close();
  });

  test('does not cover the video before its script has started', async () => {
    const page = await source();
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    await page.route(/main\.\w+\.js/, async (route) => {
      await released;
      await route.continue();
    });
    await page.goto(ownAddress(withoutShow), { waitUntil: 'commit' });
    await page.locator('#display').waitFor({ state: 'attached' });
    await page.waitForFunction('document.styleSheets.length > 0');
    // The corner, the time and a button.
    const places = [corner, [width / 2, height / 2], [width - 60, 30]] as const;
    const pixels = await pixelsOf(browser, await page.screenshot({ omitBackground: true }), places);
    expect(pixels).toEqual(places.map(() => [0, 0, 0, 0]));
    release();
    await page.locator('[data-state="live"]').waitFor();
    await page.context().close();
  });

  test('shows the messages of operators without show=off, and none with it', async () => {
    const [silent, talking] = [await source(), await source()];
    await openLive(silent, withoutShow);
    await openLive(talking, withShow);
    await command('show', '--message', 'On air at nine', '--countdown', '25m');
    await talking.locator('#show', { hasText: 'On air at nine' }).waitFor();
    await talking.locator('#show', { hasText: /2[45]:\d\d/ }).waitFor();
    // Loaded again, as OBS does with "Shutdown source when not visible", it receives what is set before it is live.
    await openLive(silent, withoutShow);
    const text = await silent.textContent('body');
    expect(text).not.toContain('On air at nine');
    expect(await silent.locator('#display').isVisible()).toBe(true);
    await command('show', '--clear');
    await Promise.all([silent.context().close(), talking.context().close()]);
  });
});

test('every other address of docs/obs.md is the clock, live', async () => {
  const others = [...addresses].filter((address) => !address.includes('transparent'));
  expect(others.length).toBeGreaterThan(0);
  for (const address of others) {
    const page = await source();
    await openLive(page, address);
    expect(await page.textContent('#display')).toMatch(/^\d\d:\d\d:\d\d$/);
    await page.context().close();
  }
});
