import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { Unavailable, type RosterChanges } from '../../src/backend/backend.ts';
import type { Job } from '../../src/backend/ticks.ts';
import { Keys } from '../../src/backend/redis/keys.ts';
import { RedisBackend } from '../../src/backend/redis/redis-backend.ts';
import { parseRedisTarget } from '../../src/backend/redis/target.ts';
import { UserError } from '../../src/lifecycle.ts';
import type { RemoteTime } from '../../src/time/house-time.ts';
import { freePort } from '../support/free-port.ts';
import { pushAsLeader } from '../support/push-as-leader.ts';
import { recordedLog, type LogLine } from '../support/recorded-log.ts';
import { patient, RedisServer, type RedisServerOptions } from '../support/redis-server.ts';
import { stopwatch } from '../support/stopwatch.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { msUntil, passes, until } from '../support/until.ts';

const noRows: RosterChanges = { after: 0, rows: {} };

const channels = ['time', 'date'];

/** The default, with which an outage shows within 2 s. A busy machine may then cause one, too. */
const impatient = {};

/** A backend and everything that it delivered. */
interface ObservedBackend {
  backend: RedisBackend;
  lines: LogLine[];
  ticks: string[];
  messages: string[];
  gaps: number;
}

function observe(url: string, prefix = 'p:', timeouts: { startTimeoutMs?: number } = patient): ObservedBackend {
  const { log, lines } = recordedLog();
  const backend = new RedisBackend({ target: parseRedisTarget(url), prefix, channels, log, ...timeouts });
  const all: ObservedBackend = { backend, lines, ticks: [], messages: [], gaps: 0 };
  backend.ticks.subscribe((channel, frame) => {
    const { message } = JSON.parse(Buffer.from(frame).toString()) as { message: Record<string, unknown> };
    all.ticks.push(String(message[channel]));
  });
  backend.records.subscribe({ onMessage: (message) => all.messages.push(message), onGap: () => all.gaps++ });
  return all;
}

/** Starts a backend that serves, and has never had an outage, although Redis may answer late on a busy machine. */
async function startServing(port: number, timeouts: { startTimeoutMs?: number }): Promise<ObservedBackend> {
  return until(async () => {
    const all = observe(`redis://127.0.0.1:${port}`, 'p:', timeouts);
    await all.backend.start();
    if (all.backend.outage === null) return all;
    await all.backend.stop();
    return null;
  }, 'a backend serves');
}

async function withRedis(
  options: RedisServerOptions,
  check: (server: RedisServer, all: ObservedBackend) => Promise<void>,
  timeouts: { startTimeoutMs?: number } = patient,
): Promise<void> {
  const server = await RedisServer.start(options);
  const all = await startServing(server.port, timeouts);
  try {
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

/** Takes one tick from the lease to its publication. */
async function sendTick(backend: RedisBackend): Promise<void> {
  const { ticks } = backend;
  const one = job(backend);
  expect(await pushAsLeader(ticks, one)).toBe('pushed');
  const popped = await ticks.pop(AbortSignal.timeout(20_000));
  expect(popped).toEqual(one);
  expect(await ticks.publish(one, '15:03:27', 'UTC')).toBe('published');
}

/** Calls every method of a backend. Returns the distinct outages that they reject with, within 1.3 s. */
async function outagesOf(backend: RedisBackend): Promise<string[]> {
  const { ticks, records, limiter } = backend;
  const limit = { name: 'sign-in', maxAttempts: 1, windowMs: 1_000 };
  const elapsedMs = stopwatch();
  const calls = [
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
    backend.reportConnections('web', 1, noRows),
    backend.readRoster(),
    backend.checkDurability(),
  ];
  const results = await Promise.allSettled<unknown>(calls);
  expect(elapsedMs()).toBeLessThan(1_300);
  return [
    ...new Set(
      results.map((result) => {
        if (result.status === 'fulfilled') return 'fulfilled';
        return result.reason instanceof Unavailable ? result.reason.outage : String(result.reason);
      }),
    ),
  ];
}

function outageLog(lines: readonly LogLine[]): string[] {
  return lines.filter(({ msg }) => msg.startsWith('Redis ')).map(({ msg, outage }) => `${msg} ${outage ?? ''}`.trim());
}

describe.concurrent('Redis backend', () => {
  test('starts without a Redis and serves once there is one', async () => {
    const port = await freePort();
    const all = observe(`redis://127.0.0.1:${port}`);
    const { backend, lines } = all;
    expect(await msUntilDone(backend.start())).toBeLessThan(1_500);
    expect(backend.outage).toBe('redis-down');
    expect(await outagesOf(backend)).toEqual(['redis-down']);
    const server = await RedisServer.start({ port });
    expect(await msUntil(() => backend.outage === null, 'no outage')).toBeLessThan(1_000);
    await sendTick(backend);
    expect(outageLog(lines)).toEqual(['Redis cannot serve redis-down', 'Redis serves again']);
    // Other processes may have published messages before.
    await until(() => all.gaps > 0, 'the gap is reported');
    await backend.stop();
    await server.stop();
  });

  test('recovers from a crash that loses all data', async () => {
    await withRedis({}, async (server, all) => {
      const { backend } = all;
      const before = await until(() => backend.ticks.acquireLease('beat'), 'the lease');
      const popping = backend.ticks.pop(AbortSignal.timeout(30_000));
      await publish(backend, 'before');
      await server.crash();
      expect(await msUntil(() => backend.outage === 'redis-down', 'the outage')).toBeLessThan(2_000);
      expect(await outagesOf(backend)).toEqual(['redis-down']);
      await server.begin();
      expect(await msUntil(() => backend.outage === null, 'no outage')).toBeLessThan(1_000);
      const lease = await until(() => backend.ticks.acquireLease('beat'), 'the lease');
      expect(lease.term).toBeGreaterThan(before.term);
      const one = job(backend);
      expect(await pushAsLeader(backend.ticks, one)).toBe('pushed');
      expect(await popping).toEqual(one);
      await publish(backend, 'after');
      await until(() => all.ticks.length === 2, 'the tick after');
      expect(all.ticks).toEqual(['before', 'after']);
      await until(() => all.gaps > 0, 'the gap is reported');
      expect(outageLog(all.lines)).toEqual(['Redis cannot serve redis-down', 'Redis serves again']);
    });
  });

  test('continues after a crash with the data that Redis has stored', async () => {
    // On a busy disk `everysec` may not have written the data yet.
    await withRedis({ settings: { appendonly: 'yes', appendfsync: 'always' } }, async (server, all) => {
      const { backend } = all;
      await sendTick(backend);
      await backend.records.create('account', 'ana', { n: 1 });
      const last = await backend.ticks.last('time');
      await server.crash();
      await server.begin();
      await until(() => backend.outage === null, 'no outage');
      expect(await backend.ticks.last('time')).toEqual(last);
      expect(await backend.records.get('account', 'ana')).toEqual({ n: 1 });
      await until(() => all.gaps === 1, 'the gap is reported');
      await sendTick(backend);
      await until(() => all.ticks.length === 2, 'the tick after');
    });
  });

  test('recovers from a frozen Redis', async () => {
    await withRedis(
      {},
      async (server, all) => {
        const { backend } = all;
        const popping = backend.ticks.pop(AbortSignal.timeout(30_000));
        server.pause();
        const rejected = outagesOf(backend);
        expect(await msUntil(() => backend.outage === 'redis-down', 'the outage')).toBeLessThan(2_000);
        expect(await rejected).toEqual(['redis-down']);
        await passes(1_500);
        server.resume();
        expect(await msUntil(() => backend.outage === null, 'no outage')).toBeLessThan(1_000);
        const one = job(backend);
        expect(await pushAsLeader(backend.ticks, one)).toBe('pushed');
        expect(await popping).toEqual(one);
        await publish(backend, 'after');
        await until(() => all.ticks.includes('after'), 'the tick after');
        await until(() => all.gaps > 0, 'the gap is reported');
      },
      impatient,
    );
  });

  test('delivers the last tick after a gap in the subscription, once', async () => {
    await withRedis({}, async (server, all) => {
      const { backend } = all;
      for (let round = 1; round <= 5; round++) {
        await publish(backend, `before ${round}`);
        const gapsBefore = all.gaps;
        await server.cli('CLIENT', 'KILL', 'TYPE', 'pubsub');
        await publish(backend, `during ${round}`);
        await until(() => all.gaps > gapsBefore, 'the gap is reported');
        await publish(backend, `after ${round}`);
        await until(() => all.ticks.at(-1) === `after ${round}`, 'the tick after');
      }
      const rounds = [1, 2, 3, 4, 5];
      expect(all.ticks).toEqual(rounds.flatMap((n) => [`before ${n}`, `during ${n}`, `after ${n}`]));
      expect(backend.outage).toBeNull();
    });
  });

  test('works after SCRIPT FLUSH', async () => {
    await withRedis({}, async (server, { backend, lines }) => {
      await sendTick(backend);
      await server.cli('SCRIPT', 'FLUSH');
      await sendTick(backend);
      expect(await backend.records.create('account', 'ana', {})).toBe(true);
      await server.cli('SCRIPT', 'FLUSH');
      expect(await backend.limiter.consume({ name: 'sign-in', maxAttempts: 1, windowMs: 1_000 }, 'ana')).toBeNull();
      expect(outageLog(lines)).toEqual([]);
    });
  });

  test('ignores invalid jobs', async () => {
    await withRedis({}, async (server, { backend }) => {
      const queue = new Keys('p:', 0).queue;
      const at = backend.time.now();
      const job: Job = { task: 'time', at, everyMs: 1_000, expiresAt: at + 1_000 };
      await server.cli('RPUSH', queue, 'nonsense', '{"task":1}', 'null', JSON.stringify(job));
      expect(await backend.ticks.pop(new AbortController().signal)).toEqual(job);
    });
  });

  test('reports FLUSHALL within a second; seq and term keep rising', async () => {
    await withRedis({}, async (server, all) => {
      const { backend } = all;
      await sendTick(backend);
      const [before, lease] = [await backend.ticks.last('time'), await backend.ticks.acquireLease('beat')];
      await server.cli('FLUSHALL');
      expect(await msUntil(() => all.gaps > 0, 'the replacement is reported')).toBeLessThan(1_100);
      await sendTick(backend);
      expect((await backend.ticks.last('time'))?.seq).toBeGreaterThan(before?.seq ?? Infinity);
      expect((await backend.ticks.acquireLease('beat'))?.term).toBeGreaterThan(lease?.term ?? Infinity);
      await passes(1_000);
      expect(all.gaps).toBe(1);
    });
  });

  test('both of two backends report FLUSHALL although only one of them creates the new id', async () => {
    await withRedis({}, async (server, all) => {
      const other = observe(server.url);
      await other.backend.start();
      await server.cli('FLUSHALL');
      await until(() => all.gaps === 1 && other.gaps === 1, 'both');
      await other.backend.stop();
    });
  });

  test('reports redis-auth for a wrong password and logs no password', async () => {
    const server = await RedisServer.start({ password: 'correct-horse' });
    const right = observe(server.url);
    const wrong = observe(`redis://:battery-staple@127.0.0.1:${server.port}`);
    const none = observe(`redis://127.0.0.1:${server.port}`);
    await Promise.all([right.backend.start(), wrong.backend.start(), none.backend.start()]);
    expect(right.backend.outage).toBeNull();
    expect(wrong.backend.outage).toBe('redis-auth');
    expect(none.backend.outage).toBe('redis-auth');
    expect(await outagesOf(wrong.backend)).toEqual(['redis-auth']);
    await server.cli('CONFIG', 'SET', 'requirepass', 'battery-staple');
    expect(await msUntil(() => wrong.backend.outage === null, 'no outage')).toBeLessThan(1_000);
    const shown = JSON.stringify([right.lines, wrong.lines, none.lines, right.backend.address]);
    expect(shown).not.toMatch(/correct-horse|battery-staple/);
    expect(outageLog(wrong.lines)).toEqual(['Redis cannot serve redis-auth', 'Redis serves again']);
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
    test(`reports ${outage} while Redis ${what}`, async () => {
      await withRedis({}, async (server, all) => {
        const { backend } = all;
        await server.cli(...begin);
        expect(await msUntil(() => backend.outage === outage, outage)).toBeLessThan(2_000);
        await passes(1_200);
        expect(backend.outage).toBe(outage);
        await expect(backend.records.create('account', 'ana', {})).rejects.toBeInstanceOf(Unavailable);
        await server.cli(...end);
        expect(await msUntil(() => backend.outage === null, 'no outage')).toBeLessThan(1_000);
        await sendTick(backend);
        expect(outageLog(all.lines)).toEqual([`Redis cannot serve ${outage}`, 'Redis serves again']);
      });
    });
  }

  describe('with half-open connections', () => {
    async function withProxy(check: (proxy: TcpProxy, all: ObservedBackend) => Promise<void>): Promise<void> {
      const server = await RedisServer.start();
      const proxy = await TcpProxy.start(server.port);
      const all = await startServing(proxy.port, impatient);
      try {
        await check(proxy, all);
      } finally {
        await all.backend.stop();
        await proxy.stop();
        await server.stop();
      }
    }

    test('replaces the connection for commands', async () => {
      await withProxy(async (proxy, { backend }) => {
        proxy.connections('clock-commands')[0]?.silence();
        expect(await msUntil(() => backend.outage === 'redis-down', 'the outage')).toBeLessThan(2_000);
        expect(await msUntil(() => backend.outage === null, 'no outage')).toBeLessThan(1_000);
        await sendTick(backend);
      });
    });

    test('replaces the subscription', async () => {
      await withProxy(async (proxy, all) => {
        const { backend } = all;
        proxy.connections('clock-subscription')[0]?.silence();
        await publish(backend, 'lost');
        expect(await msUntil(() => backend.outage === 'redis-deaf', 'the outage')).toBeLessThan(2_000);
        expect(await msUntil(() => backend.outage === null, 'no outage')).toBeLessThan(1_000);
        await until(() => all.gaps === 1, 'the gap is reported');
        expect(all.ticks).toEqual(['lost']);
        expect(outageLog(all.lines)).toEqual(['Redis cannot serve redis-deaf', 'Redis serves again']);
      });
    });

    test('replaces the connection that waits for jobs', async () => {
      await withProxy(async (proxy, { backend }) => {
        const popping = backend.ticks.pop(AbortSignal.timeout(30_000));
        const waiting = await until(() => proxy.connections('clock-queue')[0], 'the connection');
        await passes(100);
        waiting.silence();
        await until(() => !waiting.isOpen, 'its end');
        const one = job(backend);
        expect(await pushAsLeader(backend.ticks, one)).toBe('pushed');
        expect(await popping).toEqual(one);
        expect(backend.outage).toBeNull();
      });
    });

    test('serves within a second of the end of a network fault', async () => {
      await withProxy(async (proxy, { backend }) => {
        proxy.silence();
        expect(await msUntil(() => backend.outage === 'redis-down', 'the outage')).toBeLessThan(2_000);
        await passes(1_500);
        proxy.restore();
        expect(await msUntil(() => backend.outage === null, 'no outage')).toBeLessThan(1_000);
      });
    });
  });

  test('logs an unexpected error of its background work and recovers', async () => {
    await withRedis({}, async (_server, { backend, lines }) => {
      const add = vi.spyOn(backend.time as RemoteTime, 'add').mockImplementationOnce(() => {
        throw new Error('broken');
      });
      await until(() => lines.some(({ msg }) => msg === 'unexpected error in the Redis backend'), 'the log line');
      const calls = add.mock.calls.length;
      await until(() => add.mock.calls.length > calls && backend.outage === null, 'the next health check');
      await sendTick(backend);
    });
  });

  test('stops at once while Redis is frozen and leaves no connection', async () => {
    await withRedis(
      {},
      async (server, { backend }) => {
        server.pause();
        await until(() => backend.outage !== null, 'the outage');
        expect(await msUntilDone(backend.stop())).toBeLessThan(500);
        server.resume();
        await until(async () => (await server.cli('CLIENT', 'LIST')).split('\n').length === 1, 'only redis-cli');
      },
      impatient,
    );
  });

  test('refuses to start on data with a newer schema and does not change it', async () => {
    const server = await RedisServer.start();
    await server.cli('SET', 'p:clock:{p:time}:schema', '2');
    const { backend } = observe(server.url);
    const failure = await backend.start().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(UserError);
    expect((failure as UserError).message).toMatch(/^redis:\/\/127\.0\.0\.1:\d+\/0: .*schema 2/);
    expect(await server.cli('KEYS', '*')).toBe('p:clock:{p:time}:schema');
    await server.stop();
  });

  test('reports redis-schema if a newer schema appears later', async () => {
    await withRedis({}, async (server, { backend }) => {
      await server.cli('SET', 'p:clock:{p:time}:schema', '2');
      await until(() => backend.outage === 'redis-schema', 'the outage');
      expect(await outagesOf(backend)).toEqual(['redis-schema']);
      await server.cli('SET', 'p:clock:{p:time}:schema', '1');
      await until(() => backend.outage === null, 'no outage');
    });
  });

  test('reports missing persistence and possible eviction', async () => {
    await withRedis({}, async (server, { backend }) => {
      expect(await backend.checkDurability()).toEqual([
        { name: 'persistence', problem: expect.stringContaining('set appendonly yes') },
      ]);
      await server.cli('CONFIG', 'SET', 'appendonly', 'yes');
      await server.cli('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
      expect(await backend.checkDurability()).toEqual([
        { name: 'eviction', problem: expect.stringContaining('policy noeviction') },
      ]);
    });
  });

  test('sends no more commands with 50 subscribers than with one', async () => {
    await withRedis({}, async (server, { backend }) => {
      for (let n = 0; n < 50; n++) backend.ticks.subscribe(() => {});
      await passes(1_000);
      const before = await commandsOf(server);
      await publish(backend, 'one');
      // Health checks may fall in between. Each subscriber would add a command.
      expect((await commandsOf(server)) - before).toBeLessThan(50);
    });
  });
});

describe.concurrent('Redis backends with one Redis', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(() => server.stop());

  async function two(
    urls: [string, string],
    prefixes: [string, string],
    check: (one: ObservedBackend, other: ObservedBackend) => Promise<void>,
  ): Promise<void> {
    const [one, other] = [observe(urls[0], prefixes[0]), observe(urls[1], prefixes[1])];
    await Promise.all([one.backend.start(), other.backend.start()]);
    try {
      await check(one, other);
    } finally {
      await Promise.all([one.backend.stop(), other.backend.stop()]);
    }
  }

  test('share all data under one prefix', async () => {
    const prefix = `${randomUUID()}:`;
    await two([server.url, server.url], [prefix, prefix], async (one, other) => {
      const [a, b] = [one.backend, other.backend];
      // A stall of the machine may end the lease in between.
      const isRefused = async (): Promise<boolean> =>
        (await a.ticks.acquireLease('a')) !== null && (await b.ticks.acquireLease('b')) === null;
      await until(isRefused, 'the lease of a is refused to b');
      const popping = b.ticks.pop(AbortSignal.timeout(20_000));
      const due = job(a);
      expect(await pushAsLeader(a.ticks, due, 'a')).toBe('pushed');
      expect(await popping).toEqual(due);
      await b.ticks.publish(due, '15:03:27', 'UTC');
      await until(() => one.ticks.length === 1 && other.ticks.length === 1, 'the tick on both');
      await a.records.publish('news');
      await until(() => one.messages.length === 1 && other.messages.length === 1, 'the message on both');
      await a.records.create('account', 'ana', { n: 1 });
      expect(await b.records.get('account', 'ana')).toEqual({ n: 1 });
      const limit = { name: 'sign-in', maxAttempts: 1, windowMs: 60_000 };
      await a.limiter.consume(limit, 'ana');
      expect(await b.limiter.consume(limit, 'ana')).not.toBeNull();
      await a.reportConnections('a', 2, { after: 0, rows: { lobby: { n: 1 } } });
      expect(await b.reportConnections('b', 3, noRows)).toMatchObject({ total: 5 });
      expect((await b.readRoster()).get('a')).toEqual(new Map([['lobby', { n: 1 }]]));
    });
  });

  const apart: [what: string, dbs: [number, number], prefixes: [string, string]][] = [
    ['prefix', [3, 3], ['one:', 'other:']],
    ['database', [4, 5], ['same:', 'same:']],
  ];
  for (const [what, dbs, prefixes] of apart) {
    test(`share nothing with a different ${what}`, async () => {
      const urls = dbs.map((db) => `redis://127.0.0.1:${server.port}/${db}`) as [string, string];
      await two(urls, prefixes, async (one, other) => {
        await sendTick(one.backend);
        expect(await other.backend.ticks.acquireLease('other')).not.toBeNull();
        expect(await other.backend.ticks.last('time')).toBeNull();
        await one.backend.records.create('account', 'ana', {});
        expect(await other.backend.records.list('account')).toEqual([]);
        await one.backend.records.publish('news');
        await other.backend.records.publish('other news');
        await publish(other.backend, 'other tick');
        await until(() => other.ticks.length > 0 && other.messages.length > 0, 'its own tick and message');
        expect(other).toMatchObject({ ticks: ['other tick'], messages: ['other news'] });
        expect(one).toMatchObject({ ticks: ['15:03:27'], messages: ['news'] });
      });
    });
  }

  test('store the latest time as the string `time` and every other key with its hash tag', async () => {
    const url = `redis://127.0.0.1:${server.port}/6`;
    await two([url, url], ['', ''], async ({ backend }) => {
      await sendTick(backend);
      await backend.ticks.publish(job(backend, { task: 'date' }), '2026-11-25', 'UTC');
      await backend.records.create('account', 'ana', {});
      await backend.limiter.consume({ name: 'sign-in', maxAttempts: 1, windowMs: 60_000 }, 'ana');
      await backend.reportConnections('web', 1, { after: 0, rows: { lobby: {} } });
      expect(await server.cli('-n', '6', 'GET', 'time')).toBe('15:03:27');
      const keys = (await server.cli('-n', '6', 'KEYS', '*')).split('\n');
      expect(keys.length).toBeGreaterThan(8);
      expect(keys.filter((key) => key !== 'time' && !key.startsWith('clock:{time}:'))).toEqual([]);
    });
  });
});

describe('house time of the Redis backend', () => {
  test("is Redis's time whatever this host's clock says, and a difference is logged once", async () => {
    await withRedis({}, async (server, { backend, lines }) => {
      const real = Date.now.bind(Date);
      const clock = vi.spyOn(Date, 'now').mockImplementation(() => real() - 3_600_000);
      try {
        await until(() => lines.some(({ msg }) => msg.includes('differs from house time')), 'the warning');
        await passes(2_000);
        const before = backend.time.now();
        const redisMs = Number((await server.cli('TIME')).split('\n')[0]) * 1_000;
        // Redis answers in whole seconds. The error of house time is far below the other 100 ms.
        expect(redisMs).toBeGreaterThan(before - 1_100);
        expect(redisMs).toBeLessThan(backend.time.now() + 100);
        expect(Math.round(backend.time.offsetMs / 1_000)).toBe(3_600);
        expect(lines.filter(({ msg }) => msg.includes('differs from house time'))).toHaveLength(1);
      } finally {
        clock.mockRestore();
      }
    });
  });
});

describe('the roster in Redis', () => {
  test('is sent again after Redis was emptied', async () => {
    await withRedis({}, async (server, { backend }) => {
      const { rosterVersion } = await backend.reportConnections('web', 1, { after: 0, rows: { lobby: { n: 1 } } });
      await backend.readRoster();
      await server.cli('FLUSHALL');
      const lost = await backend.reportConnections('web', 1, { after: rosterVersion, rows: { bar: { n: 1 } } });
      expect(lost).toEqual({ total: 1, rosterVersion: 0 });
      await backend.reportConnections('web', 1, { after: 0, rows: { gym: { n: 2 } } });
      expect((await backend.readRoster()).get('web')).toEqual(new Map([['gym', { n: 2 }]]));
    });
  });

  test('expires with the reports of its process', async () => {
    await withRedis({}, async (server, { backend }) => {
      const { rosterVersion } = await backend.reportConnections('web', 1, noRows);
      await backend.reportConnections('web', 1, { after: rosterVersion, rows: { lobby: { n: 1 } } });
      const keys = (await server.cli('KEYS', '*roster*')).split('\n');
      expect(keys).toHaveLength(2);
      for (const key of keys) {
        const leftMs = Number(await server.cli('PTTL', key));
        expect(leftMs).toBeGreaterThan(0);
        expect(leftMs).toBeLessThanOrEqual(30_000);
      }
    });
  });

  test('costs one command per report, and per read one for each process that changed', async () => {
    await withRedis({}, async (server, { backend }) => {
      const commandsFor = async (act: () => Promise<unknown>): Promise<number> => {
        const calls = async (name: string): Promise<number> => {
          const stats = await server.cli('INFO', 'commandstats');
          return Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
        };
        const all = async () => (await calls('hgetall')) + (await calls('lrange'));
        const before = await all();
        await act();
        return (await all()) - before;
      };
      const one = await backend.reportConnections('one', 1, { after: 0, rows: { lobby: {} } });
      await backend.reportConnections('two', 1, { after: 0, rows: { bar: {} } });
      expect(await commandsFor(() => backend.readRoster())).toBe(3);
      expect(await commandsFor(() => backend.readRoster())).toBe(1);
      await backend.reportConnections('one', 1, { after: one.rosterVersion, rows: { lobby: { n: 1 } } });
      expect(await commandsFor(() => backend.readRoster())).toBe(2);
    });
  });
});

async function msUntilDone(promise: Promise<unknown>): Promise<number> {
  const elapsedMs = stopwatch();
  await promise;
  return elapsedMs();
}

async function commandsOf(server: RedisServer): Promise<number> {
  return Number(/total_commands_processed:(\d+)/.exec(await server.cli('INFO', 'stats'))?.[1]);
}
