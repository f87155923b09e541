import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ClockProcess, startClock } from '../support/clock-process.ts';
import { freePort } from '../support/free-port.ts';
import { launchOldChromium } from './chromium.ts';
import type { BrowserDriver } from '../support/browser-driver.ts';
import { expectRightSecond, signIn, textOf, waitFor, waitForState } from '../support/driven-page.ts';
import { launchPhantomJs } from './phantomjs.ts';
import { supported } from './supported.ts';

/** Neither the browsers' zone nor a whole number of hours from it. */
const zone = 'Asia/Kathmandu';
const needs = 'it needs JavaScript and Chromium 64, Firefox 60, Safari 12 or a later version';

let clock: ClockProcess;
let browser: BrowserDriver;

async function start(launch: () => Promise<BrowserDriver>): Promise<void> {
  clock = await startClock(['all', '--zone', zone, '--port', String(await freePort())]);
  browser = await launch();
}

afterEach(async () => {
  await browser?.close();
  await clock?.stop();
});

describe.each(supported)('the clock in $name', ({ launch }) => {
  beforeEach(() => start(launch));

  test(
    'shows the right second, is stale while the server is frozen or gone, and recovers',
    { timeout: 120_000 },
    async () => {
      await signIn(browser, `${clock.url}/`, clock.adminPassword());
      await waitForState(browser, 'live');
      await expectRightSecond(browser, zone);

      clock.kill('SIGSTOP');
      await waitForState(browser, 'stale');
      clock.kill('SIGCONT');
      await waitForState(browser, 'live');
      await expectRightSecond(browser, zone);

      clock.kill('SIGTERM');
      await clock.exited;
      await waitForState(browser, 'stale');
      const { dataDir, port } = clock;
      await using _again = await startClock(['all', '--zone', zone, '--port', String(port)], { dataDir });
      await waitForState(browser, 'live');
      await expectRightSecond(browser, zone);

      // By now a service worker may serve the page.
      await browser.goto(`${clock.url}/`);
      await waitForState(browser, 'live');
      expect(await textOf(browser, 'body')).not.toContain(needs);
    },
  );
});

describe('a browser without dialogs', () => {
  test('shows and closes the panel', async () => {
    await start(() => launchOldChromium('64.0.3264'));
    await browser.addInitScript?.('delete HTMLDialogElement.prototype.showModal');
    await signIn(browser, `${clock.url}/`, clock.adminPassword());
    // Before that the button does nothing.
    await waitForState(browser, 'live');
    await browser.evaluate(clicked('#details'));
    const isShown = `document.querySelector('#panel') !== null && document.querySelector('#panel').clientHeight > 0`;
    await waitFor(browser, isShown, 'the panel is shown');
    expect(await textOf(browser, '#panel h2')).toBe('This clock');
    await browser.evaluate(clicked('#panel > button'));
    await waitFor(browser, `document.querySelector('#panel') === null`, 'the panel is closed');
  });
});

describe('a browser that cannot show the clock', () => {
  test('names JavaScript and the versions that the clock needs', async () => {
    await start(launchPhantomJs);
    await signIn(browser, `${clock.url}/`, clock.adminPassword());
    await expectWords(needs);
  });

  test('says the same without JavaScript', async () => {
    await start(() => launchOldChromium('64.0.3264'));
    await signIn(browser, `${clock.url}/`, clock.adminPassword());
    await browser.disableScripts?.();
    await browser.goto(`${clock.url}/`);
    await expectWords(needs);
  });

  test('says that it does not support WebSockets', async () => {
    await start(() => launchOldChromium('64.0.3264'));
    await browser.addInitScript?.('delete window.WebSocket');
    await signIn(browser, `${clock.url}/`, clock.adminPassword());
    await expectWords('This browser does not support WebSockets');
  });
});

function clicked(selector: string): string {
  return `(document.querySelector('${selector}').click(), true)`;
}

async function expectWords(words: string): Promise<void> {
  await waitFor(browser, `document.body.innerText.indexOf('${words}') >= 0`, `the page says: ${words}`);
}
