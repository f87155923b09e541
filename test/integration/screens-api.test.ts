import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { RosterUpdate } from '../../src/operator-api.ts';
import { Screens } from '../../src/screens/screens.ts';
import type { Client, TestSocket } from '../support/client.ts';
import { recordedLog } from '../support/recorded-log.ts';
import { RedisServer } from '../support/redis-server.ts';
import { msUntil, until } from '../support/until.ts';
import { redisBackendOf, WebApp } from '../support/web-app.ts';

const dayMs = 86_400_000;
const live = { build: '1.2.3+abcdefg', state: 'live', offsetMs: 1, errorMs: 2 };

let server: RedisServer;
let one: WebApp;
let two: WebApp;
let operator: Client;
let screens: Screens;
const log = recordedLog();
const open: TestSocket[] = [];
beforeAll(async () => {
  server = await RedisServer.start();
});
beforeEach(async () => {
  const prefix = `${randomUUID()}:`;
  one = await WebApp.start({ backend: redisBackendOf(server.url, prefix), log: log.log });
  two = await WebApp.start({ backend: redisBackendOf(server.url, prefix) });
  await one.auth.accounts.add('ana', 'a password for the tests', true);
  await one.auth.accounts.add('bob', 'a password for the tests', false);
  operator = await one.signedIn('ana');
  screens = new Screens({ records: one.backend.records, time: one.backend.time });
});
afterEach(async () => {
  for (const socket of open.splice(0)) socket[Symbol.dispose]();
  await one[Symbol.asyncDispose]();
  await two[Symbol.asyncDispose]();
});
afterAll(() => server.stop());

async function rosterOf(client: Client, query = ''): Promise<RosterUpdate> {
  const response = await client.fetch(`/api/screens${query}`);
  expect(response.status).toBe(200);
  return (await response.json()) as RosterUpdate;
}

async function post(client: Client, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  const all = { 'Content-Type': 'application/json', 'X-CSRFToken': 'c'.repeat(43), ...headers };
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return client.fetch('/api/screens', { method: 'POST', headers: all, body: text });
}

async function statusOf(response: Promise<Response>): Promise<number> {
  return (await response).status;
}

/** A socket of an account on an app, whose session is also that of a new screen. */
async function screenOn(app: WebApp, id: string, name: string, group: string | null = null): Promise<TestSocket> {
  const { jti, credential } = await app.auth.sessions.open('kiosk', await app.account('kiosk'));
  const client = app.client();
  client.cookies.set('sessionid', credential);
  await screens.takeName('screen', id, name);
  const record = { name, group, face: '', jti, approvedBy: 'ana', expiresAt: Date.now() + dayMs, wasUsed: true };
  await app.backend.records.create('screen', id, record, dayMs);
  const socket = await client.connect('?channels=date');
  open.push(socket);
  await until(() => app.sockets > 0, 'the server has the socket');
  return socket;
}

describe('/api/screens', () => {
  test('is for the sessions of operators alone', async () => {
    const bearer = await one.bearer('ana');
    const plain = await one.signedIn('bob');
    const removed = await one.signedIn('nobody');
    for (const [client, headers, status] of [
      [one.client(), {}, 401],
      [plain, {}, 403],
      [removed, {}, 403],
      [one.client(), bearer, 403],
      [operator, {}, 200],
    ] as const) {
      const response = await client.fetch('/api/screens', { headers });
      expect([response.status, response.headers.get('cache-control')]).toEqual([status, 'no-store']);
      const posted = await statusOf(post(client, { action: 'reload', id: 'x' }, headers));
      expect(posted).toBe(status === 200 ? 404 : status);
    }
  });

  test('lists the sockets of all processes and the screens that are away', async () => {
    await screenOn(one, 'lobby', 'Lobby', 'hall');
    const page = await (await two.signedIn('bob')).connect();
    open.push(page);
    page.send(JSON.stringify({ status: live }));
    const { entries } = await until(async () => {
      const answer = await rosterOf(operator);
      return answer.entries.some(({ name, state }) => name === 'bob' && state === 'live') ? answer : null;
    }, 'the status of the page on the other process');
    expect(entries).toMatchObject(
      expect.arrayContaining([
        expect.objectContaining({ kind: 'screen', id: 'lobby', name: 'Lobby', group: 'hall', state: 'away' }),
        expect.objectContaining({ kind: 'session', account: 'bob', errorMs: 2, address: '127.0.0.1', connections: 1 }),
      ]),
    );
    page[Symbol.dispose]();
    await until(async () => (await rosterOf(operator)).entries.every(({ name }) => name !== 'bob'), 'the row is gone');
  });

  test('answers what changed since a version, of whichever process', async () => {
    await screenOn(one, 'lobby', 'Lobby');
    const other = two.client();
    for (const [name, value] of operator.cookies) other.cookies.set(name, value);
    expect(await rosterOf(other)).toMatchObject({ isComplete: true });
    await until(
      async () => {
        const { version } = await rosterOf(operator);
        const { isComplete, entries, removed } = await rosterOf(other, `?since=${version}`);
        return !isComplete && entries.length + removed.length === 0;
      },
      'an answer of the other process that repeats nothing',
      20_000,
      200,
    );
    for (const since of ['x', '-1', '1e99', ''])
      expect(await rosterOf(other, `?since=${since}`)).toMatchObject({ isComplete: true });
  });

  test('has a row of known states and numbers, whatever a status claims', async () => {
    const page = await (await one.signedIn('bob')).connect();
    open.push(page);
    page.send(JSON.stringify({ status: { ...live, state: 'away', build: '<script>' } }));
    page.send(JSON.stringify({ status: { ...live, errorMs: 1e308, offsetMs: -1e308, account: 'ana', id: 'lobby' } }));
    const row = await until(
      async () => (await rosterOf(operator)).entries.find(({ errorMs }) => errorMs === 1e308),
      'the row of the page',
    );
    expect(row).toMatchObject({
      name: 'bob',
      account: 'bob',
      state: 'live',
      build: live.build,
      offsetMs: -1e308,
      problem: 'wrong',
    });
  });

  test.each<[string, string, number]>([
    ['floods', JSON.stringify({ status: live }), 30],
    ['is no object', '[{"status":1}]', 1],
  ])('loses the row of a page whose status %s', async (_, frame, times) => {
    const page = await (await one.signedIn('bob')).connect();
    open.push(page);
    for (let n = 0; n < times; n++) page.send(frame);
    expect(await page.closed).toBe(1008);
    await until(async () => (await rosterOf(operator)).entries.length === 0, 'the row is gone');
  });
});

describe('an action at /api/screens', () => {
  test('reaches a screen on another process within a second', async () => {
    const socket = await screenOn(two, 'lobby', 'Lobby');
    expect(await statusOf(post(operator, { action: 'identify', id: 'lobby' }))).toBe(200);
    expect(await msUntil(() => socket.frames.length > 0, 'the command')).toBeLessThan(1_000);
    expect(JSON.parse(await socket.next())).toEqual({ command: { name: 'identify', text: 'Lobby' } });
  });

  test('for a group reaches its members on all processes, a reload within the spread', async () => {
    const sockets = [await screenOn(one, 'lobby', 'Lobby', 'hall'), await screenOn(two, 'bar', 'Bar', 'hall')];
    const other = await screenOn(two, 'gym', 'Gym', 'other');
    expect(await statusOf(post(operator, { action: 'reload', group: 'hall' }))).toBe(200);
    for (const socket of sockets) expect(JSON.parse(await socket.next())).toEqual({ command: { name: 'reload' } });
    expect(await statusOf(post(operator, { action: 'face', group: 'other', value: '?face=analog' }))).toBe(200);
    expect(JSON.parse(await other.next())).toEqual({ command: { name: 'face', query: 'face=analog' } });
  });

  test('is stored, logged and shown', async () => {
    await screenOn(two, 'lobby', 'Lobby');
    expect(await statusOf(post(operator, { action: 'rename', id: 'lobby', value: '<b>Entrance</b>' }))).toBe(200);
    expect(log.lines).toContainEqual(
      expect.objectContaining({ audit: 'rename', by: 'ana', screen: 'lobby', name: '<b>Entrance</b>' }),
    );
    await until(
      async () => (await rosterOf(operator)).entries.some(({ name }) => name === '<b>Entrance</b>'),
      'the name',
    );
  });

  test('revoke closes the sockets of the screen with 4401 and removes it', async () => {
    const socket = await screenOn(two, 'lobby', 'Lobby');
    expect(await statusOf(post(operator, { action: 'revoke', id: 'lobby' }))).toBe(200);
    expect(await socket.closed).toBe(4401);
    await until(async () => (await rosterOf(operator)).entries.every(({ id }) => id !== 'lobby'), 'the screen is gone');
    expect(await statusOf(post(operator, { action: 'revoke', id: 'lobby' }))).toBe(404);
  });

  test('revoke signs the socket of an account out', async () => {
    const page = await (await two.signedIn('bob')).connect();
    open.push(page);
    const row = await until(
      async () => (await rosterOf(operator)).entries.find(({ name }) => name === 'bob'),
      'the row of the page',
    );
    expect(await statusOf(post(operator, { action: 'identify', id: row.id }))).toBe(409);
    expect(await statusOf(post(operator, { action: 'revoke', id: row.id }))).toBe(200);
    expect(await page.closed).toBe(4401);
  });

  test.each<[unknown, number]>([
    ['', 400],
    ['{', 400],
    ['null', 400],
    ['[]', 400],
    ['action=reload&id=lobby', 400],
    [{ action: 'reload' }, 400],
    [{ action: 'explode', id: 'lobby' }, 400],
    [{ action: 'rename', id: 'lobby', value: 'x'.repeat(500) }, 400],
    [{ action: 'rename', id: 'lobby', value: 'a\u202Eb' }, 400],
    [{ action: 'rename', id: 'nobody', value: 'x' }, 404],
    [{ action: 'reload', group: 'nobody' }, 404],
    [{ action: 'rename', id: 'lobby', value: 'bar' }, 409],
    [{ action: 'rename', group: 'hall', value: 'x' }, 409],
  ])('with the body %j is %d', async (body, status) => {
    await screenOn(one, 'lobby', 'Lobby', 'hall');
    await screenOn(one, 'other', 'Bar');
    const response = await post(operator, body);
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
  });

  test('needs the CSRF token and our own origin', async () => {
    await screenOn(one, 'lobby', 'Lobby');
    const body = { action: 'identify', id: 'lobby' };
    expect(await statusOf(post(operator, body, { 'X-CSRFToken': 'd'.repeat(43) }))).toBe(403);
    expect(await statusOf(post(operator, body, { Origin: 'https://elsewhere.example' }))).toBe(403);
    expect(await statusOf(post(operator, body))).toBe(200);
  });
});

describe('the metric clock_screens', () => {
  test('counts the sockets of the process by state, and the screens that are away', async () => {
    await screenOn(one, 'lobby', 'Lobby', 'hall');
    const counts = await until(async () => {
      const found = (await one.web.sources.screens?.()) ?? [];
      return found.length === 2 ? found : null;
    }, 'the counts');
    expect(counts).toEqual(
      expect.arrayContaining([
        { group: '', state: 'connected', count: 1 },
        { group: 'hall', state: 'away', count: 1 },
      ]),
    );
  });
});
