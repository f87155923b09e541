import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { test as base } from 'vitest';
import { consoleErrorsOf, launchBrowser, recordShown } from './browser.ts';
import { type ClockProcess, startClock } from './clock-process.ts';
import { measureStall } from './stopwatch.ts';

interface PageFixtures {
  /** Environment variables of the clock. */
  environment: Record<string, string>;
  contextOptions: BrowserContextOptions;
  /** `clock all`, for all tests of the file. */
  clock: ClockProcess;
  /** For all tests of the file. */
  browser: Browser;
  context: BrowserContext;
  /** A new page, which is not signed in and records what it shows. */
  page: Page;
  /** Errors in the console of the page: a blocked script, a failed request, an exception. */
  consoleErrors: string[];
  /** For how long the machine was too busy since the start of the test, ms. */
  stalledMs: () => number;
}

/** A test with a page on a clock. */
export const test = base.extend<PageFixtures>({
  environment: [{}, { scope: 'file' }],
  contextOptions: {},
  clock: [
    async ({ environment }, use) => {
      const clock = await startClock(['all'], { env: environment });
      await use(clock);
      await clock.stop();
    },
    { scope: 'file' },
  ],
  browser: [
    // oxlint-disable-next-line no-empty-pattern -- vitest requires a pattern as the first parameter
    async ({}, use) => {
      const browser = await launchBrowser();
      await use(browser);
      await browser.close();
    },
    { scope: 'file' },
  ],
  context: async ({ browser, contextOptions }, use) => {
    const context = await browser.newContext(contextOptions);
    await use(context);
    await context.close();
  },
  page: async ({ context }, use) => {
    const page = await context.newPage();
    await recordShown(page);
    await use(page);
  },
  consoleErrors: async ({ page }, use) => {
    await use(consoleErrorsOf(page));
  },
  // oxlint-disable-next-line no-empty-pattern -- vitest requires a pattern as the first parameter
  stalledMs: async ({}, use) => {
    await use(measureStall());
  },
});
