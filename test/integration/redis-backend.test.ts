import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { Unavailable, type Job } from '../../src/backend/backend.ts';
import { Keys } from '../../src/backend/redis/keys.ts';
import { RedisBackend } from '../../src/backend/redis/redis-backend.ts';
import { parseRedisTarget } from '../../src/backend/redis/target.ts';
import { UserError } from '../../src/lifecycle.ts';
import { freePort } from '../support/free-port.ts';
import { recordedLog, type LogLine } from '../support/recorded-log.ts';
import { RedisServer, type RedisServerOptions } from '../support/redis-server.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { msUntil, passes, until } from '../support/until.ts';

const channels = ['time', 'date'];

/** A backend, and what it handed on. */
interface Watched {
  backend: RedisBackend;
  lines: LogLine[];
  ticks: string[];
  told: string[];
  missed: number;
}

function watched(url: string, prefix = 'p:'): Watched {
  const { log, lines } = recordedLog();
  const backend = new RedisBackend({ target: parseRedisTarget(url), prefix, channels, log });
  const all: Watched = { backend, lines, ticks: [], told: [], missed: 0 };
  backend.ticks.subscribe((channel, frame) => {
    const { message } = JSON.parse(Buffer.from(frame).toString()) as { message: Record<string, unknown> };
    all.ticks.push(String(message[channel]));
  });
  backend.records.subscribe({ onMessage: (message) => all.told.push(message), onGap: () => all.missed++ });
  return all;
}

async function withRedis(
  options: RedisServerOptions,
  check: (server: RedisServer, all: Watched) => Promise<void>,
): Promise<void> {
  const server = await RedisServer.start(options);
  const all = watched(server.url);
  try {
    await all.backend.start();
    expect(all.backend.outage).toBeNull();
    await check(server, all);
  } finally {
    await all.backend.stop();
    await server.stop();
  }
}

function job({ time }: RedisBackend, more: Partial<Job> = {}): Job {
  const at = Math.floor(time.now());
  return { task: 'time', at, everyMs: 500, expiresAt: at + 10_000, ...more };
}

async function publish(backend: RedisBackend, text: string): Promise<void> {
  expect(await backend.ticks.publish(job(backend), text, 'UTC')).toBe('published');
}

/** All that a beat and a worker do for one tick. */
async function wholeWay(backend: RedisBackend): Promise<void> {
  const { ticks } = backend;
  const lease = await until(() => ticks.acquireLease('beat'), 'the lease');
  const one = job(backend);
  expect(await ticks.push(one, 'beat', lease.term)).toBe('pushed');
  const popped = await ticks.pop(AbortSignal.timeout(2_000));
  expect(popped).toEqual(one);
  expect(await ticks.publish(one, '15:03:27', 'UTC')).toBe('published');
}

/** The outage that everything a backend can be asked is refused with, each within a second or so. */
async function refusals(backend: RedisBackend): Promise<string[]> {
  const { ticks, records, limiter } = backend;
  const limit = { name: 'sign-in', maxAttempts: 1, windowMs: 1_000 };
  const begin = performance.now();
  const questions = [
    ticks.acquireLease('beat'),
    ticks.releaseLease('beat', 1),
    ticks.push(job(backend), 'beat', 1),
    ticks.publish(job(backend), 'x', 'UTC'),
    ticks.last('time'),
    records.get('account', 'ana'),
    records.getMany('account', ['ana']),
    records.create('account', 'ana', {}),
    records.update('account', 'ana', () => ({})),
    records.delete('account', 'ana'),
    records.list('account'),
    records.publish('x'),
    limiter.consume(limit, 'ana'),
    limiter.check(limit, 'ana'),
    limiter.refund(limit, 'ana'),
    limiter.reset(limit, 'ana'),
    backend.reportConnections('web', 1),
    backend.checkDurability(),
  ];
  const results = await Promise.allSettled<unknown>(questions);
  expect(performance.now() - begin).toBeLessThan(1_300);
  return [
    ...new Set(
      results.map((result) => {
        if (result.status === 'fulfilled') return 'answered';
        return result.reason instanceof Unavailable ? result.reason.outage : String(result.reason);
      }),
    ),
  ];
}

function losses(lines: readonly LogLine[]): string[] {
  return lines.filter(({ msg }) => msg.startsWith('redis ')).map(({ msg, outage }) => `${msg} ${outage ?? ''}`.trim());
}

describe.concurrent('redis backend', () => {
  test('starts without a Redis, and serves when there is one', async () => {
    const port = await freePort();
    const all = watched(`redis://127.0.0.1:${port}`);
    const { backend, lines } = all;
    expect(await msUntilDone(backend.start())).toBeLessThan(1_500);
    expect(backend.outage).toBe('redis-down');
    expect(await refusals(backend)).toEqual(['redis-down']);
    const server = await RedisServer.start({ port });
    expect(await msUntil(() => backend.outage === null, 'no outage')).toBeLessThan(1_000);
    await wholeWay(backend);
    expect(losses(lines)).toEqual(['redis lost redis-down', 'redis back']);
    // Nobody could know what was told before it came.
    await until(() => all.missed > 0, 'listeners are told that they may have missed something');
    await backend.stop();
    await server.stop();
  });

  test('survives a crash that loses all data', async () => {
    await withRedis({}, async (server, all) => {
      const { backend } = all;
      const before = await until(() => backend.ticks.acquireLease('beat'), 'the lease');
      const popping = backend.ticks.pop(AbortSignal.timeout(10_000));
      await publish(backend, 'before');
      await server.crash();
      expect(await msUntil(() => backend.outage === 'redis-down', 'the outage')).toBeLessThan(2_000);
      expect(await refusals(backend)).toEqual(['redis-down']);
      await server.begin();
      expect(await msUntil(() => backend.outage === null, 'no outage')).toBeLessThan(1_000);
      const lease = await until(() => backend.ticks.acquireLease('beat'), 'the lease');
      expect(lease.term).toBeGreaterThan(before.term);
      const one = job(backend);
      await backend.ticks.push(one, 'beat', lease.term);
      expect(await popping).toEqual(one);
      await publish(backend, 'after');
      await until(() => all.ticks.length === 2, 'the tick after');
      expect(all.ticks).toEqual(['before', 'after']);
      await until(() => all.missed > 0, 'that messages may be missing');
      expect(losses(all.lines)).toEqual(['redis lost redis-down', 'redis back']);
    });
  });

  test('carries on after a crash with what Redis had written down', async () => {
    await withRedis({ settings: { appendonly: 'yes' } }, async (server, all) => {
      const { backend } = all;
      await wholeWay(backend);
      await backend.records.create('account', 'ana', { n: 1 });
      const last = await backend.ticks.last('time');
      await server.crash();
      await server.begin();
      await until(() => backend.outage === null, 'no outage');
      expect(await backend.ticks.last('time')).toEqual(last);
      expect(await backend.records.get('account', 'ana')).toEqual({ n: 1 });
      await until(() => all.missed === 1, 'that messages may be missing');
      await wholeWay(backend);
      await until(() => all.ticks.length === 2, 'the tick after');
    });
  });

  test('survives a frozen Redis', async () => {
    await withRedis({}, async (server, all) => {
      const { backend } = all;
      const popping = backend.ticks.pop(AbortSignal.timeout(10_000));
      server.pause();
      const refused = refusals(backend);
      expect(await msUntil(() => backend.outage === 'redis-down', 'the outage')).toBeLessThan(2_000);
      expect(await refused).toEqual(['redis-down']);
      await passes(1_500);
      server.resume();
      expect(await msUntil(() => backend.outage === null, 'no outage')).toBeLessThan(1_000);
      const lease = await until(() => backend.ticks.acquireLease('beat'), 'the lease');
      const one = job(backend);
      await backend.ticks.push(one, 'beat', lease.term);
      expect(await popping).toEqual(one);
      await publish(backend, 'after');
      await until(() => all.ticks.includes('after'), 'the tick after');
      await until(() => all.missed > 0, 'that messages may be missing');
    });
  });

  test('hands on the tick of a gap in the subscription, once', async () => {
    await withRedis({}, async (server, all) => {
      const { backend } = all;
      for (let round = 1; round <= 5; round++) {
        await publish(backend, `before ${round}`);
        const missedBefore = all.missed;
        await server.cli('CLIENT', 'KILL', 'TYPE', 'pubsub');
        await publish(backend, `meanwhile ${round}`);
        await until(() => all.missed > missedBefore, 'that messages may be missing', 1_000);
        await publish(backend, `after ${round}`);
        await until(() => all.ticks.at(-1) === `after ${round}`, 'the tick after');
      }
      const rounds = [1, 2, 3, 4, 5];
      expect(all.ticks).toEqual(rounds.flatMap((n) => [`before ${n}`, `meanwhile ${n}`, `after ${n}`]));
      expect(backend.outage).toBeNull();
    });
  });

  test('works on after SCRIPT FLUSH', async () => {
    await withRedis({}, async (server, { backend, lines }) => {
      await wholeWay(backend);
      await server.cli('SCRIPT', 'FLUSH');
      await wholeWay(backend);
      expect(await backend.records.create('account', 'ana', {})).toBe(true);
      await server.cli('SCRIPT', 'FLUSH');
      expect(await backend.limiter.consume({ name: 'sign-in', maxAttempts: 1, windowMs: 1_000 }, 'ana')).toBeNull();
      expect(losses(lines)).toEqual([]);
    });
  });

  test('passes over what is no job', async () => {
    await withRedis({}, async (server, { backend }) => {
      const queue = new Keys('p:', 0).queue;
      const at = backend.time.now();
      const job: Job = { task: 'time', at, everyMs: 1_000, expiresAt: at + 1_000 };
      await server.cli('RPUSH', queue, 'nonsense', '{"task":1}', 'null', JSON.stringify(job));
      expect(await backend.ticks.pop(new AbortController().signal)).toEqual(job);
    });
  });

  test('tells of FLUSHALL within a second; seq and term rise on', async () => {
    await withRedis({}, async (server, all) => {
      const { backend } = all;
      await wholeWay(backend);
      const [before, lease] = [await backend.ticks.last('time'), await backend.ticks.acquireLease('beat')];
      await server.cli('FLUSHALL');
      expect(await msUntil(() => all.missed > 0, 'that records are others')).toBeLessThan(1_100);
      await wholeWay(backend);
      expect((await backend.ticks.last('time'))?.seq).toBeGreaterThan(before?.seq ?? Infinity);
      expect((await backend.ticks.acquireLease('beat'))?.term).toBeGreaterThan(lease?.term ?? Infinity);
      await passes(1_000);
      expect(all.missed).toBe(1);
    });
  });

  test('tells one backend, of two, of FLUSHALL although the other made the new id', async () => {
    await withRedis({}, async (server, all) => {
      const other = watched(server.url);
      await other.backend.start();
      await server.cli('FLUSHALL');
      await until(() => all.missed === 1 && other.missed === 1, 'both');
      await other.backend.stop();
    });
  });

  test('says redis-auth for a wrong password, and shows none', async () => {
    const server = await RedisServer.start({ password: 'correct-horse' });
    const right = watched(server.url);
    const wrong = watched(`redis://:battery-staple@127.0.0.1:${server.port}`);
    const none = watched(`redis://127.0.0.1:${server.port}`);
    await Promise.all([right.backend.start(), wrong.backend.start(), none.backend.start()]);
    expect(right.backend.outage).toBeNull();
    expect(wrong.backend.outage).toBe('redis-auth');
    expect(none.backend.outage).toBe('redis-auth');
    expect(await refusals(wrong.backend)).toEqual(['redis-auth']);
    await server.cli('CONFIG', 'SET', 'requirepass', 'battery-staple');
    expect(await msUntil(() => wrong.backend.outage === null, 'no outage')).toBeLessThan(1_000);
    const shown = JSON.stringify([right.lines, wrong.lines, none.lines, right.backend.address]);
    expect(shown).not.toMatch(/correct-horse|battery-staple/);
    expect(losses(wrong.lines)).toEqual(['redis lost redis-auth', 'redis back']);
    await Promise.all([right.backend.stop(), wrong.backend.stop(), none.backend.stop()]);
    await server.stop();
  });

  const refusing: [what: string, outage: string, begin: string[], end: string[]][] = [
    ['is a replica', 'redis-readonly', ['REPLICAOF', '127.0.0.1', '1'], ['REPLICAOF', 'NO', 'ONE']],
    ['is full', 'redis-full', ['CONFIG', 'SET', 'maxmemory', '1'], ['CONFIG', 'SET', 'maxmemory', '0']],
    [
      'refuses writes for another reason',
      'redis-refuses',
      ['CONFIG', 'SET', 'min-replicas-to-write', '1'],
      ['CONFIG', 'SET', 'min-replicas-to-write', '0'],
    ],
  ];
  for (const [what, outage, begin, end] of refusing) {
    test(`says ${outage} while Redis ${what}`, async () => {
      await withRedis({}, async (server, all) => {
        const { backend } = all;
        await server.cli(...begin);
        expect(await msUntil(() => backend.outage === outage, outage)).toBeLessThan(2_000);
        await passes(1_200);
        expect(backend.outage).toBe(outage);
        await expect(backend.records.create('account', 'ana', {})).rejects.toBeInstanceOf(Unavailable);
        await server.cli(...end);
        expect(await msUntil(() => backend.outage === null, 'no outage')).toBeLessThan(1_000);
        await wholeWay(backend);
        expect(losses(all.lines)).toEqual([`redis lost ${outage}`, 'redis back']);
      });
    });
  }

  describe('with half-open connections', () => {
    async function withProxy(check: (proxy: TcpProxy, all: Watched) => Promise<void>): Promise<void> {
      const server = await RedisServer.start();
      const proxy = await TcpProxy.start(server.port);
      const all = watched(`redis://127.0.0.1:${proxy.port}`);
      await all.backend.start();
      try {
        await check(proxy, all);
      } finally {
        await all.backend.stop();
        await proxy.stop();
        await server.stop();
      }
    }

    test('replaces the one for commands', async () => {
      await withProxy(async (proxy, { backend }) => {
        proxy.connections('clock-commands')[0]?.silence();
        expect(await msUntil(() => backend.outage === 'redis-down', 'the outage')).toBeLessThan(2_000);
        expect(await msUntil(() => backend.outage === null, 'no outage')).toBeLessThan(1_000);
        await wholeWay(backend);
      });
    });

    test('replaces the subscription', async () => {
      await withProxy(async (proxy, all) => {
        const { backend } = all;
        proxy.connections('clock-subscription')[0]?.silence();
        await publish(backend, 'unheard');
        expect(await msUntil(() => backend.outage === 'redis-deaf', 'the outage')).toBeLessThan(2_000);
        expect(await msUntil(() => backend.outage === null, 'no outage')).toBeLessThan(1_000);
        await until(() => all.missed === 1, 'that messages may be missing');
        expect(all.ticks).toEqual(['unheard']);
        expect(losses(all.lines)).toEqual(['redis lost redis-deaf', 'redis back']);
      });
    });

    test('replaces the one that waits for jobs', async () => {
      await withProxy(async (proxy, { backend }) => {
        const popping = backend.ticks.pop(AbortSignal.timeout(10_000));
        const waiting = await until(() => proxy.connections('clock-queue')[0], 'the connection');
        await passes(100);
        waiting.silence();
        await until(() => !waiting.open, 'its end');
        const lease = await until(() => backend.ticks.acquireLease('beat'), 'the lease');
        const one = job(backend);
        await backend.ticks.push(one, 'beat', lease.term);
        expect(await popping).toEqual(one);
        expect(backend.outage).toBeNull();
      });
    });

    test('is back soon after the network is', async () => {
      await withProxy(async (proxy, { backend }) => {
        proxy.silence();
        expect(await msUntil(() => backend.outage === 'redis-down', 'the outage')).toBeLessThan(2_000);
        await passes(1_500);
        proxy.restore();
        expect(await msUntil(() => backend.outage === null, 'no outage')).toBeLessThan(1_000);
      });
    });
  });

  test('stops at once also while Redis is frozen, and leaves no connection', async () => {
    await withRedis({}, async (server, { backend }) => {
      server.pause();
      await until(() => backend.outage !== null, 'the outage');
      expect(await msUntilDone(backend.stop())).toBeLessThan(500);
      server.resume();
      await until(async () => (await server.cli('CLIENT', 'LIST')).split('\n').length === 1, 'only redis-cli');
    });
  });

  test('refuses to start on data of a newer schema, and leaves it as it is', async () => {
    const server = await RedisServer.start();
    await server.cli('SET', 'p:clock:{p:time}:schema', '2');
    const { backend } = watched(server.url);
    const failure = await backend.start().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(UserError);
    expect((failure as UserError).message).toMatch(/^redis:\/\/127\.0\.0\.1:\d+\/0: .*schema 2/);
    expect(await server.cli('KEYS', '*')).toBe('p:clock:{p:time}:schema');
    await server.stop();
  });

  test('says redis-schema when it meets a newer schema later', async () => {
    await withRedis({}, async (server, { backend }) => {
      await server.cli('SET', 'p:clock:{p:time}:schema', '2');
      await until(() => backend.outage === 'redis-schema', 'the outage', 2_000);
      expect(await refusals(backend)).toEqual(['redis-schema']);
      await server.cli('SET', 'p:clock:{p:time}:schema', '1');
      await until(() => backend.outage === null, 'no outage', 1_000);
    });
  });

  test('tells whether Redis persists and may evict', async () => {
    await withRedis({}, async (server, { backend }) => {
      expect(await backend.checkDurability()).toEqual({
        persistence: expect.stringContaining('set appendonly yes'),
        eviction: null,
      });
      await server.cli('CONFIG', 'SET', 'appendonly', 'yes');
      await server.cli('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
      expect(await backend.checkDurability()).toEqual({
        persistence: null,
        eviction: expect.stringContaining('policy noeviction'),
      });
    });
  });

  test('asks nothing more of Redis for a subscriber than for none', async () => {
    await withRedis({}, async (server, { backend }) => {
      for (let n = 0; n < 50; n++) backend.ticks.subscribe(() => {});
      await passes(1_000);
      const before = await commandsOf(server);
      await publish(backend, 'one');
      expect((await commandsOf(server)) - before).toBeLessThan(15);
    });
  });
});

describe.concurrent('redis backends of one Redis', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(() => server.stop());

  async function two(
    urls: [string, string],
    prefixes: [string, string],
    check: (one: Watched, other: Watched) => Promise<void>,
  ): Promise<void> {
    const [one, other] = [watched(urls[0], prefixes[0]), watched(urls[1], prefixes[1])];
    await Promise.all([one.backend.start(), other.backend.start()]);
    try {
      await check(one, other);
    } finally {
      await Promise.all([one.backend.stop(), other.backend.stop()]);
    }
  }

  test('share everything under one prefix', async () => {
    const prefix = `${randomUUID()}:`;
    await two([server.url, server.url], [prefix, prefix], async (one, other) => {
      const [a, b] = [one.backend, other.backend];
      const lease = await until(() => a.ticks.acquireLease('a'), 'the lease');
      expect(await b.ticks.acquireLease('b')).toBeNull();
      const due = job(a);
      const popping = b.ticks.pop(AbortSignal.timeout(5_000));
      await a.ticks.push(due, 'a', lease.term);
      expect(await popping).toEqual(due);
      await b.ticks.publish(due, '15:03:27', 'UTC');
      await until(() => one.ticks.length === 1 && other.ticks.length === 1, 'the tick on both');
      await a.records.publish('news');
      await until(() => one.told.length === 1 && other.told.length === 1, 'the message on both');
      await a.records.create('account', 'ana', { n: 1 });
      expect(await b.records.get('account', 'ana')).toEqual({ n: 1 });
      const limit = { name: 'sign-in', maxAttempts: 1, windowMs: 60_000 };
      await a.limiter.consume(limit, 'ana');
      expect(await b.limiter.consume(limit, 'ana')).not.toBeNull();
      await a.reportConnections('a', 2);
      expect(await b.reportConnections('b', 3)).toBe(5);
    });
  });

  const apart: [what: string, dbs: [number, number], prefixes: [string, string]][] = [
    ['prefix', [3, 3], ['one:', 'other:']],
    ['database', [4, 5], ['same:', 'same:']],
  ];
  for (const [what, dbs, prefixes] of apart) {
    test(`share nothing under another ${what}`, async () => {
      const urls = dbs.map((db) => `redis://127.0.0.1:${server.port}/${db}`) as [string, string];
      await two(urls, prefixes, async (one, other) => {
        await wholeWay(one.backend);
        expect(await other.backend.ticks.acquireLease('other')).not.toBeNull();
        expect(await other.backend.ticks.last('time')).toBeNull();
        await one.backend.records.create('account', 'ana', {});
        expect(await other.backend.records.list('account')).toEqual([]);
        await one.backend.records.publish('news');
        await other.backend.records.publish('other news');
        await publish(other.backend, 'other tick');
        await until(() => other.ticks.length > 0 && other.told.length > 0, 'its own');
        expect(other).toMatchObject({ ticks: ['other tick'], told: ['other news'] });
        expect(one).toMatchObject({ ticks: ['15:03:27'], told: ['news'] });
      });
    });
  }

  test('store the latest time as the article does, and every other key with its tag', async () => {
    const url = `redis://127.0.0.1:${server.port}/6`;
    await two([url, url], ['', ''], async ({ backend }) => {
      await wholeWay(backend);
      await backend.ticks.publish(job(backend, { task: 'date' }), '2026-11-25', 'UTC');
      await backend.records.create('account', 'ana', {});
      await backend.limiter.consume({ name: 'sign-in', maxAttempts: 1, windowMs: 60_000 }, 'ana');
      await backend.reportConnections('web', 1);
      expect(await server.cli('-n', '6', 'GET', 'time')).toBe('15:03:27');
      const keys = (await server.cli('-n', '6', 'KEYS', '*')).split('\n');
      expect(keys.length).toBeGreaterThan(8);
      expect(keys.filter((key) => key !== 'time' && !key.startsWith('clock:{time}:'))).toEqual([]);
    });
  });
});

describe('house time of the redis backend', () => {
  test("is Redis's, whatever this host's clock says, and the difference is warned about once", async () => {
    await withRedis({}, async (server, { backend, lines }) => {
      const real = Date.now.bind(Date);
      const clock = vi.spyOn(Date, 'now').mockImplementation(() => real() - 3_600_000);
      try {
        await until(() => lines.some(({ msg }) => msg.includes('differs from house time')), 'the warning');
        await passes(2_000);
        const [seconds] = (await server.cli('TIME')).split('\n');
        expect(Math.abs(backend.time.now() - Number(seconds) * 1_000)).toBeLessThan(1_100);
        expect(Math.round(backend.time.offsetMs / 1_000)).toBe(3_600);
        expect(lines.filter(({ msg }) => msg.includes('differs from house time'))).toHaveLength(1);
      } finally {
        clock.mockRestore();
      }
    });
  });
});

async function msUntilDone(promise: Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await promise;
  return performance.now() - begin;
}

async function commandsOf(server: RedisServer): Promise<number> {
  return Number(/total_commands_processed:(\d+)/.exec(await server.cli('INFO', 'stats'))?.[1]);
}
