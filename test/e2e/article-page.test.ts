import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { articlePage } from '../support/article-page.ts';
import { launchBrowser, recordShown, secondsOf, severalSeconds, signIn } from '../support/browser.ts';
import { type ClockProcess, startClock } from '../support/clock-process.ts';

let clock: ClockProcess;
let browser: Browser;

beforeAll(async () => {
  [clock, browser] = await Promise.all([startClock(['all']), launchBrowser()]);
});

afterAll(async () => {
  await browser?.close();
  await clock?.stop();
});

test("the article's own page shows the time, unchanged", async () => {
  // Chromium takes what a test puts in a page's place for a page of the Internet, which may not talk to this host.
  const context = await browser.newContext({ permissions: ['local-network-access'] });
  const page = await context.newPage();
  const home = `${clock.url}/`;
  await signIn(page, home, clock.adminPassword());
  await page.route(home, (route) => route.fulfill({ contentType: 'text/html', body: articlePage() }));
  await recordShown(page);
  await page.goto(home);

  const shown = await severalSeconds(page, 3);
  const seconds = secondsOf(shown);
  const [first = 0] = seconds;
  expect(seconds).toEqual(seconds.map((_, index) => (first + index) % 86_400));
  expect(shown.map(({ text }) => text).filter((text) => !/^\d\d:\d\d:\d\d$/.test(text))).toEqual(['Loading']);
});
