import { until } from '../support/until.ts';
import type { BrowserDriver } from './driver.ts';

/** Waits until the page's expression is true. An error counts as false, since a page that navigates gives errors. */
export async function waitFor(
  browser: BrowserDriver,
  expression: string,
  what: string,
  limitMs: number,
): Promise<number> {
  const begin = performance.now();
  let seen: unknown;
  const fact = async (): Promise<unknown> => {
    const value = await browser.evaluate(expression).catch((error: Error) => void (seen = error.message));
    if (!value) seen = await browser.evaluate(contents).catch((error: Error) => error.message);
    return value;
  };
  await until(fact, what, limitMs, 50).catch((error: Error) => {
    throw new Error(`${error.message}; the page has ${JSON.stringify(seen)}`);
  });
  return performance.now() - begin;
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
  await waitFor(browser, isLoaded, 'signing in leads to the clock', 10_000);
}
