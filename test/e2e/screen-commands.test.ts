import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { launchBrowser, liveWithoutTime, pairingCodeOf, recordShown } from '../support/browser.ts';
import { startTogether } from '../support/start-together.ts';
import { TwoWebs } from '../support/two-webs.ts';

let webs: TwoWebs;
let browser: Browser;
let context: BrowserContext;
let key: string;
/** A paired screen and two players of a link, the second of them by its key alone, on two web processes. */
let kiosk: Page;
let player: Page;
let frame: Page;

beforeAll(async () => {
  [browser, webs] = await startTogether(launchBrowser(), TwoWebs.start());
  context = await browser.newContext({ serviceWorkers: 'block' });
  kiosk = await context.newPage();
  await recordShown(kiosk);
  await kiosk.goto(`${webs.here.url}/screen`);
  await clock('pair', await pairingCodeOf(kiosk), '--name', 'Lobby');
  const { stdout } = await clock('screens', 'link', 'Dashboard', '--public-url', webs.there.url);
  key = /#(\S+)/.exec(stdout)?.[1] ?? '';
  player = await (await browser.newContext({ serviceWorkers: 'block' })).newPage();
  await player.goto(`${webs.there.url}/screen?seconds=off#${key}`);
  frame = await (await browser.newContext({ serviceWorkers: 'block' })).newPage();
  await frame.goto(`${webs.here.url}/embed?seconds=off#${key}`);
});

beforeEach(async () => {
  for (const page of [kiosk, player, frame]) await page.waitForSelector('[data-state="live"]');
});

afterAll(async () => {
  await browser?.close();
  await webs?.[Symbol.asyncDispose]();
});

async function clock(...args: string[]): Promise<{ stdout: string; stderr: string }> {
  const { exit, stdout, stderr } = await webs.run(...args);
  expect([exit, stderr]).toEqual([0, expect.any(String)]);
  return { stdout, stderr };
}

async function nameOf(page: Page): Promise<(string | null)[]> {
  return Promise.all(['data-screen', 'data-group'].map((attribute) => page.getAttribute('html', attribute)));
}

test('a screen and the players of a link show their names when they are identified', async () => {
  await clock('screens', 'identify', 'Lobby');
  await expect.poll(() => kiosk.textContent('#name')).toBe('Lobby');
  expect(await player.locator('#name').count()).toBe(0);
  await clock('screens', 'identify', 'Dashboard');
  // The name is shown for some seconds only.
  await Promise.all([player, frame].map((page) => page.locator('#name', { hasText: /^Dashboard$/ }).waitFor()));
});

test('a name and a group are set on every open page of a screen or link, on any web process', async () => {
  await expect.poll(() => nameOf(kiosk)).toEqual(['Lobby', null]);
  await clock('screens', 'rename', 'Lobby', 'Entrance');
  await clock('screens', 'group', 'Entrance', 'doors');
  await expect.poll(() => nameOf(kiosk)).toEqual(['Entrance', 'doors']);
  await clock('screens', 'rename', 'Dashboard', 'Wall');
  await clock('screens', 'group', 'Wall', 'doors');
  for (const page of [player, frame]) await expect.poll(() => nameOf(page)).toEqual(['Wall', 'doors']);
  await clock('screens', 'group', '--group', 'doors', 'gates');
  for (const page of [kiosk, player, frame]) {
    await expect.poll(() => page.getAttribute('html', 'data-group')).toBe('gates');
  }
});

test('a face is set on a group without an interruption, and the address of a page wins over it', async () => {
  await clock('screens', 'face', '--group', 'gates', '?seconds=on&date=on&zone=Asia/Tokyo');
  for (const page of [kiosk, player, frame]) {
    await page.waitForSelector('#date');
    expect(await page.getAttribute('#display', 'aria-label')).toBe('Time in Asia/Tokyo');
  }
  expect(await kiosk.textContent('#display')).toMatch(/^\d\d:\d\d:\d\d$/);
  for (const page of [player, frame]) expect(await page.textContent('#display')).toMatch(/^\d\d:\d\d$/);
  expect(await liveWithoutTime(kiosk)).toEqual([]);
  await clock('screens', 'face', '--group', 'gates', '');
  for (const page of [kiosk, player, frame]) await page.waitForSelector('#date', { state: 'detached' });
});

test('a group is reloaded', async () => {
  for (const page of [kiosk, player, frame]) await page.evaluate('globalThis.isFirst = true');
  await clock('screens', 'reload', '--group', 'gates');
  for (const page of [kiosk, player, frame]) {
    await expect.poll(() => page.evaluate('globalThis.isFirst').catch(() => true)).toBeUndefined();
  }
});

test('a screen that is away gets its name, group and face when it returns', async () => {
  await kiosk.goto('about:blank');
  await clock('screens', 'rename', 'Entrance', 'Gate');
  await clock('screens', 'group', 'Gate', '--none');
  await clock('screens', 'face', 'Gate', 'face=analog&weekday=on&lang=es');
  await kiosk.goto(`${webs.there.url}/?face=digital`);
  await kiosk.waitForSelector('[data-state="live"] #date');
  expect(await kiosk.locator('#dial').count()).toBe(0);
  await expect.poll(() => nameOf(kiosk)).toEqual(['Gate', null]);
  await expect.poll(() => kiosk.textContent('#state')).toBe('En directo');
  await kiosk.keyboard.press('i');
  const panel = await kiosk.locator('#panel').textContent();
  expect(panel).toMatch(/Gate.*face=analog&weekday=on&lang=es/s);
});
