import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { consoleErrorsOf, launchBrowser, pairingCodeOf, signIn } from '../support/browser.ts';
import { type ClockProcess, runClock, startClock } from '../support/clock-process.ts';
import { startTogether } from '../support/start-together.ts';

// Operators set on /screens what a paired screen then shows.

const require = createRequire(import.meta.url);
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

let clock: ClockProcess;
let browser: Browser;
/** An operator's browser. */
let page: Page;
/** A paired screen in the group `hall`. */
let lobby: Page;
let consoleErrors: string[];

beforeAll(async () => {
  [clock, browser] = await startTogether(startClock(['all', '--zone', 'Asia/Kathmandu']), launchBrowser());
  page = await newPage();
  consoleErrors = consoleErrorsOf(page);
  await signIn(page, `${clock.url}/`, clock.adminPassword());
  lobby = await newPage();
  await lobby.goto(`${clock.url}/screen`);
  const pair = ['pair', await pairingCodeOf(lobby), '--name', 'Lobby', '--group', 'hall'];
  await runClock([...pair, '--data-dir', clock.dataDir]);
  await lobby.waitForSelector('[data-state="live"]');
});

afterAll(async () => {
  await browser?.close();
  await clock?.stop();
});

beforeEach(async () => {
  await page.setViewportSize({ width: 1_280, height: 720 });
  for (const target of [[], ['--group', 'hall'], ['--screen', 'Lobby']]) {
    await runClock(['show', '--clear', ...target, '--data-dir', clock.dataDir]);
  }
  await page.goto(`${clock.url}/screens`);
  await page.getByText('Nothing: the screens show the time.').waitFor();
});

async function newPage(): Promise<Page> {
  return (await browser.newContext({ serviceWorkers: 'block', reducedMotion: 'reduce' })).newPage();
}

const dialog = () => page.getByRole('dialog', { name: 'Show a message or countdown' });
const problem = () => dialog().getByRole('alert');
const item = (target: string) =>
  page.locator('#shown-list li').filter({ has: page.getByRole('heading', { name: target }) });

async function open(): Promise<void> {
  await page.locator('#show-new').click();
  await dialog().waitFor();
}

async function choose(label: string): Promise<void> {
  await dialog().getByRole('radio', { name: label }).check({ force: true });
}

async function submit(): Promise<void> {
  await dialog().getByRole('button', { name: 'Show', exact: true }).click();
}

/** What is left of a countdown, s. */
async function left(on: Page, selector: string): Promise<number> {
  const text = (await on.locator(selector).textContent()) ?? '';
  return text.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
}

describe('the operators set what screens show', () => {
  test('a message and a countdown for everybody, extend it, and clear it', async () => {
    await open();
    await dialog().getByLabel('Message').fill('<b>Please</b> be seated\nمرحبا');
    await choose('For a time');
    await dialog().getByLabel('Minutes').fill('25');
    await dialog().getByLabel('Label').fill('Exam ends');
    await dialog().getByLabel('Warn at').fill('30, 1');
    await submit();
    await dialog().waitFor({ state: 'hidden' });
    await page.getByText('Shown: everybody.').waitFor();
    await lobby.locator('#show .message', { hasText: '<b>Please</b> be seated' }).waitFor();
    await lobby.locator('#show .countdown-label', { hasText: 'Exam ends' }).waitFor();
    await lobby.locator('#show[data-phase="warning"]').waitFor();
    await item('Everybody').getByText('left, warning').waitFor();
    const before = await left(lobby, '#show .digits');
    expect(Math.abs((await left(page, '#shown-list .digits')) - before)).toBeLessThan(60);

    await item('Everybody').getByRole('button', { name: '+5 min' }).click();
    await page.getByText('Extended by 5 min: everybody.').waitFor();
    await expect.poll(() => left(lobby, '#show .digits')).toBeGreaterThan(before + 200);
    await expect.poll(() => left(page, '#shown-list .digits')).toBeGreaterThan(before + 200);

    await item('Everybody').getByRole('button', { name: 'Clear' }).click();
    await page.getByText('Cleared: everybody.').waitFor();
    await lobby.locator('#show').waitFor({ state: 'detached' });
    await page.getByText('Nothing: the screens show the time.').waitFor();
    expect(await page.evaluate('document.activeElement.id')).toBe('show-new');
  });

  test('for a group and for one screen; the most specific one is on the screen', async () => {
    await open();
    await dialog().getByLabel('On', { exact: true }).selectOption('Group hall');
    await dialog().getByLabel('Message').fill('Doors open at nine');
    await submit();
    await lobby.locator('#show', { hasText: 'Doors open at nine' }).waitFor();
    await page.getByRole('button', { name: 'More about Lobby' }).click();
    await page.locator('#action-show').click();
    expect(await dialog().getByLabel('On', { exact: true }).locator('option:checked').textContent()).toBe('Lobby');
    await dialog().getByLabel('Message').fill('Only in the lobby');
    await dialog().getByLabel('Show for').fill('10');
    await submit();
    await lobby.locator('#show', { hasText: 'Only in the lobby' }).waitFor();
    await item('Lobby')
      .getByText(/^ends at \d\d:\d\d:\d\d$/)
      .waitFor();
    expect(await page.locator('#shown-list h3').allTextContents()).toEqual(['Group hall', 'Lobby']);
    await item('Lobby').getByRole('button', { name: 'Clear' }).click();
    await lobby.locator('#show', { hasText: 'Doors open at nine' }).waitFor();
  });

  test('until a time of day in the zone of the clock, then counting up, with the keyboard alone', async () => {
    await page.locator('#show-new').focus();
    await page.keyboard.press('Enter');
    await dialog().waitFor();
    for (const key of ['Tab', 'Tab', 'Tab', 'ArrowRight', 'ArrowRight', 'Tab']) await page.keyboard.press(key);
    await dialog().getByText('The next such time in Asia/Kathmandu.').waitFor();
    expect(await page.evaluate('document.activeElement.id')).toBe('show-time');
    await dialog().getByLabel('Time', { exact: true }).fill('12:30');
    await page.keyboard.press('Enter');
    await item('Everybody').getByText('to 12:30:00').waitFor();
    await lobby.locator('#show .digits', { hasText: ':' }).waitFor();

    await item('Everybody').getByRole('button', { name: 'Change' }).click();
    expect(await dialog().getByRole('radio', { name: 'Keep' }).isChecked()).toBe(true);
    await dialog().getByLabel('Label').fill('Lunch');
    await submit();
    await lobby.locator('#show .countdown-label', { hasText: 'Lunch' }).waitFor();
    await item('Everybody').getByText('to 12:30:00').waitFor();

    await item('Everybody').getByRole('button', { name: 'Change' }).click();
    await choose('Count up');
    expect(await dialog().getByLabel('Warn at').isVisible()).toBe(false);
    await submit();
    await item('Everybody').getByText('counting up').waitFor();
    await lobby.locator('#show .digits', { hasText: /^0:[0-5]\d$/ }).waitFor();
    expect(await item('Everybody').getByRole('button', { name: '+1 min' }).isVisible()).toBe(false);
  });

  test('says what is wrong in the dialog, and keeps what was typed', async () => {
    await open();
    await submit();
    expect(await problem().textContent()).toBe('Enter a message, or choose a countdown.');
    expect(await page.evaluate('document.activeElement.id')).toBe('show-message');
    await dialog().getByLabel('Message').fill('x'.repeat(2_100));
    await submit();
    await expect.poll(() => problem().textContent()).toMatch(/at most 2048 are allowed/);
    await dialog().getByLabel('Message').fill('Typed before the outage');
    await choose('For a time');
    await submit();
    expect(await problem().textContent()).toBe('Enter how long the countdown runs.');
    await dialog().getByLabel('Minutes').fill('5');
    await page.context().setOffline(true);
    await submit();
    await expect.poll(() => problem().textContent()).toBe('The server does not answer.');
    await page.context().setOffline(false);
    // Another target changes nothing of it.
    await dialog().getByLabel('On', { exact: true }).selectOption('Lobby');
    expect(await dialog().getByLabel('Message').inputValue()).toBe('Typed before the outage');
    expect(await dialog().getByLabel('Minutes').inputValue()).toBe('5');
    await submit();
    await dialog().waitFor({ state: 'hidden' });
    await lobby.locator('#show', { hasText: 'Typed before the outage' }).waitFor();
  });

  test('shows what others set within seconds', async () => {
    await runClock(['show', '--count-up', '--label', 'On air', '--group', 'hall', '--data-dir', clock.dataDir]);
    await item('Group hall').getByText('On air').waitFor();
    expect(await page.locator('#shown-list li').count()).toBe(1);
  });

  test.each([
    [1_280, 720],
    [390, 844],
    [320, 568],
  ])('is accessible and fits into %i by %i, in light and dark', async (width, height) => {
    await page.setViewportSize({ width, height });
    const long = ['--message', `${'A long message of operators. '.repeat(10)}${'x'.repeat(200)}`];
    await runClock(['show', ...long, '--countdown', '4m', '--warn', '5m,1m', '--data-dir', clock.dataDir]);
    await item('Everybody').getByText('left, warning').waitFor();
    const check = async (): Promise<void> => {
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        await page.evaluate(axe);
        const { violations } = await page.evaluate<{ violations: { id: string }[] }>('axe.run()');
        expect(violations.map(({ id }) => id)).toEqual([]);
      }
      expect(await page.evaluate('document.documentElement.scrollWidth > innerWidth')).toBe(false);
    };
    await check();
    await open();
    for (const label of ['None', 'For a time', 'Until', 'Count up']) {
      await choose(label);
      await check();
      const overflow = '(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)';
      expect(await page.evaluate(`${overflow}(document.querySelector('#show-dialog'))`)).toBe(0);
    }
    await dialog().getByLabel('Message').fill('');
    await choose('None');
    await submit();
    await problem().getByText('Enter a message').waitFor();
    await check();
  });

  test('causes no error in the console', () => {
    expect(consoleErrors.filter((text) => !/413|ERR_INTERNET_DISCONNECTED/.test(text))).toEqual([]);
  });
});
