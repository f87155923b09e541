import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { describe, expect } from 'vitest';
import {
  missingSeconds,
  recordShown,
  secondsOf,
  severalSeconds,
  shownBy,
  signIn,
  statesSinceLive,
} from '../support/browser.ts';
import { test } from '../support/clock-page.ts';
import { startClock } from '../support/clock-process.ts';
import { freePort } from '../support/free-port.ts';
import { measureStall } from '../support/stopwatch.ts';
import { undisturbed } from '../support/undisturbed.ts';

const require = createRequire(import.meta.url);
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const widths = [320, 375, 768, 1280, 1920, 3840];

describe('the clock page', () => {
  test('shows each second once after signing in, and is live', async ({
    page,
    clock,
    context,
    consoleErrors,
    signal,
  }) => {
    await undisturbed(async () => {
      const stalledMs = measureStall();
      await context.clearCookies();
      await signIn(page, `${clock.url}/`, clock.adminPassword());
      const missing = missingSeconds(secondsOf(await severalSeconds(page, 4)));
      expect(missing * 1_000 - stalledMs()).toBeLessThanOrEqual(0);
      expect(await page.textContent('#state')).toBe('Live');
      expect(await statesSinceLive(page)).toEqual(['live']);
    }, signal);
    expect(consoleErrors).toEqual([]);
  });

  test('says that its browser does not support WebSockets, and shows no time', async ({ page, clock }) => {
    await page.addInitScript('delete globalThis.WebSocket');
    await signIn(page, `${clock.url}/`, clock.adminPassword());
    const sentence = 'This browser does not support WebSockets, which the clock needs';
    await expect.poll(() => page.textContent('#state')).toBe(sentence);
    await page.getByRole('button', { name: 'Read the time' }).click();
    expect(await page.textContent('#reading')).toBe(`No time, ${sentence}`);
    expect(await page.textContent('#display')).toBe('‒‒:‒‒:‒‒');
    expect(await page.getAttribute('html', 'data-state')).not.toBe('live');
  });

  test('requests nothing from other hosts, and at most 15 kB in all', async ({ page, clock, context, browser }) => {
    await signIn(page, `${clock.url}/`, clock.adminPassword());
    // A first visit: nothing is cached. The service worker would load the files again after two seconds.
    const visit = await browser.newContext({ storageState: await context.storageState(), serviceWorkers: 'block' });
    const firstPage = await visit.newPage();
    await recordShown(firstPage);
    const devtools = await visit.newCDPSession(firstPage);
    await devtools.send('Network.enable');
    let weight = 0;
    devtools.on('Network.loadingFinished', ({ encodedDataLength }) => (weight += encodedDataLength));
    const requested: string[] = [];
    firstPage.on('request', (request) => requested.push(request.url()));
    await firstPage.goto(`${clock.url}/`);
    await severalSeconds(firstPage, 1);
    await visit.close();
    expect(requested.filter((url) => !url.startsWith(`${clock.url}/`))).toEqual([]);
    // Document, style, script, icon and initial state.
    expect(requested.length).toBeGreaterThan(4);
    expect(weight).toBeGreaterThan(1_000);
    expect(weight).toBeLessThanOrEqual(15_000);
  });

  test('is stale within 2.5 s after its server freezes, and live within a second after it continues', async ({
    page,
    clock,
    stalledMs,
  }) => {
    await signIn(page, `${clock.url}/`, clock.adminPassword());
    await severalSeconds(page, 1);
    clock.kill('SIGSTOP');
    const frozenAt: number = await page.evaluate('performance.now()');
    await page.waitForSelector('[data-state="stale"]');
    const stale = (await shownBy(page)).find(({ state, at }) => state === 'stale' && at > frozenAt);
    expect((stale?.at ?? Infinity) - frozenAt - stalledMs()).toBeLessThan(2_500);
    expect(await page.textContent('#state')).toBe(`Stale: stopped at ${stale?.text}`);

    clock.kill('SIGCONT');
    const wokenAt: number = await page.evaluate('performance.now()');
    await page.waitForSelector('[data-state="live"]');
    const live = (await shownBy(page)).find(({ state, at }) => state === 'live' && at > wokenAt);
    expect((live?.at ?? Infinity) - wokenAt - stalledMs()).toBeLessThan(1_000);
  });

  test('reconnects after its server stops and starts again', async ({ page, stalledMs }) => {
    const own = await startClock(['all', '--port', String(await freePort())]);
    await signIn(page, `${own.url}/`, own.adminPassword());
    await severalSeconds(page, 1);
    own.kill('SIGTERM');
    await own.exited;
    const stoppedAt: number = await page.evaluate('performance.now()');
    await page.waitForSelector('[data-state="stale"]');
    const stale = (await shownBy(page)).find(({ state }) => state === 'stale');
    expect((stale?.at ?? Infinity) - stoppedAt - stalledMs()).toBeLessThan(2_500);

    const again = await startClock(['all', '--port', String(own.port)], { dataDir: own.dataDir });
    await page.waitForSelector('[data-state="live"]');
    await again.stop();
    await own.stop();
  });

  test('is signed out in every tab when its session ends', async ({ page, clock, context }) => {
    await signIn(page, `${clock.url}/`, clock.adminPassword());
    const other = await context.newPage();
    await other.goto(`${clock.url}/?face=analog`);
    await other.waitForSelector('[data-state="live"]');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.waitForURL(`${clock.url}/accounts/login/**`);
    await other.waitForSelector('[data-state="signed-out"]');
    expect(await other.textContent('#state')).toMatch(/^Signed out: stopped at \d\d:\d\d:\d\d$/);
    await other.getByRole('link', { name: 'Sign in again' }).click();
    await other.waitForURL(`${clock.url}/accounts/login/?next=/%3Fface%3Danalog`);
  });
});

describe('the sign-in page', () => {
  test('says that name or password is wrong, and keeps the name', async ({ page, clock, consoleErrors }) => {
    await page.goto(`${clock.url}/accounts/login/?next=/`);
    await page.getByLabel('Name').fill('admin');
    await page.getByLabel('Password').fill('certainly not this one');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForSelector('[role="alert"]');
    expect(await page.getByRole('alert').textContent()).toMatch(/is wrong/);
    expect(await page.inputValue('#username')).toBe('admin');
    expect(consoleErrors).toEqual([]);
  });
});

describe.each(['light', 'dark'] as const)('with a preference for %s colors', (colorScheme) => {
  test('every page is accessible and fits its window', async ({ page, clock }) => {
    await page.emulateMedia({ colorScheme });
    await page.goto(`${clock.url}/accounts/login/`);
    await expectGoodPage(page);
    await signIn(page, `${clock.url}/`, clock.adminPassword());
    await page.waitForSelector('[data-state="live"]');
    await expectGoodPage(page);
    await page.goto(`${clock.url}/accounts/password_change/`);
    await expectGoodPage(page);
    await page.goto(`${clock.url}/no-such-page`);
    await expectGoodPage(page);
  });

  test('a page that is not live is accessible', async ({ page, clock, context }) => {
    await page.emulateMedia({ colorScheme });
    await signIn(page, `${clock.url}/`, clock.adminPassword());
    await page.waitForSelector('[data-state="live"]');
    await context.request.post(`${clock.url}/accounts/logout/`, {
      form: { csrfmiddlewaretoken: await page.inputValue('[name="csrfmiddlewaretoken"]') },
      headers: { Origin: clock.url },
    });
    await page.waitForSelector('[data-state="signed-out"]');
    await expectGoodPage(page);
  });
});

/** No violations found by axe, at a contrast of 7:1, and no horizontal scrolling at any width. */
async function expectGoodPage(one: Page): Promise<void> {
  for (const width of widths) {
    await one.setViewportSize({ width, height: Math.round(width * 0.6) });
    expect(await one.evaluate('document.documentElement.scrollWidth <= innerWidth'), `${width} px`).toBe(true);
  }
  await one.evaluate(axe);
  const violations = await one.evaluate(
    `axe.run({ rules: { 'color-contrast-enhanced': { enabled: true } } })
      .then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html)))`,
  );
  expect(violations).toEqual([]);
}
