import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lessPatient, RedisServer } from '../support/redis-server.ts';
import { until } from '../support/until.ts';
import { redisBackendOf, WebApp } from '../support/web-app.ts';

const password = 'a long enough password';

let server: RedisServer;
beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server.stop());

async function reasonOf(app: WebApp): Promise<string> {
  const response = await app.client().fetch('/ready');
  return response.status === 200 ? 'ready' : ((await response.json()) as { reason: string }).reason;
}

describe('during an outage of Redis', () => {
  test('sessions in use are served and keep their sockets, others get 503, and all recover afterwards', async () => {
    const prefix = `${randomUUID()}:`;
    await using app = await WebApp.start({ backend: redisBackendOf(server.url, prefix, lessPatient) });
    await using other = await WebApp.start({ backend: redisBackendOf(server.url, prefix, lessPatient) });
    await app.auth.accounts.add('ada', password, false);
    const [watching, visiting, unknown] = [await app.signedIn(), await app.signedIn(), app.client()];
    // Only the other process has seen this session.
    for (const cookie of (await other.signedIn()).cookies) unknown.cookies.set(...cookie);
    using socket = await watching.connect();
    expect((await visiting.fetch('/api/initial_state')).status).toBe(200);
    await app.tick('15:03:27');
    await socket.nextTick();

    server.pause();
    try {
      await until(async () => (await reasonOf(app)) === 'redis-down', '/ready says why');
      for (const client of [watching, visiting]) {
        expect((await client.fetch('/')).status).toBe(200);
        const state = await client.fetch('/api/initial_state');
        expect(state.status).toBe(200);
        expect(await state.json()).toMatchObject({ current: '15:03:27', stale: true });
      }
      for (const path of ['/', '/api/initial_state']) {
        const refused = await unknown.fetch(path);
        expect(refused.status).toBe(503);
        expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
        expect((await app.client().fetch(path)).status).toBe(path === '/' ? 302 : 401);
      }
      expect((await app.client().fetch('/accounts/login/')).status).toBe(200);
      expect((await app.client().signIn('ada', password)).status).toBe(503);
      expect((await watching.signOut()).status).toBe(503);
      await expect(watching.connect()).rejects.toMatchObject({ status: 503 });
      expect((await app.client().fetch('/health')).status).toBe(200);
      app.backend.time.aheadMs = 61_000;
      expect((await visiting.fetch('/')).status).toBe(503);
      expect((await watching.fetch('/')).status).toBe(200);
      app.backend.time.aheadMs = 0;
      socket.send('{"sync":1}');
      expect(JSON.parse(await socket.next()).sync.echo).toBe(1);
    } finally {
      server.resume();
    }

    await until(async () => (await reasonOf(app)) === 'ready', 'it is ready again');
    await app.tick('15:03:28');
    expect((await socket.nextTick()).text).toBe('15:03:28');
    expect((await unknown.fetch('/')).status).toBe(200);
  });

  test('a session that ends during it is closed afterwards', async () => {
    const prefix = `${randomUUID()}:`;
    await using app = await WebApp.start({ backend: redisBackendOf(server.url, prefix) });
    const ada = await app.signedIn();
    using socket = await ada.connect();
    const keys = (await server.cli('KEYS', `${prefix}*session:ada/*`)).split('\n');
    // Before the connection is cut, which is replaced within 0.2 s. No message says that the record is gone.
    await server.cli('DEL', ...keys);
    await server.cli('CLIENT', 'KILL', 'TYPE', 'pubsub');
    expect(await socket.closed).toBe(4401);
  });
});
