import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { articlePage } from '../support/article-page.ts';
import { launchBrowser, missingSeconds, recordShown, secondsOf, severalSeconds, signIn } from '../support/browser.ts';
import { type ClockProcess, startClock } from '../support/clock-process.ts';
import { startTogether } from '../support/start-together.ts';
import { measureStall } from '../support/stopwatch.ts';

let clock: ClockProcess;
let browser: Browser;

beforeAll(async () => {
  [clock, browser] = await startTogether(startClock(['all']), launchBrowser());
});

afterAll(async () => {
  await browser?.close();
  await clock?.stop();
});

test('the page of the Django system that Clock replaces shows the time unchanged', async () => {
  // Chromium treats a fulfilled response as a page from the Internet, which needs permission to reach this host.
  const context = await browser.newContext({ permissions: ['local-network-access'] });
  const page = await context.newPage();
  const home = `${clock.url}/`;
  await signIn(page, home, clock.adminPassword());
  await page.route(home, (route) => route.fulfill({ contentType: 'text/html', body: articlePage() }));
  await recordShown(page);
  await page.goto(home);

  const stalledMs = measureStall();
  const shown = await severalSeconds(page, 3);
  expect(missingSeconds(secondsOf(shown)) * 1_000 - stalledMs()).toBeLessThanOrEqual(0);
  // The page may be recorded before its display is parsed.
  const texts = shown.map(({ text }) => text).filter((text, index) => text !== '' || index > 0);
  expect(texts.filter((text) => !/^\d\d:\d\d:\d\d$/.test(text))).toEqual(['Loading']);
});
