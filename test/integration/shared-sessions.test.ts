import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAuthServices } from '../../src/auth/auth-services.ts';
import { EmbeddedBackend } from '../../src/backend/embedded/embedded-backend.ts';
import { channels } from '../../src/backends.ts';
import { silentLogger } from '../../src/logger.ts';
import { Client, type TestSocket } from '../support/client.ts';
import { closesWithinASecond } from '../support/closes-within-a-second.ts';
import { goodClaims, makeKey, signToken, type SigningKey } from '../support/issuer.ts';
import { RedisServer } from '../support/redis-server.ts';
import { until } from '../support/until.ts';
import { defaultSecret, redisBackendOf, WebApp, type WebAppOptions } from '../support/web-app.ts';

const password = 'a long enough password';
const secret = 'a secret that both applications know';
let key: SigningKey;

beforeAll(async () => {
  key = { ...(await makeKey('RS256')), alg: 'HS256', privateKey: Buffer.from(secret) as never };
});

const config = { ssoSecret: [secret] as [string], ssoAudience: 'clock', ssoCookie: 'app_jwt' };

function startApp(options: WebAppOptions = {}): Promise<WebApp> {
  return WebApp.start({ ...options, config: { ...config, ...options.config } });
}

/** A browser with the other application's cookie. */
async function visitor(app: WebApp, claims: Record<string, unknown> = {}): Promise<Client> {
  const client = new Client(app.url);
  client.cookies.set('app_jwt', await signToken(key, claims, { kid: undefined }));
  client.cookies.set('clock_csrftoken', 'c'.repeat(43));
  return client;
}

async function stateOf(client: Client): Promise<number> {
  return (await client.fetch('/api/initial_state')).status;
}

function signOut(client: Client): Promise<Response> {
  return client.fetch('/accounts/logout/', {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: `csrfmiddlewaretoken=${'c'.repeat(43)}`,
  });
}

describe.each(['Redis', 'the embedded backend'])('on two web processes over %s', (name) => {
  let server: RedisServer | null = null;
  let here: WebApp;
  let there: WebApp;
  beforeAll(async () => {
    if (name === 'Redis') {
      server = await RedisServer.start();
      const prefix = `${randomUUID()}:`;
      here = await startApp({ backend: redisBackendOf(server.url, prefix) });
      there = await startApp({ backend: redisBackendOf(server.url, prefix) });
    } else {
      here = await startApp();
      there = await startApp({ beside: here });
    }
  });
  afterAll(async () => {
    await there[Symbol.asyncDispose]();
    await here[Symbol.asyncDispose]();
    await server?.stop();
  });

  test('a name that is seen for the first time becomes a plain account without a password, marked sso', async () => {
    expect(await stateOf(await visitor(here, { sub: 'Fay' }))).toBe(200);
    const account = await there.auth.accounts.get('fay');
    expect(account).toMatchObject({ name: 'Fay', operator: false, disabled: false, passwordHash: '' });
    expect(account?.sso).toEqual({ origin: { issuer: 'https://id.example.org', subject: 'Fay' } });
    expect(await there.auth.accounts.check('fay', '')).toBeNull();
    expect(await stateOf(await visitor(there, { sub: 'fay' }))).toBe(403);
  });

  test('many first requests at once make one account', async () => {
    const clients = await Promise.all(
      Array.from({ length: 10 }, (_, index) => visitor(index % 2 === 0 ? here : there, { sub: 'all' })),
    );
    const seen = await Promise.all(clients.map(stateOf));
    expect(new Set(seen)).toEqual(new Set([200]));
  });

  test.each([
    ['disable', 403],
    ['remove', 200],
  ] as const)('%s closes its sockets within a second everywhere', async (action, after) => {
    const sub = `bob-${action}`;
    const client = await visitor(here, { sub });
    const other = await visitor(there, { sub });
    const sockets = [await client.connect(), await other.connect()];
    using unaffected = await (await visitor(there, { sub: 'kay' })).connect();
    await here.auth.accounts[action](sub);
    expect(await Promise.all(sockets.map(closesWithinASecond))).toEqual([4401, 4401]);
    expect([await stateOf(client), await stateOf(other)]).toEqual([after, after]);
    unaffected.send('{"sync":1}');
    expect(JSON.parse(await unaffected.next()).sync.echo).toBe(1);
    await here.auth.accounts.enable(sub);
    expect([await stateOf(client), await stateOf(other)]).toEqual([200, 200]);
  });

  test('signing out ends that credential everywhere until it expires, and no other one', async () => {
    const claims = { ...goodClaims('lea'), jti: randomUUID() };
    const client = await visitor(here, claims);
    const copy = await visitor(there, claims);
    const another = await visitor(there, { ...goodClaims('lea'), jti: randomUUID() });
    const sockets = [await client.connect(), await copy.connect()];
    using unaffected = await another.connect();
    const response = await signOut(client);
    expect(response.status).toBe(302);
    expect(response.headers.get('location')).toBe('/accounts/login/');
    expect(response.headers.getSetCookie().join()).not.toContain('app_jwt');
    expect(await Promise.all(sockets.map(closesWithinASecond))).toEqual([4401, 4401]);
    expect([await stateOf(client), await stateOf(copy), await stateOf(another)]).toEqual([401, 401, 200]);
    const bearer = { authorization: `Bearer ${client.cookies.get('app_jwt')}` };
    expect((await there.client().fetch('/api/initial_state', { headers: bearer })).status).toBe(401);
    unaffected.send('{"sync":1}');
    expect(JSON.parse(await unaffected.next()).sync.echo).toBe(1);
  });

  test('an operator may end it like any session', async () => {
    const client = await visitor(here, { sub: 'max', jti: randomUUID() });
    using socket = await client.connect();
    const { rows } = await until(async () => {
      const roster = await here.backend.readRoster();
      const rows = [...roster.values()].flatMap((of) => [...of.values()]) as { id: string; account: string }[];
      return rows.some(({ account }) => account === 'max') ? { rows } : null;
    }, 'the socket is in the roster');
    const id = rows.find(({ account }) => account === 'max')?.id;
    await here.auth.accounts.add('boss', password, true).catch(() => false);
    const boss = here.client();
    const { credential } = await here.auth.sessions.open('boss', await here.account('boss'));
    boss.cookies.set('clock_sessionid', credential);
    boss.cookies.set('clock_csrftoken', 'c'.repeat(43));
    const headers = { 'x-csrftoken': 'c'.repeat(43) };
    const body = JSON.stringify({ action: 'revoke', id });
    expect((await boss.fetch('/api/screens', { method: 'POST', headers, body })).status).toBe(200);
    expect(await closesWithinASecond(socket)).toBe(4401);
    expect(await stateOf(client)).toBe(401);
  });
});

describe('a command on the embedded file', () => {
  test('closes the sockets of a disabled account within a second', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'clock-shared-'));
    const options = { dataDir: directory, channels, log: silentLogger() };
    const app = await startApp({ backend: new EmbeddedBackend({ ...options, exclusive: true }) });
    const command = new EmbeddedBackend({ ...options, exclusive: false });
    await command.start();
    const { accounts } = createAuthServices(command, () => [defaultSecret]);
    const client = await visitor(app);
    using socket = await client.connect();
    expect(await accounts.disable('grace')).toBe(true);
    expect(await closesWithinASecond(socket)).toBe(4401);
    expect(await stateOf(client)).toBe(403);
    await command.stop();
    await app[Symbol.asyncDispose]();
    await rm(directory, { recursive: true });
  });
});

describe('the life of a socket', () => {
  const reasonOf = (socket: TestSocket): Promise<string> =>
    new Promise((resolve) => socket.socket.once('close', (_, reason) => resolve(reason.toString())));

  test('ends with the credential, exactly in house time, for requests too', async () => {
    await using app = await startApp();
    const client = await visitor(app, { exp: Math.floor(Date.now() / 1_000) + 3_600 });
    using socket = await client.connect();
    const reason = reasonOf(socket);
    app.backend.time.aheadMs = 3_595_000;
    expect(await stateOf(client)).toBe(200);
    app.backend.time.aheadMs = 3_600_500;
    expect(await stateOf(client)).toBe(401);
    await expect(client.connect()).rejects.toMatchObject({ status: 401 });
    expect(await closesWithinASecond(socket)).toBe(4401);
    expect(await reason).toBe('recheck');
  });

  test('ends after --sso-recheck at the latest, and a good credential opens the next one', async () => {
    await using app = await startApp({ config: { ssoRecheckMs: 300_000 } });
    const client = await visitor(app, { exp: Math.floor(Date.now() / 1_000) + 86_400 });
    using socket = await client.connect();
    const reason = reasonOf(socket);
    // 10 s before its end, not just the spread of 500 ms: a busy machine may poll before it sends the answer.
    app.backend.time.aheadMs = 290_000;
    socket.send('{"sync":1}');
    await socket.next();
    app.backend.time.aheadMs = 300_000;
    expect(await closesWithinASecond(socket)).toBe(4401);
    expect(await reason).toBe('recheck');
    (await client.connect())[Symbol.dispose]();
  });

  test("does not apply to sockets of Clock's own sessions", async () => {
    await using app = await startApp({ config: { ssoRecheckMs: 1_000 } });
    const { credential } = await app.auth.sessions.open('ada', await app.account('ada'));
    const client = app.client();
    client.cookies.set('clock_sessionid', credential);
    using socket = await client.connect();
    using shared = await (await visitor(app)).connect();
    expect(await shared.closed).toBe(4401);
    socket.send('{"sync":1}');
    expect(JSON.parse(await socket.next()).sync.echo).toBe(1);
  });
});

describe('a local account that becomes one of the shared sign-in', () => {
  test('loses its sessions and its password until it is local again', async () => {
    await using app = await startApp();
    const { accounts, sessions } = app.auth;
    await accounts.add('ada', password, false);
    const session = await sessions.open('ada', await app.account('ada'));
    await accounts.setSso('ada', true);
    expect(await sessions.isValid(session)).toBe(false);
    expect(await accounts.check('ada', password)).toBeNull();
    const client = await visitor(app, { sub: 'ada' });
    using socket = await client.connect();
    await accounts.setSso('ada', false);
    expect(await closesWithinASecond(socket)).toBe(4401);
    expect(await stateOf(client)).toBe(403);
    expect(await accounts.check('ada', password)).toMatchObject({ name: 'ada' });
  });
});

describe('during an outage of the backend', () => {
  test('a person with an open socket is served, and a forged token is 401 as before', async () => {
    await using app = await startApp();
    const client = await visitor(app);
    using socket = await client.connect();
    app.backend.staged = 'redis-down';
    expect(await stateOf(client)).toBe(200);
    expect(await stateOf(await visitor(app, { sub: 'unseen' }))).toBe(503);
    expect(await stateOf(await visitor(app, { aud: 'other' }))).toBe(401);
    expect(socket.socket.readyState).toBe(1);
  });
});

describe('forms', () => {
  const post = (client: Client, path: string, headers: Record<string, string> = {}): Promise<Response> =>
    client.fetch(path, { method: 'POST', headers: { origin: 'https://evil.example', ...headers }, body: '' });

  test('are refused from a foreign page, however the person is signed in', async () => {
    await using app = await startApp({ config: { ssoHeader: 'x-app-jwt' } });
    const client = await visitor(app);
    const header = { 'x-app-jwt': client.cookies.get('app_jwt') ?? '' };
    for (const path of ['/accounts/logout/', '/accounts/password_change/', '/accounts/login/']) {
      expect((await post(client, path)).status).toBe(403);
      expect((await post(app.client(), path, header)).status).toBe(403);
    }
    expect(await stateOf(client)).toBe(200);
  });

  test('of the own session do not end that of the other application', async () => {
    await using app = await startApp();
    await app.auth.accounts.add('ada', password, false);
    const client = await visitor(app);
    const form = await client.fetch('/accounts/login/');
    expect(form.status).toBe(200);
    const body = new URLSearchParams({ csrfmiddlewaretoken: 'c'.repeat(43), username: 'ada', password }).toString();
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    expect((await client.fetch('/accounts/login/', { method: 'POST', headers, body })).status).toBe(302);
    expect(await (await client.fetch('/')).text()).toContain('>ada<');
    await signOut(client);
    expect(await (await client.fetch('/')).text()).toContain('>grace<');
  });

  test('to change a password exist only for accounts that have one', async () => {
    await using app = await startApp();
    const client = await visitor(app);
    expect((await client.fetch('/accounts/password_change/')).status).toBe(404);
    expect(await (await client.fetch('/')).text()).not.toContain('Change password');
  });
});
