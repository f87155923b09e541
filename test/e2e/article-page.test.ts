import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { articlePage } from '../support/article-page.ts';
import { launchBrowser, missingSeconds, recordShown, secondsOf, shownBy, signIn } from '../support/browser.ts';
import { type ClockProcess, startClock } from '../support/clock-process.ts';
import { startTogether } from '../support/start-together.ts';
import { measureStall } from '../support/stopwatch.ts';
import { until } from '../support/until.ts';

let clock: ClockProcess;
let browser: Browser;

beforeAll(async () => {
  [clock, browser] = await startTogether(startClock(['all']), launchBrowser());
});

afterAll(async () => {
  await browser?.close();
  await clock?.stop();
});

// A string, because the tests are compiled without the browser's types.
const isStateLoaded = `performance.getEntriesByType('resource').some(
  ({ name, responseEnd }) => name.endsWith('/api/initial_state') && responseEnd > 0)`;

test('the page of the Django system that Clock replaces shows the time unchanged', async () => {
  // Chromium treats a fulfilled response as a page from the Internet, which needs permission to reach this host.
  const context = await browser.newContext({ permissions: ['local-network-access'] });
  const page = await context.newPage();
  const home = `${clock.url}/`;
  await signIn(page, home, clock.adminPassword());
  await page.route(home, (route) => route.fulfill({ contentType: 'text/html', body: articlePage() }));
  await recordShown(page);
  await page.goto(home);

  // Its script shows the initial state whenever that arrives, also after a newer tick.
  await until(() => page.evaluate(isStateLoaded), 'the initial state has arrived');
  // The script runs with the arrival, or before the next frame.
  await page.evaluate('new Promise(requestAnimationFrame)');
  const stalledMs = measureStall();
  const { length } = await shownBy(page);
  const sinceThen = await until(async () => {
    const seconds = secondsOf((await shownBy(page)).slice(length - 1));
    return seconds.length > 3 ? seconds : null;
  }, 'the page shows 3 more seconds');
  expect(missingSeconds(sinceThen) * 1_000 - stalledMs()).toBeLessThanOrEqual(0);
  const shown = await shownBy(page);
  // The page may be recorded before its display is parsed.
  const texts = shown.map(({ text }) => text).filter((text, index) => text !== '' || index > 0);
  expect(texts.filter((text) => !/^\d\d:\d\d:\d\d$/.test(text))).toEqual(['Loading']);
});
