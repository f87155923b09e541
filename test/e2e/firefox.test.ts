import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BrowserDriver } from '../support/browser-driver.ts';
import { type ClockProcess, startClock } from '../support/clock-process.ts';
import { expectRightSecond, signIn, textOf, waitFor, waitForState } from '../support/driven-page.ts';
import { launchFirefox } from '../support/firefox.ts';
import { freePort } from '../support/free-port.ts';
import { startTogether } from '../support/start-together.ts';

/** Neither the browser's zone nor a whole number of hours from it. */
const zone = 'Asia/Kathmandu';

let clock: ClockProcess;
let browser: BrowserDriver;

beforeAll(async () => {
  const port = String(await freePort());
  [clock, browser] = await startTogether(startClock(['all', '--zone', zone, '--port', port]), launchFirefox());
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await clock?.stop();
});

/** Starts the server again on its port, with its data. */
async function startAgain(): Promise<void> {
  const { dataDir, port } = clock;
  clock = await startClock(['all', '--zone', zone, '--port', String(port)], { dataDir });
}

// In this order: each continues on the page of the one before.
describe('the clock in Firefox', () => {
  test('is live after signing in, and shows the right second', async () => {
    await signIn(browser, `${clock.url}/`, clock.adminPassword());
    await waitForState(browser, 'live');
    await expectRightSecond(browser, zone);
  });

  test('is stale while its server is gone, and live by itself once it is back', async () => {
    // The service worker is installed 2 s after the page has started.
    const isInstalled = `(navigator.serviceWorker.ready.then(() => { window.isInstalled = true; }), window.isInstalled)`;
    await waitFor(browser, isInstalled, 'the service worker is active');
    clock.kill('SIGKILL');
    await clock.exited;
    await waitForState(browser, 'stale');
    expect(await textOf(browser, '#state')).toMatch(/^Stale: stopped at \d\d:\d\d:\d\d$/);
    await startAgain();
    await waitForState(browser, 'live');
    await expectRightSecond(browser, zone);
  });

  test('shows the offline page if the connection is refused, and is live by itself once it is not', async () => {
    clock.kill('SIGKILL');
    await clock.exited;
    await browser.goto(`${clock.url}/`);
    await waitForState(browser, 'stale');
    expect(await textOf(browser, '#state')).toBe('Stale: no signal');
    expect(await textOf(browser, '#display')).toBe('‒‒:‒‒:‒‒');
    expect(await browser.evaluate('document.documentElement.dataset.page')).toBe('screen');
    await startAgain();
    await waitForState(browser, 'live');
    await expectRightSecond(browser, zone);
  });
});
