import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { Unavailable } from '../../src/backend/backend.ts';
import { RedisBackend } from '../../src/backend/redis/redis-backend.ts';
import { parseRedisTarget } from '../../src/backend/redis/target.ts';
import { recordedLog, type LogLine } from '../support/recorded-log.ts';
import { patient, RedisServer, type RedisServerOptions } from '../support/redis-server.ts';
import { passes, until } from '../support/until.ts';

const password = 'correct-horse';

interface LoggedBackend {
  backend: RedisBackend;
  lines: LogLine[];
}

function create(url: string, timeouts: { startTimeoutMs?: number } = patient): LoggedBackend {
  const { log, lines } = recordedLog();
  const target = parseRedisTarget(url);
  const backend = new RedisBackend({ target, prefix: 'p:', channels: ['time'], log, ...timeouts });
  return { backend, lines };
}

/** Starts a Redis and a backend with a subscription. `urlOf` defaults to the URL of the server. */
async function withBackend(
  options: RedisServerOptions,
  check: (logged: LoggedBackend, server: RedisServer) => Promise<void>,
  prepare: (server: RedisServer) => Promise<string> = async ({ url }) => url,
): Promise<void> {
  const server = await RedisServer.start(options);
  const logged = create(await prepare(server));
  try {
    logged.backend.ticks.subscribe(() => {});
    await logged.backend.start();
    await check(logged, server);
  } finally {
    await logged.backend.stop();
    await server.stop();
  }
}

/** Creates a Redis user with the given ACL rules. Returns the URL with its credentials. */
function asUser(...rules: string[]): (server: RedisServer) => Promise<string> {
  return async (server) => {
    await server.cli('ACL', 'SETUSER', 'clock', 'on', `>${password}`, '~*', '&*', '+@all', ...rules);
    return `redis://clock:${password}@127.0.0.1:${server.port}`;
  };
}

async function problemsOf(backend: RedisBackend): Promise<Record<string, string>> {
  const results = await backend.selfTest();
  return Object.fromEntries(results.flatMap(({ name, problem }) => (problem === null ? [] : [[name, problem]])));
}

async function selfTestKeys(server: RedisServer): Promise<string[]> {
  return (await server.cli('KEYS', '*')).split('\n').filter((key) => key.includes('self-test'));
}

describe.concurrent('Redis that refuses', () => {
  test('the database is an outage with the words of Redis, and database 0 stays unchanged', async () => {
    await withBackend(
      { settings: { databases: '2' } },
      async ({ backend, lines }, server) => {
        const reason = 'ERR DB index is out of range';
        expect([backend.outage, backend.outageReason]).toEqual(['redis-refuses', reason]);
        expect(lines).toMatchObject([{ msg: 'Redis cannot serve', outage: 'redis-refuses', reason }]);
        const failure = await backend.records.create('account', 'ana', {}).catch((error: unknown) => error);
        expect(failure).toBeInstanceOf(Unavailable);
        expect([(failure as Unavailable).outage, (failure as Unavailable).reason]).toEqual(['redis-refuses', reason]);
        await passes(700);
        expect(backend.outage).toBe('redis-refuses');
        expect(lines).toHaveLength(1);
        expect(await server.cli('KEYS', '*')).toBe('');
      },
      async (server) => `redis://127.0.0.1:${server.port}/5`,
    );
  });

  test('HELLO is an outage with the words of Redis', async () => {
    const proxy = createServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', (bytes) => {
        const commands = bytes.toString().match(/^\*/gm) ?? [];
        socket.write('-ERR HELLO is disabled here\r\n'.repeat(commands.length));
      });
    });
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    const { backend } = create(`redis://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
    await backend.start();
    expect([backend.outage, backend.outageReason]).toEqual(['redis-refuses', 'ERR HELLO is disabled here']);
    await backend.stop();
    proxy.close();
  });

  test('CLIENT and INFO still serves', async () => {
    await withBackend(
      {},
      async ({ backend, lines }) => {
        expect(backend.outage).toBeNull();
        expect(await backend.checkDurability()).toEqual([
          { name: 'persistence', problem: expect.stringMatching(/unknown: NOPERM .*'info'/) },
        ]);
        expect(lines).toEqual([]);
      },
      asUser('-client', '-info'),
    );
  });

  test('connections above maxclients is an outage with the words of Redis', async () => {
    await withBackend({}, async ({ backend }, server) => {
      expect(backend.outage).toBeNull();
      await server.cli('CONFIG', 'SET', 'maxclients', '1');
      const other = create(server.url);
      await other.backend.start();
      await until(() => other.backend.outage === 'redis-refuses', 'the outage');
      expect(other.backend.outageReason).toBe('ERR max number of clients reached');
      await other.backend.stop();
    });
  });

  test('a channel, command or key fails the self-test, which leaves nothing behind', async () => {
    await withBackend(
      {},
      async ({ backend }, server) => {
        expect(backend.outage).toBe('redis-deaf');
        const problems = await problemsOf(backend);
        expect(problems).toMatchObject({
          'pub/sub channels': expect.stringMatching(/^NOPERM .*channel/),
          subscription: expect.stringMatching(/^NOPERM .*channel/),
          ticks: expect.stringMatching(/NOPERM|channel/),
        });
        expect(problems).not.toHaveProperty('limits');
        expect(await selfTestKeys(server)).toEqual([]);

        await server.cli('ACL', 'SETUSER', 'clock', 'allchannels', '-blpop', 'resetkeys', '~p:clock:{p:time}:*');
        await until(() => backend.outage === null, 'no outage');
        expect(await problemsOf(backend)).toMatchObject({
          'key p:time': expect.stringMatching(/NOPERM|permission|key/),
          'lease and queue': expect.stringMatching(/^NOPERM .*'blpop'/),
        });
        expect(await selfTestKeys(server)).toEqual([]);
      },
      asUser('resetchannels'),
    );
  });

  test('BLPOP alone is logged once', async () => {
    await withBackend(
      {},
      async ({ backend, lines }, server) => {
        const popping = backend.ticks.pop(AbortSignal.timeout(20_000));
        await until(() => lines.some(({ msg }) => msg === 'jobs cannot be read'), 'the warning');
        await passes(300);
        await server.cli('ACL', 'SETUSER', 'clock', '+blpop');
        const at = backend.time.now();
        const job = { task: 'time', at, everyMs: 500, expiresAt: at + 10_000 };
        await server.cli('RPUSH', 'p:clock:{p:time}:queue', JSON.stringify(job));
        expect(await popping).toEqual(job);
        expect(lines.map(({ msg }) => msg)).toEqual(['jobs cannot be read', 'jobs can be read again']);
        expect(lines[0]?.['reason']).toMatch(/^NOPERM .*'blpop'/);
      },
      asUser('-blpop'),
    );
  });
});

describe.concurrent('a proxy of Redis without HELLO and CLIENT', () => {
  const settings = { 'rename-command': ['HELLO', '', '--rename-command', 'CLIENT', ''] };

  test('serves', async () => {
    await withBackend({ password, settings }, async ({ backend }) => {
      expect(backend.outage).toBeNull();
      await passes(1_500);
      expect(backend.outage).toBeNull();
      expect(await backend.selfTest()).not.toContainEqual({ name: 'subscription', problem: expect.any(String) });
    });
  });

  test('is an outage with a wrong password, also if it has no password', async () => {
    const wrong = async ({ port }: RedisServer): Promise<string> => `redis://:wrong@127.0.0.1:${port}`;
    await withBackend({ password, settings }, async ({ backend }) => expect(backend.outage).toBe('redis-auth'), wrong);
    await withBackend({ settings }, async ({ backend }) => expect(backend.outage).toBe('redis-auth'), wrong);
  });
});

describe('the start', () => {
  test('waits for a slow Redis for up to startTimeoutMs', async () => {
    const server = await RedisServer.start();
    server.pause();
    const [waiting, hasty] = [create(server.url), create(server.url, {})];
    const starting = waiting.backend.start();
    await hasty.backend.start();
    expect(hasty.backend.outage).toBe('redis-down');
    await passes(500);
    server.resume();
    await starting;
    expect(waiting.backend.outage).toBeNull();
    expect(await waiting.backend.records.list('account')).toEqual([]);
    await Promise.all([waiting.backend.stop(), hasty.backend.stop()]);
    await server.stop();
  });
});
