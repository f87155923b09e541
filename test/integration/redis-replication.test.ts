import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { RedisBackend } from '../../src/backend/redis/redis-backend.ts';
import { parseRedisTarget } from '../../src/backend/redis/target.ts';
import { silentLogger } from '../../src/logger.ts';
import { patient, RedisServer } from '../support/redis-server.ts';
import { until } from '../support/until.ts';

let primary: RedisServer;
let replica: RedisServer;
let backend: RedisBackend;

beforeAll(async () => {
  primary = await RedisServer.start();
  const replicaof = `127.0.0.1 ${primary.port}`;
  replica = await RedisServer.start({ settings: { replicaof, 'repl-diskless-sync-delay': '0' } });
  await until(async () => /state=online/.test(await primary.cli('INFO', 'replication')), 'the replica', 20_000, 50);
  backend = new RedisBackend({
    target: parseRedisTarget(primary.url),
    prefix: '',
    channels: ['time'],
    log: silentLogger(),
    ...patient,
  });
  await backend.start();
});
afterAll(async () => {
  await backend.stop();
  await replica.stop();
  await primary.stop();
});
beforeEach(async () => {
  await backend.records.delete('account', 'ana');
  await backend.records.create('account', 'ana', { n: 1 });
  await primary.cli('CONFIG', 'RESETSTAT');
});

/** The number of WAIT commands since the start of the test. */
async function waits(): Promise<number> {
  return Number(/cmdstat_wait:calls=(\d+)/.exec(await primary.cli('INFO', 'commandstats'))?.[1] ?? 0);
}

describe('with a replica, the backend', () => {
  test('deletes and publishes, and resolves when the replica has acknowledged the deletion', async () => {
    await backend.records.deleteAndPublish('account', ['ana'], 'ended');
    expect(await waits()).toBe(1);
  });

  test('changes and publishes, and resolves when the replica has acknowledged the change', async () => {
    expect(await backend.records.updateAndPublish('account', 'ana', () => ({ n: 2 }), 'ended')).toBe(true);
    expect(await waits()).toBe(1);
  });

  test('does not wait after a change that it does not publish', async () => {
    expect(await backend.records.update('account', 'ana', () => ({ n: 2 }))).toBe(true);
    expect(await waits()).toBe(0);
  });

  test('resolves although the replica acknowledges nothing, after 100 ms', async () => {
    replica.pause();
    const begin = performance.now();
    await backend.records.deleteAndPublish('account', ['ana'], 'ended');
    const tookMs = performance.now() - begin;
    replica.resume();
    expect(tookMs).toBeGreaterThan(95);
    expect(await backend.records.get('account', 'ana')).toBeNull();
  });
});

test('without a replica, the backend does not wait', async () => {
  const alone = await RedisServer.start();
  const target = parseRedisTarget(alone.url);
  const lone = new RedisBackend({ target, prefix: '', channels: ['time'], log: silentLogger(), ...patient });
  await lone.start();
  await lone.records.create('account', 'ana', { n: 1 });
  await lone.records.deleteAndPublish('account', ['ana'], 'ended');
  expect(await alone.cli('INFO', 'commandstats')).not.toContain('cmdstat_wait');
  await lone.stop();
  await alone.stop();
});
