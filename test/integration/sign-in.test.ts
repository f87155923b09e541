import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { recordedLog } from '../support/recorded-log.ts';
import type { Client } from '../support/client.ts';
import { WebApp } from '../support/web-app.ts';

const password = 'a long enough password';
const form = { 'Content-Type': 'application/x-www-form-urlencoded' };
const { log, lines } = recordedLog();

let app: WebApp;
beforeAll(async () => {
  app = await WebApp.start({ log });
  await app.auth.accounts.add('Ada', password, false);
});
afterAll(() => app[Symbol.asyncDispose]());

function setCookies(response: Response): string[] {
  return response.headers.getSetCookie().toSorted();
}

/** The text of a page without the parts that depend on the request. */
async function pageWithout(response: Response, ...varying: string[]): Promise<string> {
  let text = await response.text();
  for (const part of varying) text = text.replaceAll(part, '');
  return text;
}

describe('signing in', () => {
  test('redirects to next with a session cookie, whatever the case of the name', async () => {
    const client = app.client();
    const fields = { username: 'aDa', password, next: '/?face=analog' };
    const response = await client.post('/accounts/login/', fields);
    expect(response.status).toBe(302);
    expect(response.headers.get('location')).toBe('/?face=analog');
    const [cookie = ''] = setCookies(response);
    const [pair = '', ...attributes] = cookie.split('; ');
    expect(pair).toMatch(/^sessionid=[\w-]+\.[\w-]+\.[\w-]+$/);
    expect(attributes.toSorted()).toEqual(['HttpOnly', 'Max-Age=7776000', 'Path=/', 'SameSite=Lax']);
    expect((await client.fetch('/')).status).toBe(200);
  });

  test('creates a new session and ends the one that it replaces', async () => {
    const client = app.client();
    await client.signIn('ada', password);
    const before = app.client();
    before.cookies.set('sessionid', client.cookies.get('sessionid') ?? '');
    using socket = await before.connect();
    await client.signIn('ada', password);
    expect((await client.fetch('/')).status).toBe(200);
    expect(await socket.closed).toBe(4401);
    expect((await before.fetch('/')).status).toBe(302);
  });

  test('gives the same answer for a wrong password and for an unknown name', async () => {
    const client = app.client();
    const wrong = await client.signIn('ada', 'not the password at all');
    const unknown = await client.signIn('bob', 'not the password at all');
    expect(wrong.status).toBe(200);
    expect(unknown.status).toBe(200);
    expect(setCookies(wrong)).toEqual(setCookies(unknown));
    const text = await pageWithout(wrong, 'value="ada"');
    expect(await pageWithout(unknown, 'value="bob"')).toBe(text);
    expect(text).toContain('role="alert"');
    expect((await client.fetch('/')).status).toBe(302);
  });

  test('shows the form again if fields are missing', async () => {
    const response = await app.client().post('/accounts/login/', {});
    expect(response.status).toBe(200);
    expect(await response.text()).toContain('role="alert"');
  });

  test('shows the entered name as text, not as markup', async () => {
    const response = await app.client().post('/accounts/login/', { username: '"><script>', password: 'x' });
    expect(await response.text()).not.toContain('<script>');
  });

  test('refuses a disabled account', async () => {
    await app.auth.accounts.add('eve', password, false);
    await app.auth.accounts.disable('eve');
    const response = await app.client().signIn('eve', password);
    expect(response.status).toBe(200);
    expect(await response.text()).toContain('The name or the password is wrong.');
  });

  test('is 429 after ten failed attempts, with the right password too, but not for other accounts', async () => {
    await app.auth.accounts.add('kay', password, false);
    await app.auth.accounts.add('lea', password, false);
    const client = app.client();
    for (let tries = 0; tries < 10; tries += 1) {
      expect((await client.signIn('kay', 'not the password at all')).status).toBe(200);
    }
    const refused = await client.signIn('kay', password);
    expect(refused.status).toBe(429);
    const seconds = Number(refused.headers.get('retry-after'));
    expect(seconds).toBeGreaterThan(800);
    expect(seconds).toBeLessThanOrEqual(900);
    expect(client.cookies.has('sessionid')).toBe(false);
    expect((await client.signIn('lea', password)).status).toBe(302);
  });

  test('writes no password, cookie or token to the log', async () => {
    const client = app.client();
    await client.signIn('ada', password);
    const text = JSON.stringify(lines);
    expect(text).toContain('signed in');
    for (const secret of [password, client.cookies.get('sessionid'), client.cookies.get('csrftoken')]) {
      expect(text).not.toContain(secret);
    }
  });
});

describe('next', () => {
  test.each([
    ['/', '/'],
    ['/?a=b&c=d', '/?a=b&c=d'],
    ['/accounts/password_change/', '/accounts/password_change/'],
    ['', '/'],
    ['http://evil.example/', '/'],
    ['//evil.example/', '/'],
    ['/\\evil.example/', '/'],
    ['\\\\evil.example/', '/'],
    ['/\t/evil.example/', '/'],
    ['/./\n/evil.example', '/'],
    ['/..//evil.example/', '/'],
    ['javascript:alert(1)', '/'],
    [' /', '/'],
    ['evil.example', '/'],
    ['/\r\nSet-Cookie: a=b', '/'],
  ])('%j redirects to %s', async (next, location) => {
    const client = await app.signedIn();
    const response = await client.fetch(`/accounts/login/?next=${encodeURIComponent(next)}`);
    expect(response.status).toBe(302);
    expect(response.headers.get('location')).toBe(location);
  });

  test('to another site is not in the form', async () => {
    const response = await app.client().fetch('/accounts/login/?next=//evil.example/');
    expect(await response.text()).not.toContain('evil.example');
  });
});

describe('a form', () => {
  async function signOut(
    client: Client,
    headers: Record<string, string>,
    fields: Record<string, string> = { csrfmiddlewaretoken: client.cookies.get('csrftoken') ?? '' },
  ): Promise<number> {
    const body = new URLSearchParams(fields).toString();
    const init = { method: 'POST', headers: { ...form, ...headers }, body };
    return (await client.fetch('/accounts/logout/', init)).status;
  }

  const foreign: [string, Record<string, string>][] = [
    ['another origin', { Origin: 'http://evil.example' }],
    ['another port', { Origin: 'http://127.0.0.1:1' }],
    ['an opaque origin', { Origin: 'null' }],
    ['another site, by Sec-Fetch-Site', { 'Sec-Fetch-Site': 'cross-site' }],
    ['a sister site, by Sec-Fetch-Site', { 'Sec-Fetch-Site': 'same-site' }],
  ];
  test.each(foreign)('from %s is refused with 403', async (_, headers) => {
    const client = await app.signedIn();
    expect(await signOut(client, headers)).toBe(403);
    expect((await client.fetch('/')).status).toBe(200);
  });

  const tokens: [string, Record<string, string>, Record<string, string>][] = [
    ['without a token', {}, {}],
    ['with an empty token', {}, { csrfmiddlewaretoken: '' }],
    ['with another token', {}, { csrfmiddlewaretoken: 'd'.repeat(43) }],
    ['with a longer token', {}, { csrfmiddlewaretoken: 'c'.repeat(44) }],
    ['with another token in its header', { 'X-CSRFToken': 'd'.repeat(43) }, {}],
    [
      'with another token in its field, although the header matches',
      { 'X-CSRFToken': 'c'.repeat(43) },
      { csrfmiddlewaretoken: 'd'.repeat(43) },
    ],
  ];
  test.each(tokens)('%s is refused with 403, from our own origin too', async (_, headers, fields) => {
    const client = await app.signedIn();
    expect(await signOut(client, { Origin: app.url, ...headers }, fields)).toBe(403);
    expect(await signOut(client, headers, fields)).toBe(403);
    expect((await client.fetch('/')).status).toBe(200);
  });

  test('with a token but without its cookie is refused with 403', async () => {
    const client = await app.signedIn();
    client.cookies.delete('csrftoken');
    expect(await signOut(client, {}, { csrfmiddlewaretoken: 'c'.repeat(43) })).toBe(403);
    expect(await signOut(client, {}, {})).toBe(403);
  });

  test('with a malformed token is refused with 403, although cookie and field match', async () => {
    const client = await app.signedIn();
    for (const token of ['', 'x', 'c'.repeat(42), `${'c'.repeat(42)}!`]) {
      client.cookies.set('csrftoken', token);
      expect(await signOut(client, {}, { csrfmiddlewaretoken: token })).toBe(403);
    }
  });

  test.each([
    ['no origin at all', {}],
    ['our origin', { Origin: 'own' }],
    ['our origin behind a TLS proxy', { Origin: 'own over TLS' }],
    ['our site, by Sec-Fetch-Site', { 'Sec-Fetch-Site': 'same-origin' }],
    ['nowhere, by Sec-Fetch-Site', { 'Sec-Fetch-Site': 'none' }],
  ] satisfies [string, Record<string, string>][])('from %s is accepted', async (_, given: Record<string, string>) => {
    const headers = { ...given };
    if (headers['Origin'] === 'own') headers['Origin'] = app.url;
    if (headers['Origin'] === 'own over TLS') headers['Origin'] = app.url.replace('http:', 'https:');
    expect(await signOut(await app.signedIn(), headers)).toBe(302);
  });

  test('with the token in X-CSRFToken is accepted', async () => {
    const client = await app.signedIn();
    expect(await signOut(client, { 'X-CSRFToken': client.cookies.get('csrftoken') ?? '' }, {})).toBe(302);
  });

  test('to sign out without a cookie needs no token', async () => {
    expect(await signOut(app.client(), {}, {})).toBe(302);
  });

  test.each([{}, { Origin: 'http://evil.example' }])(
    'to sign in is refused with 403 without a token (%j)',
    async (headers) => {
      const client = app.client();
      const body = new URLSearchParams({ username: 'ada', password }).toString();
      const init = { method: 'POST', headers: { ...form, ...(headers as Record<string, string>) }, body };
      const response = await client.fetch('/accounts/login/', init);
      expect(response.status).toBe(403);
      expect(client.cookies.has('sessionid')).toBe(false);
    },
  );

  test('to change the password is refused with 403 from another origin', async () => {
    const client = await app.signedIn();
    const headers = { Origin: 'http://evil.example' };
    expect((await client.post('/accounts/password_change/', {}, headers)).status).toBe(403);
  });

  test('has the same token the second time, in a cookie that scripts can read', async () => {
    const client = app.client();
    const first = await client.fetch('/accounts/login/');
    const [cookie = ''] = setCookies(first);
    expect(cookie).toMatch(/^csrftoken=[\w-]{43}; /);
    expect(cookie).not.toContain('HttpOnly');
    const token = client.cookies.get('csrftoken') ?? '';
    const second = await client.fetch('/accounts/login/');
    expect(setCookies(second)).toEqual([]);
    expect(await second.text()).toContain(token);
  });
});

describe('several cookies of one name', () => {
  const foreign = 'x'.repeat(32);

  /** Sends cookies that a `Map` cannot hold: several of one name. */
  function cookies(...pairs: string[]): { cookie: string } {
    return { cookie: pairs.join('; ') };
  }

  test('are tried as sessions in turn, four at most', async () => {
    const ours = `sessionid=${(await app.signedIn()).cookies.get('sessionid')}`;
    const other = `sessionid=${foreign}`;
    const statusFor = async (...pairs: string[]): Promise<number> =>
      (await app.client().fetch('/', { headers: cookies(...pairs) })).status;
    expect(await statusFor(other, ours)).toBe(200);
    expect(await statusFor(ours, other)).toBe(200);
    expect(await statusFor(other, other, other, ours)).toBe(200);
    expect(await statusFor(other, other, other, other, ours)).toBe(302);
  });

  test('are tried for a socket, too, and one that ended does not hide the one that is valid', async () => {
    const [ended, valid] = [await app.signedIn(), await app.signedIn()];
    const pairs = [ended, valid].map(({ cookies: jar }) => `sessionid=${jar.get('sessionid')}`);
    await ended.signOut();
    using socket = await app.client().connect('', cookies(...pairs));
    socket.send('{"sync":1}');
    expect(JSON.parse(await socket.next()).sync.echo).toBe(1);
  });

  test('of the form token do not refuse a sign-in: a foreign one before ours is ignored', async () => {
    const client = app.client();
    await (await client.fetch('/accounts/login/', { headers: cookies(`csrftoken=${foreign}`) })).arrayBuffer();
    const token = client.cookies.get('csrftoken') ?? '';
    expect(token).toHaveLength(43);
    const headers = { ...form, ...cookies(`csrftoken=${foreign}`, `csrftoken=${token}`) };
    const shown = await client.fetch('/accounts/login/', { headers });
    expect(setCookies(shown)).toEqual([]);
    expect(await shown.text()).toContain(token);
    const body = new URLSearchParams({ csrfmiddlewaretoken: token, username: 'ada', password }).toString();
    expect((await client.fetch('/accounts/login/', { method: 'POST', headers, body })).status).toBe(302);
  });

  test('do not arise with --cookie-prefix, which begins both names', async () => {
    await using prefixed = await WebApp.start({ beside: app, config: { cookiePrefix: 'lobby-' } });
    const client = prefixed.client();
    await (await client.fetch('/accounts/login/')).arrayBuffer();
    const token = client.cookies.get('lobby-csrftoken') ?? '';
    const body = new URLSearchParams({ csrfmiddlewaretoken: token, username: 'ada', password }).toString();
    await client.fetch('/accounts/login/', { method: 'POST', headers: form, body });
    expect([...client.cookies.keys()].toSorted()).toEqual(['lobby-csrftoken', 'lobby-sessionid']);
    expect((await client.fetch('/')).status).toBe(200);
    expect((await (await app.signedIn()).fetch('/')).status).toBe(200);
    const unprefixed = prefixed.client();
    unprefixed.cookies.set('sessionid', client.cookies.get('lobby-sessionid') ?? '');
    expect((await unprefixed.fetch('/')).status).toBe(302);
  });
});

describe('changing one’s password', () => {
  const other = 'another long password';

  function change(client: Client, old: string, first: string, second = first): Promise<Response> {
    const fields = { old_password: old, new_password1: first, new_password2: second };
    return client.post('/accounts/password_change/', fields);
  }

  test('ends the other sessions and the tokens, but not this session', async () => {
    await app.auth.accounts.add('mia', password, false);
    const [here, there] = [await app.signedIn('mia'), await app.signedIn('mia')];
    const program = await app.bearer('mia');
    const socket = await there.connect();
    const own = await here.connect();

    const response = await change(here, password, other);
    expect(response.status).toBe(302);
    expect(await socket.closed).toBe(4401);
    expect((await there.fetch('/')).status).toBe(302);
    expect((await app.client().fetch('/api/initial_state', { headers: program })).status).toBe(401);
    expect((await here.fetch('/')).status).toBe(200);
    own.send('{"sync":1}');
    expect(JSON.parse(await own.next()).sync.echo).toBe(1);
    expect((await app.client().signIn('mia', other)).status).toBe(302);
    expect((await app.client().signIn('mia', password)).status).toBe(200);
    own[Symbol.dispose]();
  });

  test.each([
    ['a wrong current password', 'not the password at all', other, other, 'The current password is wrong.'],
    ['two that differ', password, other, `${other}!`, 'The two new passwords differ.'],
    ['a short one', password, 'short', 'short', 'The password must have 15 to 128 characters.'],
    [
      'one character repeated',
      password,
      'a'.repeat(20),
      'a'.repeat(20),
      'The password must not be a single character repeated.',
    ],
  ])('with %s changes nothing and shows the reason', async (_, old, first, second, words) => {
    const client = await app.signedIn('ada');
    const response = await change(client, old, first, second);
    expect(response.status).toBe(200);
    expect(await response.text()).toContain(words);
  });
});
