import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Screens } from '../../src/screens/screens.ts';
import { consoleErrorsOf, launchBrowser } from '../support/browser.ts';
import type { Client, TestSocket } from '../support/client.ts';
import { violationsOf } from '../support/good-page.ts';
import { recordedLog } from '../support/recorded-log.ts';
import { until } from '../support/until.ts';
import { WebApp } from '../support/web-app.ts';

const dayMs = 86_400_000;
const rightToLeft = 'קבלה ראשית';
const markup = '<img src=x onerror=alert(1)>';

let browser: Browser;
let app: WebApp;
let screens: Screens;
let context: BrowserContext;
let page: Page;
/** Errors in the browser's console: a blocked script or style, an exception. */
let consoleErrors: string[];
const { log, lines } = recordedLog();
const open: TestSocket[] = [];

beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser.close());

beforeEach(async () => {
  app = await WebApp.start({ log });
  for (const name of ['ana', 'cyd', 'ben']) await app.account(name);
  for (const name of ['ana', 'cyd']) await app.auth.accounts.setOperator(name, true);
  screens = new Screens({ records: app.backend.records, time: app.backend.time });
  context = await browser.newContext();
  page = await pageOf(context, await app.signedIn('ana'));
  consoleErrors = consoleErrorsOf(page);
});
afterEach(async () => {
  for (const socket of open.splice(0)) socket[Symbol.dispose]();
  await context.close();
  await app[Symbol.asyncDispose]();
});

async function pageOf(browserContext: BrowserContext, client: Client): Promise<Page> {
  const cookies = [...client.cookies].map(([name, value]) => ({ name, value, url: app.url }));
  await browserContext.addCookies(cookies);
  return browserContext.newPage();
}

/** A screen that is away. */
async function addScreen(id: string, name: string, group: string | null = null): Promise<void> {
  await screens.takeName('screen', id, name);
  await screens.add(id, { name, group, face: '' }, 'ana');
}

/** A screen and a socket that receives its commands. */
async function connectScreen(id: string, name: string, group: string | null): Promise<TestSocket> {
  const client = await app.signedIn('kiosk');
  using first = await client.connect('?channels=date');
  const { jti } = [...(await app.backend.records.list<{ jti: string }>('session', 'kiosk/'))].at(-1)?.value ?? {
    jti: '',
  };
  await screens.takeName('screen', id, name);
  const record = { name, group, face: '', jti, approvedBy: 'ana', expiresAt: Date.now() + dayMs, wasUsed: true };
  await app.backend.records.create('screen', id, record, dayMs);
  const socket = await client.connect('?channels=date');
  open.push(socket);
  first.socket.close();
  return socket;
}

async function names(): Promise<string[]> {
  return page.locator('#entries bdi').allTextContents();
}

async function openDetails(name: string): Promise<void> {
  await page.getByRole('button', { name: `More about ${name}`, exact: true }).click();
}

/** The frames of commands that a socket received. */
function commandsOf(socket: TestSocket): unknown[] {
  return socket.frames.map((frame) => JSON.parse(frame).command).filter((command) => command !== undefined);
}

describe('the page of screens', () => {
  test('lists screens and connected browsers, those with problems first, and updates them', async () => {
    await addScreen('s1', 'Lobby', 'hall');
    await page.goto(`${app.url}/screens`);
    await expect.poll(names).toEqual(['Lobby']);
    const other = await browser.newContext();
    const clock = await pageOf(other, await app.signedIn('ben'));
    await app.tick('12:00:00');
    await clock.goto(`${app.url}/`);
    await expect.poll(names).toEqual(['Lobby', 'ben']);
    // The clock is stale soon after its only tick, and on a busy machine its error may be too large.
    await expect.poll(() => page.textContent('#summary')).toMatch(/^2 rows · problems: 1 away/);
    await other.close();
    await expect.poll(names).toEqual(['Lobby']);
    expect(consoleErrors).toEqual([]);
  });

  test('shows markup as text, and names of any direction as they are', async () => {
    await addScreen('s1', markup);
    await addScreen('s2', rightToLeft);
    await page.goto(`${app.url}/screens`);
    await expect.poll(async () => (await names()).toSorted()).toEqual([markup, rightToLeft].toSorted());
    await openDetails(markup);
    expect(await page.textContent('#action-title')).toBe(markup);
    expect(await page.locator('img').count()).toBe(0);
    expect(consoleErrors).toEqual([]);
  });

  test('prints a list without controls that is as wide as the paper', async () => {
    await page.setViewportSize({ width: 794, height: 1_123 });
    await addScreen('s1', 'W'.repeat(64), 'a-group-of-thirty-two-characters');
    await page.goto(`${app.url}/screens`);
    await page.emulateMedia({ media: 'print' });
    await page.getByRole('columnheader', { name: 'Group' }).waitFor();
    await page.getByRole('rowheader', { name: 'W'.repeat(64) }).waitFor();
    for (const role of ['button', 'tab', 'searchbox', 'link'] as const)
      expect(await page.getByRole(role).count()).toBe(0);
    expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
    await page.evaluate(`document.querySelector('#accounts-tab').click()`);
    await page.getByRole('rowheader', { name: 'ana' }).waitFor();
    const lefts = `(part) => [...document.querySelectorAll('#accounts table:first-of-type ' + part + ' tr:first-child > *')]
      .map((cell) => Math.round(cell.getBoundingClientRect().left))`;
    expect(await page.evaluate(`(${lefts})('tbody')`)).toEqual(await page.evaluate(`(${lefts})('thead')`));
  });

  test('leads to the page that pairs a screen', async () => {
    await page.goto(`${app.url}/screens`);
    await page.getByRole('link', { name: 'Pair a screen' }).click();
    await page.getByLabel('Code on the screen').waitFor();
    expect(consoleErrors).toEqual([]);
  });

  test('filters by words and by group', async () => {
    await addScreen('s1', 'Lobby', 'hall');
    await addScreen('s2', 'Canteen', 'food');
    await addScreen('s3', 'Kitchen', 'food');
    await page.goto(`${app.url}/screens`);
    await page.getByLabel('Group').first().selectOption('food');
    await expect.poll(names).toEqual(['Canteen', 'Kitchen']);
    await page.getByLabel('Find').fill('kit');
    await expect.poll(names).toEqual(['Kitchen']);
    expect(await page.textContent('#summary')).toContain('1 of 3 rows');
  });

  test('sends commands to one screen, and says so to screen readers', async () => {
    const socket = await connectScreen('s1', 'Lobby', 'hall');
    await page.goto(`${app.url}/screens`);
    await openDetails('Lobby');
    await page.getByLabel('Name', { exact: true }).fill('Foyer');
    await page.getByRole('button', { name: 'Rename' }).click();
    const result = page.locator('#action-result[role=status]');
    await expect.poll(() => result.textContent()).toBe('Renamed: Lobby is now Foyer.');
    await until(() => commandsOf(socket).length > 0, 'the command comes');
    expect(commandsOf(socket)).toEqual([{ name: 'rename', screen: 'Foyer', group: 'hall' }]);
    await page.getByRole('button', { name: 'Close' }).click();
    await expect.poll(names).toContain('Foyer');
  });

  test('shows why a name is refused, and keeps what was typed', async () => {
    await addScreen('s1', 'Lobby');
    await addScreen('s2', 'Canteen');
    await page.goto(`${app.url}/screens`);
    await openDetails('Lobby');
    const field = page.getByLabel('Name', { exact: true });
    for (const [name, words] of [
      ['canteen', 'Another screen or link has this name.'],
      ['x'.repeat(500), 'A name has 1 to 64 characters'],
    ] as const) {
      await field.fill(name);
      await field.press('Enter');
      await expect.poll(() => page.textContent('#action-result')).toContain(words);
      expect(await field.inputValue()).toBe(name);
    }
  });

  test('sets the group and face of a whole group after a confirmation', async () => {
    const socket = await connectScreen('s1', 'Lobby', 'hall');
    await addScreen('s2', 'Canteen', 'hall');
    await page.goto(`${app.url}/screens`);
    await page.getByLabel('Group').first().selectOption('hall');
    await page.getByRole('button', { name: 'Actions for the group hall' }).click();
    await page.getByLabel('Face', { exact: true }).fill('https://clock.example/?face=analog');
    await page.getByRole('button', { name: 'Set face' }).click();
    const question = page.getByRole('alertdialog');
    expect(await question.textContent()).toContain('This replaces the faces of 2 screens and links');
    await question.getByRole('button', { name: 'Cancel' }).click();
    expect((await screens.get('s2'))?.face).toBe('');
    await page.getByRole('button', { name: 'Set face' }).click();
    await question.getByRole('button', { name: 'Set face' }).click();
    await expect.poll(async () => (await screens.get('s2'))?.face).toBe('face=analog');
    await until(() => commandsOf(socket).length > 0, 'the command comes');
    expect(commandsOf(socket)).toEqual([{ name: 'face', query: 'face=analog' }]);
    expect(lines.filter(({ audit }) => audit === 'face')).toMatchObject([
      { by: 'ana', screen: 's1' },
      { by: 'ana', screen: 's2' },
    ]);
  });

  test('can be used by keyboard alone: signing out a screen is confirmed, and the focus stays in the list', async () => {
    await addScreen('s1', 'Lobby');
    await addScreen('s2', 'Wall');
    await page.goto(`${app.url}/screens`);
    await page.getByRole('button', { name: 'More about Lobby' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Sign out' }).last().focus();
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Cancel');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Enter');
    expect(await screens.get('s1')).not.toBeNull();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await expect.poll(names).toEqual(['Wall']);
    expect(await screens.get('s1')).toBeNull();
    await expect.poll(() => page.textContent('#result')).toBe('Signed out: Lobby.');
    const focused = 'document.activeElement.getAttribute("aria-label")';
    await expect.poll(() => page.evaluate(focused)).toBe('More about Wall');
  });

  test('signs out the browser of an account', async () => {
    const other = await browser.newContext();
    const clock = await pageOf(other, await app.signedIn('ben'));
    await app.tick('12:00:00');
    await clock.goto(`${app.url}/`);
    await page.goto(`${app.url}/screens`);
    await openDetails('ben');
    await page.getByRole('button', { name: 'Sign out' }).last().click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Sign out' }).click();
    await expect.poll(() => clock.getAttribute('html', 'data-state')).toBe('signed-out');
    await other.close();
  });

  test('says that it is signed out after its own session ended', async () => {
    await page.goto(`${app.url}/screens`);
    await expect.poll(() => page.textContent('#summary')).toBe('No screen is paired or connected.');
    await app.auth.accounts.disable('ana');
    await expect.poll(() => page.textContent('#update-problem')).toBe('You are signed out. Sign in');
  });

  test('shows that its list is outdated while the server cannot read its data, and recovers', async () => {
    await addScreen('s1', 'Lobby');
    await page.goto(`${app.url}/screens`);
    await expect.poll(names).toEqual(['Lobby']);
    await page.route('**/api/screens*', (route) => route.fulfill({ status: 503, json: { detail: 'No data.' } }));
    const problem = () => page.textContent('#update-problem');
    await expect.poll(problem).toMatch(/^No data\. The list is from .+ Trying again\.$/);
    expect(await names()).toEqual(['Lobby']);
    await page.unroute('**/api/screens*');
    await expect.poll(problem).toBe('');
  });

  test.each([
    ['light', 1280],
    ['dark', 390],
  ] as const)('has no accessibility violation and no horizontal scroll, %s at %i px', async (colorScheme, width) => {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 800 });
    await addScreen('s1', 'W'.repeat(64), 'a-group-of-thirty-two-characters');
    await connectScreen('s2', rightToLeft, 'hall');
    await page.goto(`${app.url}/screens`);
    await expect.poll(async () => (await names()).length).toBeGreaterThan(1);
    expect(await violationsOf(page)).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
    await openDetails('W'.repeat(64));
    expect(await violationsOf(page)).toEqual([]);
    expect(consoleErrors).toEqual([]);
  });

  test('shows 2,000 rows, and changes one in place', async () => {
    const ids = Array.from({ length: 2_000 }, (_, index) => String(index));
    for (const id of ids) await addScreen(id, `Screen ${id}`);
    await page.goto(`${app.url}/screens`);
    await expect.poll(async () => (await names()).length).toBe(2_000);
    await page.evaluate(`globalThis.rows = [...document.querySelectorAll('#entries tr')]`);
    await page.getByLabel('Find').fill('screen 1234');
    await expect.poll(names).toEqual(['Screen 1234']);
    await openDetails('Screen 1234');
    await page.getByLabel('Name', { exact: true }).fill('Screen 1234b');
    await page.getByRole('button', { name: 'Rename' }).click();
    await page.getByRole('button', { name: 'Close' }).click();
    await page.getByLabel('Find').fill('');
    await expect.poll(names).toContain('Screen 1234b');
    const same = `document.querySelectorAll('#entries tr').values().filter((row, n) => row === rows[n]).toArray().length`;
    expect(await page.evaluate(same)).toBe(2_000);
  });
});

describe('the tab of accounts and tokens', () => {
  test('disables and enables accounts and revokes tokens, after a confirmation if that cannot be undone', async () => {
    await app.bearer('ben', dayMs, 'wall script');
    await page.goto(`${app.url}/screens`);
    await page.getByRole('tab', { name: 'Screens' }).focus();
    await page.keyboard.press('ArrowRight');
    await page.getByRole('button', { name: 'Revoke wall script' }).click();
    const question = page.getByRole('alertdialog');
    await question.getByRole('button', { name: 'Revoke' }).click();
    await expect.poll(() => page.textContent('#result')).toBe('Revoked: wall script.');
    expect(await app.auth.tokens.list()).toEqual([]);
    await page.getByRole('button', { name: 'Disable ben' }).click();
    await question.getByRole('button', { name: 'Disable' }).click();
    await page.getByRole('button', { name: 'Enable ben' }).click();
    await expect.poll(() => page.textContent('#result')).toBe('Enabled: ben.');
    expect(await violationsOf(page)).toEqual([]);
  });

  test('shows how the people of an account sign in', async () => {
    await app.auth.accounts.setSso('ben', true);
    await page.goto(`${app.url}/screens#accounts`);
    const signInOf = (name: string) =>
      page.locator(`#account-rows [data-id=${name}] [data-label=Sign-in]`).textContent();
    await expect.poll(() => signInOf('ben')).toBe('Shared (SSO)');
    expect(await signInOf('cyd')).toBe('Password');
  });

  test('shows why the last operator cannot be disabled, and is stored in the address', async () => {
    await app.auth.accounts.disable('cyd');
    await page.goto(`${app.url}/screens#accounts`);
    await page.getByRole('button', { name: 'Disable ana' }).click();
    const question = page.getByRole('alertdialog');
    expect(await question.textContent()).toContain('This is your own account');
    await question.getByRole('button', { name: 'Disable' }).click();
    await expect.poll(() => page.textContent('#result')).toContain('the last enabled operator');
    expect((await app.auth.accounts.get('ana'))?.disabled).toBe(false);
  });
});
