import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { RedisServer } from '../support/redis-server.ts';
import { Client } from '../support/client.ts';
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

describe.each<[string, () => Promise<{ here: WebApp; startAnother: () => Promise<WebApp> }>]>([
  [
    'Redis',
    async () => {
      const prefix = `${randomUUID()}:`;
      const here = await WebApp.start({ backend: redisBackendOf(server.url, prefix) });
      return { here, startAnother: () => WebApp.start({ backend: redisBackendOf(server.url, prefix) }) };
    },
  ],
  [
    'the embedded backend',
    async () => {
      const here = await WebApp.start();
      return { here, startAnother: () => WebApp.start({ beside: here }) };
    },
  ],
])('a web process over %s that was just started', (_, create) => {
  test('opens the socket of a session without a read of its record', async () => {
    const { here, startAnother } = await create();
    await using _here = here;
    const known = await here.signedIn();
    await using there = await startAnother();
    const reads = vi.spyOn(there.backend.inner.records, 'getMany');
    using _socket = await at(there, known).connect();
    expect(reads).not.toHaveBeenCalled();
    // A session that was opened later must be read.
    using _later = await at(there, await here.signedIn()).connect();
    expect(reads).toHaveBeenCalled();
  });

  test('refuses a session that was ended in another process since', async () => {
    const { here, startAnother } = await create();
    await using _here = here;
    const [known, other] = [await here.signedIn(), await here.signedIn()];
    await using there = await startAnother();
    await known.signOut();
    using _socket = await at(there, other).connect();
    await expect(at(there, known).connect()).rejects.toMatchObject({ status: 401 });
  });
});
