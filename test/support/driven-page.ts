import { expect } from 'vitest';
import type { BrowserDriver } from './browser-driver.ts';
import { secondsAround } from './seconds-around.ts';
import { msUntil, until } from './until.ts';

const limitMs = 30_000;

/** Waits until the page's expression is true. An error counts as false, since a page that navigates gives errors. */
export async function waitFor(browser: BrowserDriver, expression: string, what: string): Promise<void> {
  let seen: unknown;
  const fact = async (): Promise<unknown> => {
    const value = await browser.evaluate(expression).catch((error: Error) => void (seen = error.message));
    if (!value) seen = await browser.evaluate(contents).catch((error: Error) => error.message);
    return value;
  };
  await until(fact, what, limitMs, 50).catch((error: Error) => {
    throw new Error(`${error.message}; the page has ${JSON.stringify(seen)}`);
  });
}

const contents = 'document.location.pathname + " " + document.body.innerText';

export async function textOf(browser: BrowserDriver, selector: string): Promise<string> {
  return String(await browser.evaluate(`document.querySelector(${JSON.stringify(selector)}).textContent`));
}

/** Signs in with the form, which leads to the clock. */
export async function signIn(browser: BrowserDriver, url: string, password: string): Promise<void> {
  await browser.goto(url);
  const fill = (id: string, value: string): string =>
    `document.getElementById(${JSON.stringify(id)}).value = ${JSON.stringify(value)}`;
  const press = `document.querySelector('form[action="/accounts/login/"] button').click()`;
  await browser.evaluate(`(${fill('username', 'admin')}, ${fill('password', password)}, ${press}, true)`);
  // Loaded: the next `goto` must not mistake the end of this load for its own.
  const isLoaded = `document.location.pathname === '/' && document.readyState === 'complete'`;
  await waitFor(browser, isLoaded, 'signing in leads to the clock');
}

/** Waits until the clock is `live`, or `stale`. */
export async function waitForState(browser: BrowserDriver, state: string): Promise<void> {
  const isInState = `document.documentElement.getAttribute('data-state') === '${state}'`;
  await waitFor(browser, isInState, `the page is ${state}`);
}

/**
 * Expects that the text of `#display` is house time, which is the host's with the embedded backend, within a second. A
 * browser that was paused may answer before it draws.
 */
export async function expectRightSecond(browser: BrowserDriver, zone: string): Promise<void> {
  let seen = '';
  const isRight = async (): Promise<boolean> => {
    const before = Date.now();
    const shown = await textOf(browser, '#display');
    const expected = secondsAround(before, zone);
    seen = `${shown} instead of ${expected.join()}`;
    return expected.includes(shown);
  };
  const tookMs = await msUntil(isRight, 'the page shows the right second').catch(({ message }: Error) => {
    throw new Error(`${message}; it shows ${seen}`);
  });
  expect(tookMs).toBeLessThan(1_500);
}
