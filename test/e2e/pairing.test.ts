import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchBrowser, pairingCodeOf, signIn } from '../support/browser.ts';
import type { ClockProcess } from '../support/clock-process.ts';
import { startTogether } from '../support/start-together.ts';
import { stopwatch } from '../support/stopwatch.ts';
import { TwoWebs } from '../support/two-webs.ts';
import { until } from '../support/until.ts';

let webs: TwoWebs;
let here: ClockProcess;
let there: ClockProcess;
let outer: Server;
let browser: Browser;

const outerOrigin = (): string => `http://localhost:${(outer.address() as AddressInfo).port}`;

beforeAll(async () => {
  // Another site, whose page shows the address of its query in a frame.
  outer = createServer((request, response) => {
    const address = decodeURIComponent(new URL(request.url ?? '/', 'http://a').search.slice(1));
    response.setHeader('Content-Type', 'text/html');
    response.end(`<!doctype html><iframe src="${address}" width="800" height="400"></iframe>`);
  });
  await new Promise<void>((resolve) => outer.listen(0, '127.0.0.1', resolve));
  // --public-url: the kiosk shows no QR code of a server that listens on loopback alone.
  const hereArgs = ['--public-url', 'http://clock.example.org'];
  [webs, browser] = await startTogether(
    TwoWebs.start({ args: ['--frame-ancestors', outerOrigin()], hereArgs }),
    launchBrowser({ args: ['--test-third-party-cookie-phaseout'] }),
  );
  ({ here, there } = webs);
});

afterAll(async () => {
  await browser?.close();
  await webs?.[Symbol.asyncDispose]();
  outer?.close();
});

/** A browser of its own. */
async function device(options: Parameters<Browser['newContext']>[0] = {}): Promise<BrowserContext> {
  return browser.newContext(options);
}

async function isLive(page: Page): Promise<void> {
  await page.locator('[data-state="live"]').waitFor();
}

async function keyOf(name: string, origin = there.url): Promise<string> {
  const { exit, stdout } = await webs.run('screens', 'link', name, '--public-url', origin);
  expect(exit).toBe(0);
  const [screen, embed] = stdout.trim().split('\n');
  const key = /#(clk_[a-z2-7]{32})$/.exec(screen ?? '')?.[1] ?? '';
  expect([screen, embed]).toEqual([`${origin}/screen#${key}`, `${origin}/embed#${key}`]);
  return key;
}

describe('pairing', () => {
  test('two kiosks become clocks while a phone approves them, on two web processes', async () => {
    const phone = await (await device({ viewport: { width: 390, height: 844 }, hasTouch: true })).newPage();
    await signIn(phone, `${there.url}/`, TwoWebs.password);
    for (const [name, group] of [
      ['Lobby', ''],
      ['H'.repeat(64), 'floor-2'],
    ] as const) {
      const kiosk = await (await device()).newPage();
      await kiosk.goto(`${here.url}/screen?seconds=off`);
      const code = await pairingCodeOf(kiosk);
      // A reload in the middle keeps the code.
      await kiosk.reload();
      expect(await pairingCodeOf(kiosk)).toBe(code);
      expect(await kiosk.locator('#qr path').getAttribute('d')).toMatch(/^M\d/);
      expect(await kiosk.locator('#address').textContent()).toBe('clock.example.org/device');
      await phone.goto(`${there.url}/device`);
      await phone.getByLabel('Code on the screen').fill(code.toLowerCase());
      await phone.getByRole('button', { name: 'Continue' }).click();
      await phone.getByLabel('Name of the screen').fill(name);
      await phone.getByLabel('Group').fill(group);
      await phone.getByRole('button', { name: 'Pair this screen' }).click();
      await phone.getByRole('heading', { name: `${name} is paired` }).waitFor();
      const sinceApprovalMs = stopwatch();
      expect(await phone.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
      await kiosk.waitForURL(`${here.url}/?seconds=off`);
      await isLive(kiosk);
      expect(sinceApprovalMs()).toBeLessThan(4_000);
      expect(await kiosk.getByRole('button', { name: 'Sign out' }).count()).toBe(0);
      await kiosk.context().close();
    }
    await phone.context().close();
  });

  test.each([
    ['the code and its picture fit', '#qr'],
    ['the code and the hint that no phone reaches the server fit', '#unreachable'],
  ])('%s into windows of any shape', async (_, beside) => {
    const context = await device();
    const kiosk = await context.newPage();
    await kiosk.goto(`${(beside === '#qr' ? here : there).url}/screen`);
    await pairingCodeOf(kiosk);
    await kiosk.evaluate(`document.querySelector('#code').textContent = 'WMHG-QMWD'`);
    const [code, other] = [kiosk.locator('#code'), kiosk.locator(beside)];
    for (const [width, height] of [
      [320, 568],
      [640, 360],
      [960, 540],
      [1_920, 360],
      [1_920, 540],
      [3_840, 2_160],
    ] as const) {
      await kiosk.setViewportSize({ width, height });
      for (const part of [code, other]) {
        const { x, y, width: wide, height: high } = (await part.boundingBox()) ?? { x: -1, y: -1, width: 0, height: 0 };
        const spaces = [x, y, width - x - wide, height - y - high];
        expect(Math.min(...spaces), `${beside} at ${width} by ${height}`).toBeGreaterThanOrEqual(0);
        expect(Math.min(wide, high), `${beside} at ${width} by ${height}`).toBeGreaterThan(20);
      }
    }
    await context.close();
  });

  test('clock pair approves a code, and a revoked kiosk shows a new one by itself', async () => {
    const kiosk = await (await device()).newPage();
    await kiosk.goto(`${here.url}/screen`);
    const code = await pairingCodeOf(kiosk);
    expect(await webs.run('pair', 'nonsense', '--name', 'Desk')).toMatchObject({ exit: 2 });
    expect(await webs.run('pair', 'BCDF-2345', '--name', 'Desk')).toMatchObject({ exit: 1 });
    expect(await webs.run('pair', code, '--name', 'Desk', '--group', 'A B')).toMatchObject({ exit: 2 });
    expect(await webs.run('pair', code, '--name', 'Desk', '--group', 'front')).toMatchObject({ exit: 0 });
    await kiosk.waitForURL(`${here.url}/`);
    await isLive(kiosk);
    const screens = async (...args: string[]) => webs.run('screens', ...args);
    const row = await until(async () => {
      const rows = JSON.parse((await screens('list', '--json')).stdout) as { name: string; state: string }[];
      return rows.find(({ name, state }) => name === 'Desk' && state !== 'away') ?? null;
    }, 'the kiosk is in the list');
    expect(row).toMatchObject({ kind: 'screen', group: 'front', approvedBy: 'host' });
    expect((await screens('identify', 'desk')).exit).toBe(0);
    expect((await screens('rename', 'Desk', 'Front desk')).exit).toBe(0);
    expect((await screens('face', 'Front desk', 'face=analog')).exit).toBe(0);
    expect((await screens('group', '--group', 'front', 'back')).exit).toBe(0);
    expect((await screens('group', 'Front desk', '--none')).exit).toBe(0);
    expect((await screens('reload', '--group', 'back')).exit).toBe(1);
    expect((await screens('revoke', '--group', 'back')).exit).toBe(2);
    expect((await screens('revoke', 'Nobody')).exit).toBe(1);
    const revoked = await screens('revoke', 'Front desk');
    expect(revoked.exit).toBe(0);
    expect(revoked.stderr).toContain('"audit":"revoke","by":"host"');
    await kiosk.waitForURL(`${here.url}/screen`);
    expect(await pairingCodeOf(kiosk)).not.toBe(code);
    await kiosk.context().close();
  });
});

describe('a link', () => {
  test('is exchanged for a cookie, and no entry of the history contains its key', async () => {
    const key = await keyOf('Player');
    const page = await (await device()).newPage();
    const requested: string[] = [];
    page.on('request', (request) => requested.push(request.url(), request.headers()['referer'] ?? ''));
    await page.goto(`${there.url}/screen?face=analog#${key}`);
    await page.waitForURL(`${there.url}/?face=analog`);
    await isLive(page);
    expect(requested.join(' ')).not.toContain(key);
    await page.goBack();
    expect(page.url()).not.toContain(key);
    await page.context().close();
  });

  test('that has ended shows an explanation and a code', async () => {
    const page = await (await device()).newPage();
    await page.goto(`${there.url}/screen#clk_${'a'.repeat(32)}`);
    await page.getByText('This link has ended').waitFor();
    await pairingCodeOf(page);
    expect(page.url()).toBe(`${there.url}/screen`);
    await page.context().close();
  });

  test('asks before it replaces a person’s session', async () => {
    const key = await keyOf('Desk player');
    const page = await (await device()).newPage();
    await signIn(page, `${there.url}/`, TwoWebs.password);
    await page.goto(`${there.url}/screen#${key}`);
    await page.getByRole('button', { name: 'Show the link’s clock here' }).click();
    await page.waitForURL(`${there.url}/`);
    expect(await page.locator('html').getAttribute('data-page')).toBe('screen');
    await page.context().close();
  });

  test('is the clock in a frame on another site, without third-party cookies, over reload and settings', async () => {
    const key = await keyOf('Dashboard');
    const page = await (await device()).newPage();
    await page.goto(`${outerOrigin()}/?${encodeURIComponent(`${there.url}/embed`)}`);
    const frame = page.frameLocator('iframe');
    await frame.getByText('To see the time, sign in').waitFor();
    await page.goto(`${outerOrigin()}/?${encodeURIComponent(`${there.url}/embed?zone=Asia/Tokyo#${key}`)}`);
    await frame.locator('[data-state="live"]').waitFor();
    const cookies = await page.context().cookies(there.url);
    expect(cookies.filter(({ name }) => name === 'sessionid')).toEqual([]);
    await frame.locator('#display').click();
    await frame.getByText('Settings').click();
    expect(await frame.locator('#panel').innerText()).not.toContain(key);
    await frame.getByLabel('Face').selectOption('analog');
    await frame.getByRole('button', { name: 'Apply' }).click();
    await frame.locator('#dial').waitFor();
    await frame.locator('[data-state="live"]').waitFor();
    expect(page.frames()[1]?.url()).toMatch(new RegExp(`face=analog.*#${key}$`));
    expect((await webs.run('screens', 'revoke', 'Dashboard')).exit).toBe(0);
    await frame.locator('[data-state="signed-out"]').waitFor();
    for (const { log } of [here, there]) expect(JSON.stringify(log)).not.toContain(key);
    await page.context().close();
  });

  test('is made for each name that is free, and the others are named', async () => {
    await keyOf('Taken');
    const args = ['screens', 'link', 'Left', 'taken', 'Right', 'left', '--public-url', there.url];
    const { exit, stdout, stderr } = await webs.run(...args);
    expect([exit, stdout.trim().split('\n').length]).toEqual([1, 4]);
    expect(stderr).toContain('clock: no link was made for taken, left: another screen or link has this name');
    expect(stderr).toContain('links were made for: Left, Right\n');
  });

  test('without --public-url is refused', async () => {
    const { exit, stderr } = await webs.run('screens', 'link', 'Nowhere');
    expect([exit, stderr]).toEqual([2, expect.stringContaining('--public-url')]);
  });
});
