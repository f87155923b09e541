import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { EmbeddedBackend } from '../../src/backend/embedded/embedded-backend.ts';
import { channels } from '../../src/backends.ts';
import { silentLogger } from '../../src/logger.ts';
import { createAuthServices, type AuthServices } from '../../src/auth/auth-services.ts';
import { Client, type TestSocket } from '../support/client.ts';
import { closesWithinASecond } from '../support/closes-within-a-second.ts';
import { RedisServer } from '../support/redis-server.ts';
import { msUntil } from '../support/until.ts';
import { redisBackendOf, WebApp } from '../support/web-app.ts';

const password = 'a long enough password';
const secrets = (): [string] => ['a secret of the tests, 32 bytes and more'];
const dayMs = 86_400_000;

async function isIn(client: Client): Promise<boolean> {
  return (await client.fetch('/')).status === 200;
}

/** The same person at another web process. */
function at(app: WebApp, client: Client): Client {
  const other = new Client(app.url);
  for (const [name, value] of client.cookies) other.cookies.set(name, value);
  return other;
}

describe('on two web processes over one Redis', () => {
  let server: RedisServer;
  let here: WebApp;
  let there: WebApp;
  let sockets: TestSocket[];
  let ada: Client;
  let otherSocket: TestSocket;

  beforeAll(async () => {
    server = await RedisServer.start();
    const prefix = `${randomUUID()}:`;
    here = await WebApp.start({ backend: redisBackendOf(server.url, prefix) });
    there = await WebApp.start({ backend: redisBackendOf(server.url, prefix) });
    await here.auth.accounts.add('bob', password, false);
  });
  beforeEach(async () => {
    await here.auth.accounts.add('ada', password, false);
    ada = await here.signedIn('ada');
    sockets = [await ada.connect(), await ada.connect(), await at(there, ada).connect()];
    otherSocket = await (await there.signedIn('bob')).connect();
  });
  afterEach(async () => {
    for (const socket of [...sockets, otherSocket]) socket[Symbol.dispose]();
    await here.auth.accounts.remove('ada');
  });
  afterAll(async () => {
    await here[Symbol.asyncDispose]();
    await there[Symbol.asyncDispose]();
    await server.stop();
  });

  async function expectEnded(): Promise<void> {
    expect(await Promise.all(sockets.map(closesWithinASecond))).toEqual([4401, 4401, 4401]);
    expect(await isIn(ada)).toBe(false);
    expect(await isIn(at(there, ada))).toBe(false);
    otherSocket.send('{"sync":1}');
    expect(JSON.parse(await otherSocket.next()).sync.echo).toBe(1);
  }

  test('a session is accepted by a process that has never seen it, and its sockets stay open', async () => {
    for (let times = 0; times < 20; times += 1) {
      const visitor = at(there, await here.signedIn('ada'));
      using socket = await visitor.connect();
      socket.send('{"sync":1}');
      expect(JSON.parse(await socket.next()).sync.echo).toBe(1);
    }
  });

  test('signing out closes every socket of the session with 4401 within a second', async () => {
    const copy = at(here, ada);
    await ada.signOut();
    ada = copy;
    await expectEnded();
  });

  test('signing out ends only that session', async () => {
    const another = await there.signedIn('ada');
    using socket = await another.connect();
    await ada.signOut();
    await closesWithinASecond(sockets[0] as TestSocket);
    expect(await isIn(another)).toBe(true);
    socket.send('{"sync":1}');
    expect(JSON.parse(await socket.next()).sync.echo).toBe(1);
  });

  test.each<[string, (accounts: AuthServices['accounts']) => Promise<boolean>]>([
    ['disable', (accounts) => accounts.disable('ADA')],
    ['remove', (accounts) => accounts.remove('ada')],
    ['passwd', (accounts) => accounts.setPassword('ada', 'another long password')],
  ])('%s ends all sessions and tokens of the account', async (_, act) => {
    const program = await here.bearer('ada');
    const watcher = await there.client().connect('', program);
    sockets = [...sockets.slice(1), watcher];
    expect(await act(there.auth.accounts)).toBe(true);
    await expectEnded();
    const response = await here.client().fetch('/api/initial_state', { headers: program });
    expect(response.status).toBe(401);
  });

  test('an emptied Redis ends every session within two seconds, for good', async () => {
    await server.cli('FLUSHALL');
    const areClosed = (): boolean => here.sockets === 0 && there.sockets === 0;
    expect(await msUntil(areClosed, 'no socket is open')).toBeLessThan(2_000);
    expect(await sockets[0]?.closed).toBe(4401);
    expect(await otherSocket.closed).toBe(4401);
    expect(await isIn(ada)).toBe(false);
    await here.auth.accounts.add('bob', password, false);
  });
});

describe('on the embedded backend, from another process on its file', () => {
  let directory: string;
  let app: WebApp;
  let command: EmbeddedBackend;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'clock-ending-'));
    const options = { dataDir: directory, channels, log: silentLogger() };
    app = await WebApp.start({ backend: new EmbeddedBackend({ ...options, exclusive: true }) });
    command = new EmbeddedBackend({ ...options, exclusive: false });
    await command.start();
  });
  afterAll(async () => {
    await command.stop();
    await app[Symbol.asyncDispose]();
    await rm(directory, { recursive: true });
  });

  test.each<[string, (accounts: AuthServices['accounts']) => Promise<boolean>]>([
    ['disable', (accounts) => accounts.disable('ada')],
    ['remove', (accounts) => accounts.remove('ada')],
    ['passwd', (accounts) => accounts.setPassword('ada', 'another long password')],
  ])('%s closes every socket of the account with 4401 within a second', async (_, act) => {
    const { accounts } = createAuthServices(command, secrets);
    await accounts.add('ada', password, false);
    const ada = await app.signedIn('ada');
    using socket = await ada.connect();
    using other = await (await app.signedIn('bob')).connect();
    await act(accounts);
    expect(await closesWithinASecond(socket)).toBe(4401);
    expect(await isIn(ada)).toBe(false);
    other.send('{"sync":1}');
    expect(JSON.parse(await other.next()).sync.echo).toBe(1);
  });
});

describe('a session', () => {
  test('ends 14 days after its last use, with its sockets', async () => {
    await using app = await WebApp.start();
    const ada = await app.signedIn();
    using socket = await ada.connect();
    app.backend.time.aheadMs = 14 * dayMs - 60_000;
    using still = await ada.connect();
    still.send('{"sync":1}');
    await still.next();
    app.backend.time.aheadMs = 28 * dayMs;
    expect(await closesWithinASecond(socket)).toBe(4401);
    expect(await isIn(ada)).toBe(false);
    await expect(ada.connect()).rejects.toMatchObject({ status: 401 });
  });

  test('in use lasts 90 days', async () => {
    await using app = await WebApp.start();
    const ada = await app.signedIn();
    for (let days = 10; days < 90; days += 10) {
      app.backend.time.aheadMs = days * dayMs;
      expect(await isIn(ada)).toBe(true);
    }
    app.backend.time.aheadMs = 90 * dayMs + 1_000;
    expect(await isIn(ada)).toBe(false);
  });

  test('survives a new secret that is put before the old one', async () => {
    const [first, second] = ['the first secret, 32 bytes and more', 'the second secret, 32 bytes and more'];
    await using before = await WebApp.start({ secrets: [first] });
    await using during = await WebApp.start({ beside: before, secrets: [second, first] });
    await using after = await WebApp.start({ beside: before, secrets: [second] });
    const old = await before.signedIn();
    const renewed = await during.signedIn();
    expect(await isIn(at(during, old))).toBe(true);
    expect(await isIn(at(after, renewed))).toBe(true);
    expect(await isIn(at(after, old))).toBe(false);
    expect(await isIn(at(before, renewed))).toBe(false);
  });
});
