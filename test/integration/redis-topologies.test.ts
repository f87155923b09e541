import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Job } from '../../src/backend/ticks.ts';
import { RedisBackend } from '../../src/backend/redis/redis-backend.ts';
import { describeRedisTarget, parseRedisTarget } from '../../src/backend/redis/target.ts';
import { BadValue } from '../../src/option-parsers.ts';
import { freePort } from '../support/free-port.ts';
import { pushAsLeader } from '../support/push-as-leader.ts';
import { recordedLog, type LogLine } from '../support/recorded-log.ts';
import { RedisCluster } from '../support/redis-cluster.ts';
import { lessPatient, RedisServer } from '../support/redis-server.ts';
import { until } from '../support/until.ts';

interface ObservedBackend {
  backend: RedisBackend;
  lines: LogLine[];
  ticks: string[];
}

function observe(url: string, prefix = ''): ObservedBackend {
  const { log, lines } = recordedLog();
  const backend = new RedisBackend({ target: parseRedisTarget(url), prefix, channels: ['time'], log, ...lessPatient });
  const ticks: string[] = [];
  backend.ticks.subscribe((_channel, frame) => ticks.push(Buffer.from(frame).toString()));
  return { backend, lines, ticks };
}

/** Takes one tick from the lease to the subscriber. */
async function sendTick({ backend, ticks }: ObservedBackend): Promise<void> {
  await until(() => backend.ticks.acquireLease('beat').catch(() => null), 'the lease');
  const at = Math.floor(backend.time.now());
  const job: Job = { task: 'time', at, everyMs: 500, expiresAt: at + 10_000 };
  expect(await pushAsLeader(backend.ticks, job)).toBe('pushed');
  expect(await backend.ticks.pop(AbortSignal.timeout(20_000))).toEqual(job);
  expect(await backend.ticks.publish(job, '15:03:27', 'UTC')).toBe('published');
  await until(() => ticks.at(-1)?.includes(`"at":${at},`), 'the tick');
}

describe.concurrent('address of a Redis', () => {
  const good: [url: string, target: object, shown: string][] = [
    [
      'redis://127.0.0.1',
      { kind: 'single', tls: false, host: '127.0.0.1', port: 6379, db: 0 },
      'redis://127.0.0.1:6379/0',
    ],
    [
      'rediss://ana:p%40ss:w@cache.example:6380/3',
      { kind: 'single', tls: true, host: 'cache.example', port: 6380, db: 3, username: 'ana', password: 'p@ss:w' },
      'rediss://cache.example:6380/3',
    ],
    [
      'redis://:p@ss/w?#@[::1]:7000/',
      { kind: 'single', tls: false, host: '::1', port: 7000, db: 0, password: 'p@ss/w?#' },
      'redis://[::1]:7000/0',
    ],
    [
      'redis+sentinel://:secret@a:26379,b:26380,c/clock-master',
      {
        kind: 'sentinel',
        sentinels: [
          { host: 'a', port: 26379 },
          { host: 'b', port: 26380 },
          { host: 'c', port: 26379 },
        ],
        name: 'clock-master',
        password: 'secret',
      },
      'redis+sentinel://a:26379,b:26380,c:26379/clock-master',
    ],
    [
      'redis+cluster://ana:secret@a,b:7001',
      {
        kind: 'cluster',
        seeds: [
          { host: 'a', port: 6379 },
          { host: 'b', port: 7001 },
        ],
        username: 'ana',
        password: 'secret',
      },
      'redis+cluster://a:6379,b:7001',
    ],
  ];
  for (const [url, target, shown] of good) {
    test(`parses ${url}`, () => {
      expect(parseRedisTarget(url)).toEqual(target);
      expect(describeRedisTarget(parseRedisTarget(url))).toBe(shown);
    });
  }

  const bad = [
    'sesame',
    'http://sesame',
    'redis://',
    'redis://:sesame',
    'redis://user:sesame',
    'redis://sesame:70000',
    'redis://h:0',
    'redis://h/sesame',
    'redis://h/1/2',
    'redis://h?db=1',
    'redis://a,b',
    'redis://sesame@h',
    'redis://:100%sesame@h',
    'redis+sentinel://a,b',
    'redis+sentinel://a,b/',
    'redis+sentinel://a,,b/name',
    'redis+cluster://a/1',
  ];
  for (const url of bad) {
    test(`refuses ${url} in one line that contains no part of it`, () => {
      const refuse = (): unknown => parseRedisTarget(url);
      expect(refuse).toThrow(BadValue);
      expect(refuse).toThrow(/^the address of a Redis: .*redis:\/\/.*$/);
      expect(refuse).not.toThrow(/sesame/);
    });
  }
});

describe('Redis Sentinel', () => {
  test('the backend follows the master after a failover by command and after a crash', async () => {
    const password = 'secret';
    const master = await RedisServer.start({ password });
    const replicaof = `127.0.0.1 ${master.port}`;
    const replica = await RedisServer.start({ password, settings: { replicaof, 'repl-diskless-sync-delay': '0' } });
    const sentinel = await RedisServer.start({
      sentinel: [
        `sentinel monitor main 127.0.0.1 ${master.port} 1`,
        `sentinel auth-pass main ${password}`,
        'sentinel down-after-milliseconds main 500',
        'sentinel failover-timeout main 1500',
      ],
    });
    const closed = await freePort();
    const all = observe(`redis+sentinel://:${password}@127.0.0.1:${closed},127.0.0.1:${sentinel.port}/main`);
    const { backend } = all;
    await backend.start();
    await until(() => backend.outage === null, 'the master');
    await sendTick(all);

    const replicas = (): Promise<string> => sentinel.cli('SENTINEL', 'REPLICAS', 'main');
    await until(async () => (await replicas()).includes(String(replica.port)), 'the replica', 15_000, 100);
    await until(async () => (await sentinel.cli('SENTINEL', 'FAILOVER', 'main')) === 'OK', 'the failover', 15_000, 100);
    // A master that becomes a replica closes its connections.
    const role = async (server: RedisServer): Promise<string> =>
      (await server.cli('ROLE').catch(() => '')).split('\n')[0] ?? '';
    await until(async () => (await role(replica)) === 'master', 'the new master', 15_000, 100);
    await until(async () => (await role(master)) === 'slave', 'the new replica', 15_000, 100);
    await until(() => backend.outage === null, 'no outage');
    await sendTick(all);
    expect(await replica.cli('GET', 'time')).toBe('15:03:27');

    await until(async () => (await replicas()).includes(String(master.port)), 'the old master as replica', 15_000, 100);
    await replica.crash();
    await until(async () => (await role(master)) === 'master', 'the old master as master again', 15_000, 100);
    await until(() => backend.outage === null, 'no outage');
    await sendTick(all);
    await backend.stop();
    await Promise.all([sentinel.stop(), replica.stop(), master.stop()]);
  }, 120_000);
});

describe('Redis Cluster', () => {
  let cluster: RedisCluster;
  let nodes: readonly RedisServer[];
  beforeAll(async () => {
    cluster = await RedisCluster.start(3);
    nodes = cluster.masters;
  });
  afterAll(() => cluster[Symbol.asyncDispose]());

  test('the backend serves with any node as the seed and any slot for its keys', async () => {
    const closed = await freePort();
    for (const [index, { port }] of nodes.entries()) {
      const all = observe(`redis+cluster://127.0.0.1:${closed},127.0.0.1:${port}`, `p${index}:`);
      await all.backend.start();
      await until(() => all.backend.outage === null, 'no outage');
      await sendTick(all);
      const { records, limiter } = all.backend;
      expect(await records.create('account', 'ana', { n: 1 })).toBe(true);
      expect(await records.list('account')).toEqual([{ id: 'ana', value: { n: 1 } }]);
      const limit = { name: 'sign-in', maxAttempts: 1, windowMs: 60_000 };
      expect([await limiter.consume(limit, 'ana'), await limiter.check(limit, 'ana')]).toEqual([
        null,
        expect.any(Number),
      ]);
      await all.backend.stop();
    }
  });

  test('backends with different seeds receive the same ticks', async () => {
    const [one, other] = nodes.map(({ port }) => observe(`redis+cluster://127.0.0.1:${port}`, 'shared:')) as [
      ObservedBackend,
      ObservedBackend,
    ];
    await Promise.all([one.backend.start(), other.backend.start()]);
    await sendTick(one);
    await until(() => other.ticks.length === 1, 'the tick');
    expect(other.ticks).toEqual(one.ticks);
    await Promise.all([one.backend.stop(), other.backend.stop()]);
  });

  test('the backend follows its slot to another node', async () => {
    const [first] = nodes as [RedisServer];
    const all = observe(`redis+cluster://127.0.0.1:${first.port}`, 'moving:');
    const { backend } = all;
    await backend.start();
    await sendTick(all);
    const slot = await first.cli('CLUSTER', 'KEYSLOT', 'moving:time');
    const owner = await until(async () => await holderOf('moving:time'), 'the owner');
    const target = nodes.find((node) => node !== owner) as RedisServer;
    const [ownerId, targetId] = [await owner.cli('CLUSTER', 'MYID'), await target.cli('CLUSTER', 'MYID')];
    await target.cli('CLUSTER', 'SETSLOT', slot, 'IMPORTING', ownerId);
    await owner.cli('CLUSTER', 'SETSLOT', slot, 'MIGRATING', targetId);
    // The backend may write new keys in the meantime.
    await until(async () => {
      const keys = (await owner.cli('CLUSTER', 'GETKEYSINSLOT', slot, '100')).split('\n').filter((key) => key !== '');
      if (keys.length === 0) return true;
      await owner.cli('MIGRATE', '127.0.0.1', String(target.port), '', '0', '1000', 'REPLACE', 'KEYS', ...keys);
      return false;
    }, 'the move of all keys');
    await target.cli('CLUSTER', 'SETSLOT', slot, 'NODE', targetId);
    await owner.cli('CLUSTER', 'SETSLOT', slot, 'NODE', targetId);
    await until(async () => (await holderOf('moving:time')) === target, 'the new owner');
    await sendTick(all);
    await until(() => backend.outage === null, 'no outage');
    await backend.stop();
  });

  async function holderOf(key: string): Promise<RedisServer | null> {
    for (const node of nodes) if ((await node.cli('EXISTS', key)) === '1') return node;
    return null;
  }
});
