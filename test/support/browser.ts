import { type Browser, chromium, type LaunchOptions, type Page } from 'playwright-core';
import { until } from './until.ts';

const ownArgs = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** A Chromium of the machine; fails when there is none. */
export async function launchBrowser({ args = [], ...options }: LaunchOptions = {}): Promise<Browser> {
  return chromium.launch({ executablePath: '/usr/bin/chromium', args: [...ownArgs, ...args], ...options });
}

/** Signs in by the form, as a person would. */
export async function signIn(page: Page, url: string, password: string, username = 'admin'): Promise<void> {
  await page.goto(url);
  await page.getByLabel('Name').fill(username);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL(url);
}

/** What a page showed, and the instant by its monotonic clock. */
export interface Shown {
  at: number;
  text: string;
  state: string | undefined;
}

// A text, because the tests' own code is compiled without the browser's types.
const recorder = `
  globalThis.shown = [];
  new MutationObserver(() => {
    const text = document.querySelector('#display')?.textContent ?? '';
    const { state } = document.documentElement?.dataset ?? {};
    const last = shown.at(-1);
    if (text !== last?.text || state !== last?.state) shown.push({ at: performance.now(), text, state });
  }).observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
`;

/** Makes every page that is opened from now on keep what it shows in `#display` and as its state. */
export async function recordShown(page: Page): Promise<void> {
  await page.addInitScript(recorder);
}

/** What the page has shown so far, in order. */
export async function shownBy(page: Page): Promise<Shown[]> {
  return page.evaluate('shown');
}

/** Waits until the page has shown `count` seconds after the first, and returns all it has shown. */
export async function severalSeconds(page: Page, count: number): Promise<Shown[]> {
  return until(
    async () => {
      const shown = await shownBy(page);
      return secondsOf(shown).length > count ? shown : null;
    },
    `the page shows ${count} more seconds`,
    10_000,
  );
}

/** The seconds of the day that a row of shown times went through. */
export function secondsOf(shown: readonly Shown[]): number[] {
  const texts = shown.map(({ text }) => text).filter((text) => /^\d\d:\d\d:\d\d$/.test(text));
  const seconds = texts.map((text) => Date.parse(`1970-01-01T${text}Z`) / 1_000);
  return seconds.filter((second, index) => second !== seconds[index - 1]);
}
