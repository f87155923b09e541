import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask, requestText } from '../support/raw-connection.ts';
import { WebApp } from '../support/web-app.ts';

const hourMs = 3_600_000;

let app: WebApp;
beforeAll(async () => {
  app = await WebApp.start();
});
afterAll(() => app[Symbol.asyncDispose]());

async function stateFor(headers: Record<string, string>, cookies = app.client()): Promise<number> {
  return (await cookies.fetch('/api/initial_state', { headers })).status;
}

describe('a token', () => {
  test('reads the initial state and opens a socket', async () => {
    const headers = await app.bearer();
    expect(await stateFor(headers)).toBe(200);
    using socket = await app.client().connect('', headers);
    await app.tick('15:03:27');
    expect((await socket.nextTick()).text).toBe('15:03:27');
  });

  test.each(['bearer', 'BEARER', 'Bearer  '])('is accepted after %j', async (scheme) => {
    const { Authorization } = await app.bearer();
    expect(await stateFor({ Authorization: Authorization.replace('Bearer', scheme) })).toBe(200);
  });

  test.each(['/', '/accounts/password_change/'])('is ignored at %s', async (path) => {
    const response = await app.client().fetch(path, { headers: await app.bearer() });
    expect(response.status).toBe(302);
    expect(response.headers.get('location')).toContain('/accounts/login/');
  });

  test('makes a request signed out at pages, despite a cookie', async () => {
    const client = await app.signedIn();
    expect((await client.fetch('/', { headers: await app.bearer() })).status).toBe(302);
    expect((await client.fetch('/')).status).toBe(200);
  });

  test('takes precedence over a cookie', async () => {
    const client = await app.signedIn();
    expect(await stateFor({ Authorization: 'Bearer nonsense' }, client)).toBe(401);
    await expect(client.connect('', { Authorization: 'Bearer nonsense' })).rejects.toMatchObject({ status: 401 });
    const nobody = app.client();
    nobody.cookies.set('sessionid', 'forged');
    expect(await stateFor(await app.bearer(), nobody)).toBe(200);
  });

  test('is not accepted as a cookie', async () => {
    const { Authorization } = await app.bearer();
    const client = app.client();
    client.cookies.set('sessionid', Authorization.replace('Bearer ', ''));
    expect((await client.fetch('/')).status).toBe(302);
    expect(await stateFor({}, client)).toBe(401);
    await expect(client.connect()).rejects.toMatchObject({ status: 401 });
  });

  test('cannot be replaced by the credential of a session', async () => {
    const credential = (await app.signedIn()).cookies.get('sessionid') ?? '';
    expect(await stateFor({ Authorization: `Bearer ${credential}` })).toBe(401);
  });

  test('needs no CSRF token, since no cookie comes with it', async () => {
    const response = await app.client().fetch('/accounts/logout/', { method: 'POST', headers: await app.bearer() });
    expect(response.status).toBe(302);
    expect(await stateFor(await app.bearer())).toBe(200);
  });

  test('is accepted with a foreign origin by the API, but not by the socket', async () => {
    const headers = { ...(await app.bearer()), Origin: 'https://evil.example' };
    expect(await stateFor(headers)).toBe(200);
    await expect(app.client().connect('', headers)).rejects.toMatchObject({ status: 403 });
  });

  test('is refused with 400 if the header is repeated', async () => {
    const { Authorization } = await app.bearer();
    const lines = ['Host: clock', `Authorization: ${Authorization}`, `Authorization: ${Authorization}`];
    expect((await ask(app.port, requestText('GET /api/initial_state', lines))).status).toBe(400);
  });

  test('ends within a second when it is revoked by id or label, and its socket is closed with 4401', async () => {
    for (const by of ['id', 'label'] as const) {
      const headers = await app.bearer('ada', hourMs, `to be revoked by ${by}`);
      using socket = await app.client().connect('', headers);
      const token = (await app.auth.tokens.list()).find(({ label }) => label === `to be revoked by ${by}`);
      expect(await app.auth.tokens.revoke(token?.[by] ?? '')).toBe(true);
      expect(await socket.closed).toBe(4401);
      expect(await stateFor(headers)).toBe(401);
    }
  });

  test('expires, and its socket is closed with 4401', async () => {
    await using own = await WebApp.start();
    const headers = await own.bearer('ada', hourMs);
    using socket = await own.client().connect('', headers);
    own.backend.time.aheadMs = hourMs + 1_000;
    expect(await socket.closed).toBe(4401);
    expect((await own.client().fetch('/api/initial_state', { headers })).status).toBe(401);
  });
});

describe('a label', () => {
  test('belongs to one live token, and can be used again when that is revoked', async () => {
    const { tokens } = app.auth;
    const [ada, bob] = [await app.account('ada'), await app.account('bob')];
    expect(await tokens.issue('ada', ada, hourMs, 'lobby')).not.toBeNull();
    expect(await tokens.issue('bob', bob, hourMs, 'lobby')).toBeNull();
    await tokens.revoke('lobby');
    const again = await tokens.issue('bob', bob, hourMs, 'lobby');
    expect(await stateFor({ Authorization: `Bearer ${again?.text}` })).toBe(200);
  });

  test('that is used again does not revive the token that had it before', async () => {
    const first = await app.bearer('ada', hourMs, 'reused');
    await app.auth.tokens.revoke('reused');
    await app.bearer('ada', hourMs, 'reused');
    expect(await stateFor(first)).toBe(401);
  });

  test('is the id by default', async () => {
    await app.bearer('eve', hourMs);
    const token = (await app.auth.tokens.list()).find(({ account }) => account === 'eve');
    expect(token?.label).toBe(token?.id);
  });
});
