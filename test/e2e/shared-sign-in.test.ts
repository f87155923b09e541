import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchBrowser } from '../support/browser.ts';
import { selfSignedCertificate, type Certificate } from '../support/certificate.ts';
import { runClock, startClock, type ClockProcess } from '../support/clock-process.ts';
import { startDjango, type Django } from '../support/django.ts';
import { freePort } from '../support/free-port.ts';
import { startNginx, type ReverseProxy } from '../support/reverse-proxy.ts';
import { undisturbed } from '../support/undisturbed.ts';

const password = 'the password of grace in Django';
const ssoSecret = 'a secret that Django and Clock know';
/** How long a page may take to notice on a loaded machine. */
const limit = { timeout: 60_000 };

let browser: Browser;
let certificate: Certificate;
let django: Django;
let app: string;
let byCookie: ClockProcess;
let byProxy: ClockProcess;
let nginx: ReverseProxy;
/** The address of the clock in each set-up. */
let clocks: { cookie: string; proxy: string };

beforeAll(async () => {
  certificate = await selfSignedCertificate();
  const [djangoPort, cookiePort, proxiedPort] = [await freePort(), await freePort(), await freePort()];
  app = `http://app.example.org:${djangoPort}`;
  const links = ['--sso-sign-in', `${app}/accounts/login/`, '--sso-sign-out', `${app}/accounts/logout/`];
  const common = ['all', '--sso-recheck', '2s', ...links];
  byCookie = await startClock(
    [...common, '--port', String(cookiePort), '--sso-audience', 'clock', '--sso-cookie', 'clock_token'],
    { env: { CLOCK_SSO_SECRET: ssoSecret } },
  );
  const proxied = ['--trusted-proxy', '127.0.0.1', '--sso-user-header', 'X-Remote-User'];
  byProxy = await startClock([...common, '--port', String(proxiedPort), ...proxied]);
  nginx = await startNginx(proxiedPort, certificate, {
    page: 'sign-in',
    replace: { '127.0.0.1:8001': `127.0.0.1:${djangoPort}` },
  });
  clocks = {
    cookie: `http://clock.example.org:${cookiePort}`,
    proxy: nginx.url.replace('localhost', 'clock.example.org'),
  };
  const hosts = Object.values(clocks).map((url) => new URL(url).host);
  django = await startDjango({ port: djangoPort, ssoSecret, password, clocks: hosts });
  browser = await launchBrowser({ args: ['--host-resolver-rules=MAP *.example.org 127.0.0.1'] });
}, 180_000);
afterAll(async () => {
  await browser?.close();
  await nginx?.[Symbol.asyncDispose]();
  await django?.[Symbol.asyncDispose]();
  await byCookie?.stop();
  await byProxy?.stop();
  await certificate.remove();
});

async function hasState(page: Page, state: string): Promise<void> {
  await page.waitForSelector(`html[data-state="${state}"]`, { state: 'attached', ...limit });
}

/** Opens the clock, signs in to Django, where that leads, and is back at the clock. */
async function signedIn(clock: string): Promise<Page> {
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  const page = await context.newPage();
  await page.goto(`${clock}/?seconds=on`);
  expect(page.url()).toBe(`${app}/accounts/login/?next=${encodeURIComponent(`${clock}/?seconds=on`)}`);
  await page.getByLabel('User').fill('grace');
  await page.getByLabel('Word').fill(password);
  await page.getByRole('button', { name: 'Enter' }).click();
  await page.waitForURL(`${clock}/?seconds=on`, limit);
  await hasState(page, 'live');
  return page;
}

describe.each(['cookie', 'proxy'] as const)('a person who is signed in to Django, by %s', (kind) => {
  test('sees the clock, and no longer once signed out of Django', async () => {
    const page = await signedIn(clocks[kind]);
    expect(await page.locator('.account .name').textContent()).toBe('grace');
    const other = await page.context().newPage();
    await other.goto(`${app}/accounts/logout/`);
    expect(await other.textContent('body')).toContain('user: ');
    await hasState(page, 'signed-out');
    await page.context().close();
  }, 180_000);

  test('signs out of Clock alone, and the page says so', async () => {
    const page = await signedIn(clocks[kind]);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.waitForURL(`${clocks[kind]}/accounts/login/`, limit);
    expect(await page.textContent('main')).toContain('does not sign you out of the other application');
    expect(await page.getByRole('link', { name: 'Sign out there' }).getAttribute('href')).toBe(
      `${app}/accounts/logout/`,
    );
    const cookies = await page.context().cookies(app);
    expect(cookies.map(({ name }) => name)).toContain('sessionid');
    await page.context().close();
  }, 180_000);

  test('gets a page with the reason after clock user disable, without a redirect loop', async () => {
    const page = await signedIn(clocks[kind]);
    const { dataDir } = kind === 'cookie' ? byCookie : byProxy;
    const run = async (action: string): Promise<unknown> =>
      (await runClock(['user', action, 'grace', '--data-dir', dataDir])).exit;
    expect(await run('disable')).toBe(0);
    await hasState(page, 'signed-out');
    const response = await page.goto(`${clocks[kind]}/`);
    expect(response?.status()).toBe(403);
    expect(await page.textContent('main')).toContain('The account grace is disabled.');
    expect(await run('enable')).toBe(0);
    await page.goto(`${clocks[kind]}/`);
    await hasState(page, 'live');
    await page.context().close();
  }, 180_000);
});

test('a page stays live for longer than --sso-recheck while its sign-in is good', async ({ signal }) => {
  const page = await signedIn(clocks.cookie);
  await page.evaluate(`
    globalThis.states = [];
    new MutationObserver(() => states.push(document.documentElement.dataset.state))
      .observe(document.documentElement, { attributeFilter: ['data-state'] });
  `);
  await undisturbed(async () => {
    await hasState(page, 'live');
    await page.evaluate('states = []');
    for (let count = 0; count < 2; count += 1) await page.waitForEvent('websocket', limit);
    expect(await page.evaluate('states')).toEqual([]);
  }, signal);
  await page.context().close();
}, 180_000);

test.each([
  ['zoe', 200],
  ['zoe\u00e9', 401],
  ['\u00e9zoe', 401],
  ['\u5f20zoe', 401],
])(
  'nginx passes %s on only if the name is of ASCII characters',
  async (name, status) => {
    const replace = {
      'auth_request /_user;': '',
      'auth_request_set $clock_name $upstream_http_x_remote_user;': `set $clock_name ${name};`,
    };
    await using naming = await startNginx(byProxy.port, certificate, { page: 'sign-in', replace });
    const context = await browser.newContext({ ignoreHTTPSErrors: true });
    const { url } = naming;
    expect((await context.request.get(`${url}/api/initial_state`)).status()).toBe(status);
    await context.close();
  },
  180_000,
);

test('the header of the proxy counts only from the proxy, and a visitor cannot send it through nginx', async () => {
  const headers = { 'X-Remote-User': 'admin' };
  const direct = await fetch(`${byProxy.url}/api/initial_state`, { headers });
  // The test itself is at 127.0.0.1, the trusted address; `admin` is a local account.
  expect(direct.status).toBe(403);
  const context = await browser.newContext({ ignoreHTTPSErrors: true, extraHTTPHeaders: headers });
  const page = await context.newPage();
  expect((await page.goto(`${clocks.proxy}/api/initial_state`))?.status()).toBe(401);
  // The path that needs no sign-in, moved to where Clock would use the header.
  const replace = { 'location /static/': 'location /api/' };
  await using exempting = await startNginx(byProxy.port, certificate, { page: 'sign-in', replace });
  const exempt = exempting.url.replace('localhost', 'clock.example.org');
  expect((await page.goto(`${exempt}/api/initial_state`))?.status()).toBe(401);
  await page.goto(`${clocks.proxy}/`);
  expect(page.url()).toContain(`${app}/accounts/login/`);
  await context.close();
}, 180_000);
