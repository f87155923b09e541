import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ClockProcess, runClock, startClock } from '../support/clock-process.ts';
import { Client } from '../support/client.ts';
import type { BrowserDriver } from '../support/browser-driver.ts';
import { signIn, textOf, waitFor, waitForState } from '../support/driven-page.ts';
import { supported } from './supported.ts';

const hasCode = `/^....-....$/.test(document.getElementById('code').textContent)`;
const isLive = `document.location.pathname === '/' && document.documentElement.getAttribute('data-state') === 'live'`;
const words = 'document.body.innerText';
/** The page of operators needs more than the clock. */
const withoutScreensPage = new Set(['Chromium 64', 'Chromium 79']);

let clock: ClockProcess;
let browser: BrowserDriver;

beforeEach(async () => {
  clock = await startClock(['all']);
});
afterEach(async () => {
  await browser?.close();
  await clock?.stop();
});

async function run(...args: string[]): Promise<string> {
  const { exit, stdout, stderr } = await runClock([...args, '--data-dir', clock.dataDir]);
  expect([exit, stderr]).toEqual([0, expect.anything()]);
  return stdout;
}

describe.each(supported)('in $name', ({ name, launch }) => {
  beforeEach(async () => {
    browser = await launch();
  });

  test(
    '/screen pairs it, shows a new code after its end, and opens a link; /embed opens it in a frame',
    { timeout: 120_000 },
    async () => {
      await browser.goto(`${clock.url}/screen`);
      await waitFor(browser, hasCode, 'a code');
      const code = await textOf(browser, '#code');
      await run('pair', code, '--name', 'Television');
      await waitFor(browser, isLive, 'the paired screen is live');
      await run('screens', 'revoke', 'Television');
      await waitFor(browser, hasCode, 'a code after the end');
      expect(await textOf(browser, '#code')).not.toBe(code);
      expect(await textOf(browser, 'body')).not.toContain('it needs');

      const made = await run('screens', 'link', 'Player', '--public-url', clock.url);
      const [screen = '', embed = ''] = made.trim().split('\n');
      // A page of its own: another fragment alone loads nothing.
      await browser.goto(`${clock.url}/health`);
      await browser.goto(screen);
      await waitFor(browser, isLive, 'the link is live');
      expect(await browser.evaluate('document.location.hash')).toBe('');
      await browser.goto(embed);
      const isKeyLive = isLive.replace(`'/'`, `'/embed'`);
      await waitFor(browser, isKeyLive, 'the frame is live');
    },
  );

  test('a paired screen shows its name, another face and other words on command', { timeout: 120_000 }, async () => {
    await browser.goto(`${clock.url}/screen`);
    await waitFor(browser, hasCode, 'a code');
    await run('pair', await textOf(browser, '#code'), '--name', 'Television');
    await waitFor(browser, isLive, 'the paired screen is live');
    await run('screens', 'identify', 'Television');
    await waitFor(browser, `(document.getElementById('name') || {}).textContent === 'Television'`, 'the name');
    await run('screens', 'face', 'Television', 'face=analog&date=on&lang=es');
    await waitFor(browser, `document.getElementById('dial') && document.getElementById('date')`, 'the face');
    await waitFor(browser, `document.getElementById('state').textContent === 'En directo'`, 'the words');
    await waitForState(browser, 'live');
    expect(await browser.evaluate('document.location.pathname')).toBe('/');
  });

  test('a paired screen shows a message and a countdown, and reads them', { timeout: 120_000 }, async () => {
    await browser.goto(`${clock.url}/screen`);
    await waitFor(browser, hasCode, 'a code');
    await run('pair', await textOf(browser, '#code'), '--name', 'Television');
    await waitFor(browser, isLive, 'the paired screen is live');
    await run('show', '--message', 'Please be seated', '--countdown', '25m', '--warn', '30m,1m');
    const digits = `(document.querySelector('#show .digits p') || {}).textContent`;
    await waitFor(browser, `/^2[45]:[0-5][0-9]$/.test(${digits})`, 'the digits');
    await waitFor(browser, `document.getElementById('show').dataset.phase === 'warning'`, 'the warning');
    expect(await textOf(browser, '#show .message p')).toBe('Please be seated');
    expect(await textOf(browser, '#show .warning p')).toMatch(/30 ?min/);
    const size = (selector: string): string =>
      `parseFloat(getComputedStyle(document.querySelector('${selector}')).fontSize)`;
    await waitFor(browser, `${size('#show .digits p')} > 40 && ${size('#show .message p')} > 20`, 'a legible size');
    const isCut = `[].some.call(document.querySelectorAll('#show p'), function (text) {
      return text.scrollWidth > text.parentElement.clientWidth + 1;
    })`;
    expect(await browser.evaluate(isCut)).toBe(false);
    await browser.evaluate(`(document.getElementById('read').click(), true)`);
    expect(await textOf(browser, '#reading')).toMatch(/Please be seated\. 2[45] ?min/);
    await run('show', '--clear');
    await waitFor(browser, `document.getElementById('show') === null`, 'nothing but the time');
  });

  test('/device approves a code, and /screens works or says what it needs', { timeout: 120_000 }, async () => {
    const kiosk = new Client(clock.url);
    await (await kiosk.fetch('/screen')).arrayBuffer();
    const shown = (await (await kiosk.post('/screen/code', {})).json()) as { code: string; secret: string };
    await signIn(browser, `${clock.url}/`, clock.adminPassword());
    await browser.goto(`${clock.url}/device?code=${shown.code}`);
    const submit = `document.querySelector('form[method=post] button').click()`;
    await browser.evaluate(`(document.getElementById('name').value = 'Lobby', ${submit}, true)`);
    await waitFor(browser, `${words}.indexOf('Lobby is paired') >= 0`, 'the screen is paired');
    await kiosk.post('/screen/collect', { secret: shown.secret });
    await browser.goto(`${clock.url}/screens`);
    if (withoutScreensPage.has(name)) {
      await waitFor(browser, `${words}.indexOf('Chromium 88, Firefox 98, Safari 15.4') >= 0`, 'the words');
      return;
    }
    await waitFor(browser, `${words}.indexOf('Lobby') >= 0`, 'the row of the screen');
    // The script removed it before it could appear.
    expect(await browser.evaluate(`document.getElementById('not-started')`)).toBeNull();
  });
});
