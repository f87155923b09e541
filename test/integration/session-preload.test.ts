import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test, vi, type MockInstance } from 'vitest';
import type { Records } from '../../src/backend/records.ts';
import { RedisServer } from '../support/redis-server.ts';
import { Client } from '../support/client.ts';
import { until } from '../support/until.ts';
import { redisBackendOf, WebApp } from '../support/web-app.ts';

/** The same person at another web process. */
function at(app: WebApp, client: Client): Client {
  const other = new Client(app.url);
  for (const [name, value] of client.cookies) other.cookies.set(name, value);
  return other;
}

let server: RedisServer;
beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server.stop());

/** Waits until a record and, after it, its account were read. */
async function readsRecord(reads: MockInstance<Records['getMany']>): Promise<void> {
  await until(() => reads.mock.calls.some(([kind]) => kind === 'account'), 'the record and its account are read');
  await Promise.all(reads.mock.results.map(({ value }) => value));
}

describe.each<[string, () => Promise<{ here: WebApp; startAnother: () => Promise<WebApp> }>]>([
  [
    'Redis',
    async () => {
      const prefix = `${randomUUID()}:`;
      const here = await WebApp.start({ backend: redisBackendOf(server.url, prefix) });
      const startAnother = () => WebApp.start({ backend: redisBackendOf(server.url, prefix) });
      return { here, startAnother };
    },
  ],
  [
    'the embedded backend',
    async () => {
      const here = await WebApp.start();
      return { here, startAnother: () => WebApp.start({ beside: here }) };
    },
  ],
])('a web process over %s', (_, create) => {
  test('opens the socket of a session from before its start without a read of its record', async () => {
    const { here, startAnother } = await create();
    await using _here = here;
    const known = await here.signedIn();
    await using there = await startAnother();
    const reads = vi.spyOn(there.backend.inner.records, 'getMany');
    using _socket = await at(there, known).connect();
    expect(reads).not.toHaveBeenCalled();
  });

  test('reads the record of a session that is opened in another process before its handshake', async () => {
    const { here, startAnother } = await create();
    await using _here = here;
    await using there = await startAnother();
    const reads = vi.spyOn(there.backend.inner.records, 'getMany');
    const later = await here.signedIn();
    await readsRecord(reads);
    reads.mockClear();
    using _socket = await at(there, later).connect();
    expect(reads).not.toHaveBeenCalled();
  });

  test('refuses a session that was ended in another process after its record was read', async () => {
    const { here, startAnother } = await create();
    await using _here = here;
    const [known, other] = [await here.signedIn(), await here.signedIn()];
    await using there = await startAnother();
    const reads = vi.spyOn(there.backend.inner.records, 'getMany');
    const later = await here.signedIn();
    await readsRecord(reads);
    await known.signOut();
    await later.signOut();
    using _socket = await at(there, other).connect();
    await expect(at(there, known).connect()).rejects.toMatchObject({ status: 401 });
    await expect(at(there, later).connect()).rejects.toMatchObject({ status: 401 });
  });
});
