import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseAddressRange } from '../../src/addresses.ts';
import type { Client } from '../support/client.ts';
import { closesWithinASecond } from '../support/closes-within-a-second.ts';
import { recordedLog } from '../support/recorded-log.ts';
import { ask, requestText } from '../support/raw-connection.ts';
import { until } from '../support/until.ts';
import { WebApp } from '../support/web-app.ts';

const trusted = { trustedProxy: [parseAddressRange('127.0.0.1')], ssoUserHeader: 'x-remote-user' };
const { log, lines } = recordedLog();

let app: WebApp;
/** Trusts another address than that of the tests. */
let distrusting: WebApp;
beforeAll(async () => {
  app = await WebApp.start({ log, config: { ...trusted, ssoHeader: undefined } });
  distrusting = await WebApp.start({
    log,
    config: { ...trusted, trustedProxy: [parseAddressRange('192.0.2.0/24'), parseAddressRange('2001:db8::/48')] },
  });
  await app.auth.accounts.add('local', 'a long enough password', false);
});
afterAll(async () => {
  await app[Symbol.asyncDispose]();
  await distrusting[Symbol.asyncDispose]();
});

const as = (name: string): Record<string, string> => ({ 'X-Remote-User': name });

async function stateOf(at: WebApp, headers: Record<string, string>): Promise<number> {
  return (await at.client().fetch('/api/initial_state', { headers })).status;
}

describe('the header of an authenticating proxy', () => {
  test('signs in, and creates an account without an owner', async () => {
    expect(await stateOf(app, as('Grace@example.org'))).toBe(200);
    expect(await (await app.client().fetch('/', { headers: as('grace@example.org') })).text()).toContain('>grace@');
    (await app.client().connect('', as('grace@example.org')))[Symbol.dispose]();
    expect(await app.auth.accounts.get('grace@example.org')).toMatchObject({ sso: { origin: null }, operator: false });
  });

  test('from anybody but the proxy is dropped and warned about once', async () => {
    for (let times = 0; times < 3; times += 1) expect(await stateOf(distrusting, as('grace'))).toBe(401);
    await expect(distrusting.client().connect('', as('grace'))).rejects.toMatchObject({ status: 401 });
    expect((await distrusting.client().fetch('/', { headers: as('grace') })).status).toBe(302);
    // What the proxy reports about the client does not make the peer a proxy.
    expect(await stateOf(distrusting, { ...as('grace'), 'X-Forwarded-For': '192.0.2.1' })).toBe(401);
    expect(lines.filter(({ msg }) => msg.includes('is ignored'))).toHaveLength(1);
    expect(await distrusting.auth.accounts.get('grace')).toBeNull();
  });

  test('is warned about at the start if a whole network may send it', () => {
    expect(lines.filter(({ msg }) => msg.includes('wider than /24 or /64'))).toHaveLength(1);
  });

  test.each([
    ['a local account', 'local', 403],
    ['a name with a space', 'grace hopper', 401],
    ['a path', '../grace', 401],
    ['500 characters', 'x'.repeat(500), 401],
    ['nothing', '', 401],
    ['two names', 'grace, admin', 401],
    ['a letter outside ASCII', 'gr\u00e9ce', 401],
  ])('with %s does not sign in', async (_, name, status) => {
    expect(await stateOf(app, as(name))).toBe(status);
  });

  test('that is repeated does not sign in, in upper case either', async () => {
    const headers = [`Host: 127.0.0.1:${app.port}`, 'X-Remote-User: grace', 'X-REMOTE-USER: grace'];
    const { status } = await ask(app.port, requestText('GET /api/initial_state', headers));
    expect(status).toBe(401);
    await until(() => lines.some(({ reason }) => reason === 'repeated'), 'the refusal is logged');
  });

  test('does not make an operator; the command does', async () => {
    const status = async (): Promise<number> =>
      (await app.client().fetch('/api/screens', { headers: as('olga') })).status;
    expect(await status()).toBe(403);
    await app.auth.accounts.setOperator('olga', true);
    expect(await status()).toBe(200);
  });

  test('is refused after disable, and its sockets close within a second', async () => {
    using socket = await app.client().connect('', as('dan'));
    await app.auth.accounts.disable('dan');
    expect(await closesWithinASecond(socket)).toBe(4401);
    expect(await stateOf(app, as('dan'))).toBe(403);
  });

  test('is a cookie in the sense of CSRF: a foreign page signs nobody out, our form does', async () => {
    using socket = await app.client().connect('', as('csrf'));
    const post = (headers: Record<string, string>, body = ''): Promise<Response> =>
      app.client().fetch('/accounts/logout/', { method: 'POST', headers: { ...as('csrf'), ...headers }, body });
    expect((await post({})).status).toBe(403);
    expect((await post({ origin: 'https://evil.example' })).status).toBe(403);
    expect((await post({ 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    socket.send('{"sync":1}');
    await socket.next();
    const token = 'c'.repeat(43);
    const own = { origin: app.url, cookie: `clock_csrftoken=${token}`, 'x-csrftoken': token };
    expect((await post(own)).headers.get('location')).toBe('/accounts/login/');
    expect(await socket.closed).toBe(4401);
    // The proxy still names the user.
    expect(await stateOf(app, as('csrf'))).toBe(200);
  });

  test('signs nobody in before the first account exists', async () => {
    let isStarting = true;
    await using own = await WebApp.start({ config: trusted, isStarting: () => isStarting });
    expect(await stateOf(own, as('admin'))).toBe(503);
    expect(await own.auth.accounts.get('admin')).toBeNull();
    isStarting = false;
    expect(await stateOf(own, as('admin'))).toBe(200);
  });

  test('does not give the name of the first account away after the data was emptied', async () => {
    await using own = await WebApp.start({ config: trusted, hasFirstPassword: true });
    expect(await stateOf(own, as('admin'))).toBe(503);
    expect(await stateOf(own, as('grace'))).toBe(200);
    expect(await stateOf(own, as('admin'))).toBe(503);
    await own.auth.accounts.add('admin', 'a long enough password', true);
    expect(await stateOf(own, as('admin'))).toBe(403);
    await own.auth.accounts.add('local', 'a long enough password', false);
    await own.auth.accounts.remove('admin');
    expect(await stateOf(own, as('admin'))).toBe(200);
  });
});

describe('a person who is signed out', () => {
  const location = async (client: Client, path: string): Promise<string | null> =>
    (await client.fetch(path)).headers.get('location');
  const signIn = 'https://app.example.org/login?x=1#form';

  test('goes to --sso-sign-in, which gets the whole address to return to', async () => {
    await using own = await WebApp.start({ config: { ...trusted, ssoSignIn: signIn } });
    const next = encodeURIComponent(`${own.url}/?face=analog&x=a/b`);
    expect(await location(own.client(), '/?face=analog&x=a/b')).toBe(
      `https://app.example.org/login?x=1&next=${next}#form`,
    );
    expect(await location(own.client(), '/screens')).toContain(encodeURIComponent(`${own.url}/screens`));
    expect((await own.client().fetch('/api/initial_state')).status).toBe(401);
  });

  test('goes to {next} and --public-url, if they are set', async () => {
    await using own = await WebApp.start({
      config: { ...trusted, ssoSignIn: '/oauth2/start?rd={next}', publicUrl: 'https://clock.example.org' },
    });
    expect(await location(own.client(), '/')).toBe('/oauth2/start?rd=https%3A%2F%2Fclock.example.org%2F');
  });

  test('is not redirected in a loop: a browser that returns within 10 s gets a page with both sign-ins', async () => {
    await using own = await WebApp.start({ config: { ...trusted, ssoSignIn: 'https://app.example.org/login' } });
    const client = own.client();
    expect((await client.fetch('/')).status).toBe(302);
    const again = await client.fetch('/');
    expect(again.status).toBe(403);
    const text = await again.text();
    expect(text).toContain('href="https://app.example.org/login?next=');
    expect(text).toContain('href="/accounts/login/"');
    own.backend.time.aheadMs = 10_000;
    expect((await client.fetch('/')).status).toBe(302);
  });

  test('can sign in with a local account, and reads that the two sign-ins are separate', async () => {
    await using own = await WebApp.start({
      config: { ...trusted, ssoSignIn: 'https://app.example.org/login', ssoSignOut: 'https://app.example.org/out' },
    });
    await own.auth.accounts.add('ada', 'a long enough password', false);
    const client = own.client();
    const form = await (await client.fetch('/accounts/login/', { headers: as('grace') })).text();
    expect(form).toContain('does not sign you out of the other application');
    expect(form).toContain('href="https://app.example.org/out"');
    expect(form).toContain('href="https://app.example.org/login?next=');
    const body = new URLSearchParams({
      csrfmiddlewaretoken: client.cookies.get('clock_csrftoken') ?? '',
      username: 'ada',
      password: 'a long enough password',
    });
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await client.fetch('/accounts/login/', { method: 'POST', headers, body: body.toString() });
    expect(answer.status).toBe(302);
    expect([...client.cookies.keys()]).toContain('clock_sessionid');
    expect((await client.fetch('/accounts/login/')).status).toBe(302);
    expect((await client.fetch('/accounts/password_change/')).status).toBe(200);
  });
});
