import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { launchBrowser, pairingCodeOf, signIn } from '../support/browser.ts';
import type { ClockProcess } from '../support/clock-process.ts';
import { startTogether } from '../support/start-together.ts';
import { TwoWebs } from '../support/two-webs.ts';

// The page of operators with real screens, over two web processes.

let webs: TwoWebs;
let here: ClockProcess;
let there: ClockProcess;
let browser: Browser;
const contexts: BrowserContext[] = [];
/** An operator's browser, at the first process. */
let operator: Page;

beforeAll(async () => {
  [browser, webs] = await startTogether(launchBrowser(), TwoWebs.start());
  ({ here, there } = webs);
  operator = await newPage();
  await signIn(operator, `${here.url}/`, TwoWebs.password);
});

beforeEach(async () => {
  await operator.goto(`${here.url}/screens`);
});

afterAll(async () => {
  for (const context of contexts) await context.close();
  await browser?.close();
  await webs?.[Symbol.asyncDispose]();
});

/** A page in a browser of its own. */
async function newPage(): Promise<Page> {
  const context = await browser.newContext();
  contexts.push(context);
  return context.newPage();
}

async function isLive(page: Page): Promise<void> {
  await page.waitForSelector('[data-state="live"]');
}

/** A kiosk of a process, which the operator approves at the other one. */
async function pair(kiosk: Page, web: ClockProcess, name: string, group: string): Promise<void> {
  await kiosk.goto(`${web.url}/screen`);
  const code = await pairingCodeOf(kiosk);
  const page = await operator.context().newPage();
  await page.goto(`${here.url}/device?code=${code}`);
  await page.getByLabel('Name of the screen').fill(name);
  await page.getByLabel('Group').fill(group);
  await page.getByRole('button', { name: 'Pair this screen' }).click();
  await page.getByRole('heading', { name: `${name} is paired` }).waitFor();
  await page.close();
  await isLive(kiosk);
}

function rowsOf(name: string) {
  return operator.locator('#entries tr').filter({ has: operator.getByText(name, { exact: true }) });
}

/** Chooses an action in the details of a row, and confirms it if the page asks. */
async function act(name: string, choose: () => Promise<void>, confirm?: string): Promise<void> {
  await operator
    .getByRole('button', { name: `More about ${name}`, exact: true })
    .first()
    .click();
  await choose();
  if (confirm !== undefined) await operator.getByRole('alertdialog').getByRole('button', { name: confirm }).click();
}

/** The audit lines of the first process. */
function audit(): Record<string, unknown>[] {
  return here.log.filter((line) => line['audit'] !== undefined);
}

test('a screen of another process is listed, identified, set and signed out from the page', async () => {
  const [lobby, hall] = [await newPage(), await newPage()];
  await pair(lobby, there, 'Lobby', 'wall');
  await pair(hall, here, 'Hall', 'wall');
  for (const name of ['Lobby', 'Hall']) {
    await expect.poll(() => rowsOf(name).locator('.state').allTextContents()).toEqual(['Live']);
  }
  await operator.getByRole('button', { name: 'Identify Lobby' }).click();
  await lobby.locator('#name').getByText('Lobby').waitFor();
  expect(await hall.locator('#name').count()).toBe(0);

  const forbidden = await (await lobby.context().newPage()).goto(`${there.url}/screens`);
  expect(forbidden?.status()).toBe(403);

  // What is set while a screen is away applies when it returns.
  await lobby.goto('about:blank');
  await expect.poll(() => rowsOf('Lobby').locator('.state').allTextContents()).toEqual(['Away']);
  await act('Lobby', async () => {
    await operator.getByLabel('Name', { exact: true }).fill('Foyer');
    await operator.getByRole('button', { name: 'Rename' }).click();
    await operator.getByLabel('Face', { exact: true }).fill('face=analog');
    await operator.getByRole('button', { name: 'Set face' }).click();
    await operator.getByText('Face set: ').waitFor();
    await operator.getByRole('button', { name: 'Close' }).click();
  });
  await lobby.goto(`${there.url}/`);
  await lobby.locator('#dial').waitFor({ state: 'attached' });
  await expect.poll(() => lobby.getAttribute('html', 'data-screen')).toBe('Foyer');

  await expect.poll(() => rowsOf('Foyer').count()).toBe(1);
  await act('Foyer', () => operator.getByRole('button', { name: 'Sign out' }).last().click(), 'Sign out');
  await lobby.waitForURL(`${there.url}/screen`);
  await expect.poll(() => lobby.textContent('#code')).toMatch(/^....-....$/);
  await expect.poll(() => rowsOf('Foyer').count()).toBe(0);
  await isLive(hall);
  const done = audit().map(({ audit: name, by }) => [name, by]);
  for (const name of ['pair', 'identify', 'rename', 'face', 'revoke']) expect(done).toContainEqual([name, 'admin']);
});

test('an action for a group reaches its members on every process', async () => {
  const [east, west] = [await newPage(), await newPage()];
  await pair(east, here, 'East', 'gates');
  await pair(west, there, 'West', 'gates');
  await expect.poll(() => operator.locator('#group option').allTextContents()).toContain('gates (2)');
  await operator.locator('#group').selectOption('gates');
  await operator.getByRole('button', { name: 'Actions for the group gates' }).click();
  const loads = [east, west].map((page) => page.waitForEvent('load'));
  await operator.locator('[data-action=reload]').click();
  await Promise.all(loads);
  await operator.getByLabel('Face', { exact: true }).fill('face=analog');
  await operator.getByRole('button', { name: 'Set face' }).click();
  await operator.getByRole('alertdialog').getByRole('button', { name: 'Set face' }).click();
  for (const page of [east, west]) await page.locator('#dial').waitFor({ state: 'attached' });
  await operator.getByRole('button', { name: 'Sign out' }).last().click();
  await operator.getByRole('alertdialog').getByRole('button', { name: 'Sign out all' }).click();
  for (const [page, web] of [
    [east, here],
    [west, there],
  ] as const) {
    await page.waitForURL(`${web.url}/screen`);
  }
  await operator.locator('#group').selectOption('');
  await expect.poll(() => rowsOf('East').count()).toBe(0);
});

describe('a link', () => {
  test('has a row for each player, one without players, and ends for all of them at once', async () => {
    const args = ['screens', 'link', 'Studio', '--public-url', there.url];
    const { exit, stdout } = await webs.run(...args);
    expect(exit).toBe(0);
    const [screen = '', embed = ''] = stdout.trim().split('\n');
    await expect.poll(() => rowsOf('Studio').locator('.state').allTextContents()).toEqual(['Away']);
    const [first, second] = [await newPage(), await newPage()];
    await first.goto(screen);
    await second.goto(embed.replace(there.url, here.url));
    await Promise.all([isLive(first), isLive(second)]);
    await expect.poll(() => rowsOf('Studio').locator('.state').allTextContents()).toEqual(['Live', 'Live']);
    await operator.getByRole('button', { name: 'Identify Studio' }).first().click();
    for (const player of [first, second]) await player.locator('#name').getByText('Studio').waitFor();
    await act('Studio', () => operator.getByRole('button', { name: 'Sign out' }).last().click(), 'Sign out');
    await first.waitForURL(`${there.url}/screen`);
    await second.waitForSelector('[data-state="signed-out"]');
    await expect.poll(() => rowsOf('Studio').count()).toBe(0);
    const key = embed.split('#')[1] ?? '';
    for (const { log } of [here, there]) expect(JSON.stringify(log)).not.toContain(key);
    // It comes back as a page that says so, and shows a code.
    await first.goto(screen);
    await first.getByText('This link has ended').waitFor();
  });
});
