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

/** Debian's Chromium; fails if it is not installed. */
export async function launchBrowser({ args = [], ...options }: LaunchOptions = {}): Promise<Browser> {
  return chromium.launch({ executablePath: '/usr/bin/chromium', args: [...ownArgs, ...args], ...options });
}

/** Signs in with the form. */
export async function signIn(page: Page, url: string, password: string, username = 'admin'): Promise<void> {
  await page.goto(url);
  await page.getByLabel('Name').fill(username);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL(url);
}

/** The code that an unpaired screen shows. */
export async function pairingCodeOf(screen: Page): Promise<string> {
  const code = screen.locator('#code').filter({ hasText: /^....-....$/ });
  await code.waitFor();
  return (await code.textContent()) ?? '';
}

/** Errors in the console of a page from now on: a blocked script, a failed request, an exception. */
export function consoleErrorsOf(page: Page): string[] {
  const errors: string[] = [];
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
  page.on('pageerror', (error) => errors.push(error.message));
  return errors;
}

/** What a page showed, and when by its monotonic clock, ms. */
export interface Shown {
  at: number;
  text: string;
  state: string | undefined;
}

// A string, because the tests are compiled without the browser's types.
const recorder = `
  globalThis.shown = [];
  new MutationObserver(() => {
    const text = document.querySelector('#display')?.textContent ?? '';
    const { state } = document.documentElement?.dataset ?? {};
    const last = shown.at(-1);
    if (text !== last?.text || state !== last?.state) shown.push({ at: performance.now(), text, state });
  }).observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
`;

/** Records what `#display` shows and the state, on every page opened from now on. */
export async function recordShown(page: Page): Promise<void> {
  await page.addInitScript(recorder);
}

/** What the page showed so far, in order. */
export async function shownBy(page: Page): Promise<Shown[]> {
  return page.evaluate('shown');
}

/** The states of the page since it was first live, each once. */
export async function statesSinceLive(page: Page): Promise<Shown['state'][]> {
  const states = (await shownBy(page)).map(({ state }) => state);
  return [...new Set(states.slice(states.indexOf('live')))];
}

/** What the page showed instead of a time while it was live; must be empty. */
export async function liveWithoutTime(page: Page): Promise<string[]> {
  const shown = await shownBy(page);
  return shown.filter(({ text, state }) => state === 'live' && !/\d/.test(text)).map(({ text }) => text);
}

/** Waits until the page has shown `count` seconds after the first, and returns everything that it showed. */
export async function severalSeconds(page: Page, count: number): Promise<Shown[]> {
  return until(async () => {
    const shown = await shownBy(page);
    return secondsOf(shown).length > count ? shown : null;
  }, `the page shows ${count} more seconds`);
}

/** How many seconds are missing from a sequence of seconds of the day, none of which repeats; infinite if one does. */
export function missingSeconds(seconds: readonly number[]): number {
  const steps = seconds.slice(1).map((second, index) => (second - (seconds[index] ?? 0) + 86_400) % 86_400);
  return steps.reduce((missing, step) => missing + (step < 1 || step > 43_200 ? Infinity : step - 1), 0);
}

/** The seconds of the day that were shown, in order, without repetitions. */
export function secondsOf(shown: readonly Shown[]): number[] {
  const texts = shown.map(({ text }) => text).filter((text) => /^\d\d:\d\d:\d\d$/.test(text));
  const seconds = texts.map((text) => Date.parse(`1970-01-01T${text}Z`) / 1_000);
  return seconds.filter((second, index) => second !== seconds[index - 1]);
}
