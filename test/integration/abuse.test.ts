import { randomUUID } from 'node:crypto';
import { SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Attempts } from '../../src/auth/attempts.ts';
import { FirstAccount } from '../../src/auth/first-account.ts';
import { silentLogger } from '../../src/logger.ts';
import { parseAddressRange } from '../../src/addresses.ts';
import type { Client } from '../support/client.ts';
import { ask, requestText } from '../support/raw-connection.ts';
import { RedisServer } from '../support/redis-server.ts';
import { until } from '../support/until.ts';
import { redisBackendOf, WebApp } from '../support/web-app.ts';

const password = 'a long enough password';
const secret = 'a secret of the tests, 32 bytes and more';

let server: RedisServer;
let app: WebApp;
beforeAll(async () => {
  server = await RedisServer.start();
  app = await WebApp.start();
});
afterAll(async () => {
  await app[Symbol.asyncDispose]();
  await server.stop();
});

function newRedis() {
  return redisBackendOf(server.url, `${randomUUID()}:`);
}

describe.each([
  ['the embedded backend', () => undefined],
  ['Redis', newRedis],
])('over %s', (_, newBackend) => {
  async function start(config = {}): Promise<WebApp> {
    const backend = newBackend();
    return WebApp.start({ config, ...(backend === undefined ? {} : { backend }) });
  }

  test('a sign-out during handshakes leaves no socket of its session open', async () => {
    await using one = await start();
    await using two = await WebApp.start({ beside: one });
    for (let round = 0; round < 10; round += 1) {
      const client = await one.signedIn();
      const elsewhere = two.client();
      for (const cookie of client.cookies) elsewhere.cookies.set(...cookie);
      const knocks = Array.from({ length: 12 }, (__, index) => (index % 2 === 0 ? client : elsewhere).connect());
      await Promise.all([client.signOut(), Promise.allSettled(knocks)]);
      await until(() => one.sockets + two.sockets === 0, 'every socket is closed');
    }
  });

  test('an account that is disabled during a sign-in is not signed in', async () => {
    await using one = await start();
    for (let round = 0; round < 3; round += 1) {
      const name = `ada${round}`;
      await one.auth.accounts.add(name, password, false);
      const client = one.client();
      await (await client.fetch('/accounts/login/')).arrayBuffer();
      await Promise.all([client.signIn(name, password), one.auth.accounts.disable(name)]);
      expect((await client.fetch('/')).status).toBe(302);
    }
  });

  test('simultaneous handshakes open no more sockets than --max-sockets', async () => {
    await using owner = await start();
    const clients = await Promise.all(Array.from({ length: 40 }, () => owner.signedIn()));
    await using small = await WebApp.start({ beside: owner, config: { maxSockets: 3 } });
    const knocks = await Promise.allSettled(
      clients.map(({ cookies }) => {
        const client = small.client();
        for (const cookie of cookies) client.cookies.set(...cookie);
        return client.connect();
      }),
    );
    expect(knocks.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
    expect(small.sockets).toBe(3);
  });

  test('of 150 simultaneous wrong passwords at most ten are checked, and the account stays open for other addresses', async () => {
    await using one = await start();
    await one.auth.accounts.add('ada', password, false);
    const attempts = new Attempts(one.backend.limiter);
    const begun = await Promise.all(Array.from({ length: 150 }, () => attempts.begin('ada', '192.0.2.1')));
    expect(begun.filter((attempt) => typeof attempt !== 'number').length).toBeLessThanOrEqual(10);
    expect(typeof (await attempts.begin('ada', '192.0.2.2'))).toBe('object');
  });

  test('of several processes that race for the first account, one creates it', async () => {
    await using one = await start();
    const { accounts } = one.auth;
    const used: number[] = [];
    const racers = Array.from({ length: 5 }, (__, index) => {
      const first = { text: `the password of racer ${index}`, onUsed: () => used.push(index) };
      return new FirstAccount({ records: one.backend.records, accounts, password: () => first, log: silentLogger() });
    });
    await Promise.all(racers.map((racer) => racer.start()));
    expect(used).toHaveLength(1);
    expect(await accounts.list()).toHaveLength(1);
    expect(await accounts.check('admin', `the password of racer ${used[0]}`)).not.toBeNull();
    await Promise.all(racers.map((racer) => racer.stop()));
  });
});

describe('a credential', () => {
  /** The claims of a client's session. */
  async function claimsOf(client: Client): Promise<Record<string, unknown>> {
    const [, payload = ''] = (client.cookies.get('sessionid') ?? '').split('.');
    return JSON.parse(Buffer.from(payload, 'base64url').toString());
  }

  function sign(claims: Record<string, unknown>, header: Record<string, unknown>, key = secret): Promise<string> {
    return new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256', typ: 'session+jwt', ...header })
      .sign(Buffer.from(key));
  }

  const forgeries: [what: string, forge: (claims: Record<string, unknown>) => string | Promise<string>][] = [
    ['under another secret', (claims) => sign(claims, {}, 'another secret, of 32 bytes and more')],
    ['under no secret', (claims) => new UnsecuredJWT(claims).encode()],
    ['of another algorithm', (claims) => sign(claims, { alg: 'HS512' })],
    ['of another type', (claims) => sign(claims, { typ: 'token+jwt' })],
    ['of no type', (claims) => sign(claims, { typ: undefined })],
    ['of another issuer', (claims) => sign({ ...claims, iss: 'other' }, {})],
    ['of another audience', (claims) => sign({ ...claims, aud: 'clock:token' }, {})],
    ['for two audiences, without ours', (claims) => sign({ ...claims, aud: ['clock', 'clock:token'] }, {})],
    ['that has expired', (claims) => sign({ ...claims, exp: 1 }, {})],
    ['that never expires', (claims) => sign({ ...claims, exp: undefined }, {})],
    ['without an id', (claims) => sign({ ...claims, jti: undefined }, {})],
    ['of another account', (claims) => sign({ ...claims, sub: 'eve' }, {})],
    ['with a key of its own', (claims) => sign(claims, { jwk: { kty: 'oct', k: 'AAAA' } }, 'A'.repeat(40))],
    ['with a critical part that nobody knows', (claims) => sign(claims, { crit: ['x'], x: 1 }).catch(() => 'x.y.z')],
  ];

  test.each(forgeries)('%s is refused, as cookie and as token', async (_, forge) => {
    const client = await app.signedIn();
    expect((await client.fetch('/')).status).toBe(200);
    const forged = await forge(await claimsOf(client));
    const forger = app.client();
    forger.cookies.set('sessionid', forged);
    expect((await forger.fetch('/')).status).toBe(302);
    expect((await forger.fetch('/api/initial_state')).status).toBe(401);
    await expect(forger.connect()).rejects.toMatchObject({ status: 401 });
    const program = await app.client().fetch('/api/initial_state', { headers: { Authorization: `Bearer ${forged}` } });
    expect(program.status).toBe(401);
  });

  test.each(['Bearer', 'Bearer ', 'Bearer a b', 'bearer\tx', 'Bearer  '])(
    'in the malformed header %j takes precedence over a valid cookie',
    async (authorization) => {
      const client = await app.signedIn();
      const lines = ['Host: a', `Cookie: ${client.cookieHeader()}`, `Authorization: ${authorization}`];
      expect((await ask(app.port, requestText('GET /api/initial_state', lines))).status).toBe(401);
    },
  );
});

describe('a POST', () => {
  test.each(['/accounts/login/', '/accounts/logout/', '/accounts/password_change/'])(
    'to %s with a cookie and without a CSRF token is 403, signed in or not',
    async (path) => {
      for (const client of [await app.signedIn(), app.client()]) {
        const headers = { cookie: client.cookieHeader() || 'other=1' };
        const answer = await client.fetch(path, { method: 'POST', headers, body: new URLSearchParams({ a: 'b' }) });
        expect(answer.status).toBe(403);
      }
    },
  );
});

describe('X-Forwarded-For', () => {
  /** The status of a failed attempt with this header, after `address` has used up its attempts for the account. */
  async function tryFrom(one: WebApp, address: string, forwarded: string): Promise<number> {
    const account = randomUUID();
    const attempts = new Attempts(one.backend.limiter);
    await Promise.all(Array.from({ length: 10 }, () => attempts.begin(account, address)));
    const fields = { username: account, password: 'a wrong one, surely' };
    return (await one.client().post('/accounts/login/', fields, { 'X-Forwarded-For': forwarded })).status;
  }

  test('of an untrusted peer, or before the last untrusted hop, does not change a client’s address', async () => {
    await using open = await WebApp.start();
    await using behind = await WebApp.start({ config: { trustedProxy: [parseAddressRange('127.0.0.0/8')] } });
    expect(await tryFrom(open, '127.0.0.1', '203.0.113.1')).toBe(429);
    expect(await tryFrom(behind, '198.51.100.7', '203.0.113.1, 198.51.100.7')).toBe(429);
    expect(await tryFrom(behind, '198.51.100.7', '203.0.113.1, 198.51.100.7:4711, 127.0.0.2')).toBe(429);
    expect(await tryFrom(behind, '198.51.100.7', '198.51.100.7, 203.0.113.1')).toBe(200);
    expect(await tryFrom(behind, '127.0.0.1', '198.51.100.7, no address')).toBe(429);
  });
});
