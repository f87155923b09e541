import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Unavailable, type Outage } from '../../src/backend/backend.ts';
import { HealthCheck } from '../../src/backend/redis/health-check.ts';
import { Keys } from '../../src/backend/redis/keys.ts';
import type { ReconnectingConnection } from '../../src/backend/redis/reconnecting-connection.ts';
import type { RedisClient } from '../../src/backend/redis/redis-client.ts';
import { RemoteTime } from '../../src/time/house-time.ts';
import { pause } from '../../src/time/pause.ts';
import { recordedLog } from '../support/recorded-log.ts';

const start = Date.UTC(2026, 10, 25, 12);
/** The checks of a new connection. */
const burstMs = 1_000;

beforeEach(() => {
  vi.useFakeTimers({ now: start });
});

afterEach(() => {
  vi.useRealTimers();
});

/** A running health check, over a Redis whose answers a test chooses. */
function healthCheckOn(redis = { schema: '1', installation: 'one', isDown: false, aheadMs: 0, latencyMs: 0 }) {
  let checks = 0;
  const { log, lines } = recordedLog();
  const outages: (Outage | null)[] = [];
  const answer = (): [string, string, string, string] => {
    const now = Date.now() + redis.aheadMs;
    const seconds = Math.floor(now / 1_000);
    return [redis.schema, redis.installation, String(seconds), String((now - seconds * 1_000) * 1_000)];
  };
  const client = {
    checkHealth: async () => {
      checks += 1;
      await pause(redis.latencyMs);
      return answer();
    },
  } as unknown as RedisClient;
  const commands = {
    client,
    reconnect: () => {},
    run: async (command: (client: RedisClient) => Promise<unknown>) => {
      if (redis.isDown) throw new Unavailable('redis-down');
      return command(client);
    },
  } as unknown as ReconnectingConnection;
  const time = new RemoteTime(0);
  const check = new HealthCheck({
    keys: new Keys('', 0),
    commands,
    time,
    log,
    answerTimeoutMs: 1_000,
    onHealth: (outage) => outages.push(outage),
    onReplaced: () => {},
  });
  const ended = new AbortController();
  const running = check.run(ended.signal);
  const stop = async (): Promise<void> => {
    ended.abort();
    await running;
  };
  /** Runs a script every `everyMs`, for `forMs`. Returns the number of checks in that time. */
  const checksBeside = async (everyMs: number, forMs: number): Promise<number> => {
    checks = 0;
    for (let passedMs = 0; passedMs < forMs; passedMs += everyMs) {
      expect(await check.runAsCheck(async () => ['a result', ...answer()])).toBe('a result');
      await vi.advanceTimersByTimeAsync(everyMs);
    }
    return checks;
  };
  return { check, time, redis, outages, lines, checksBeside, stop };
}

describe('health check', () => {
  test('is repeated every 750 ms, or 750 ms after the last script that counts as one', async () => {
    const { check, checksBeside, stop } = healthCheckOn();
    await vi.advanceTimersByTimeAsync(burstMs);
    expect(await checksBeside(700, 70_000)).toBe(0);
    expect(await checksBeside(1_000, 10_000)).toBe(10);
    // A script that has not written proves nothing.
    const unwritten = async (): Promise<[null]> => [null];
    for (let n = 0; n < 10; n += 1) {
      expect(await check.runAsCheck(unwritten)).toBeNull();
      await vi.advanceTimersByTimeAsync(100);
    }
    expect(await checksBeside(700, 700)).toBe(0);
    await stop();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('is postponed by messages of another connection, until 1,050 ms after the last one at most', async () => {
    const { check, checksBeside, stop } = healthCheckOn();
    await vi.advanceTimersByTimeAsync(burstMs);
    const every500Ms = setInterval(() => check.postpone(), 500);
    expect(await checksBeside(1_000, 10_000)).toBe(0);
    expect(await checksBeside(2_000, 10_000)).toBe(5);
    clearInterval(every500Ms);
    expect(await checksBeside(760, 7_600)).toBe(10);
    await stop();
    expect(vi.getTimerCount()).toBe(0);
  });

  test.each([
    ['schema', { schema: '2' }],
    ['installation id', { installation: 'another' }],
  ])('follows within 750 ms if a script returns another %s', async (_what, change) => {
    const { redis, checksBeside, stop } = healthCheckOn();
    await vi.advanceTimersByTimeAsync(burstMs);
    Object.assign(redis, change);
    expect(await checksBeside(100, 800)).toBeGreaterThan(0);
    await stop();
  });

  test('finds an outage within 750 ms although scripts counted as checks before', async () => {
    const { redis, outages, check, checksBeside, stop } = healthCheckOn();
    await vi.advanceTimersByTimeAsync(burstMs);
    await checksBeside(500, 5_000);
    expect(outages.at(-1)).toBeNull();
    redis.isDown = true;
    await expect(check.runAsCheck(async () => ['never'])).rejects.toThrow(Unavailable);
    await vi.advanceTimersByTimeAsync(751);
    expect(outages.at(-1)).toBe('redis-down');
    await stop();
  });

  test('follows at once if a script fails when it was due while the script ran', async () => {
    const { redis, outages, check, checksBeside, stop } = healthCheckOn();
    await vi.advanceTimersByTimeAsync(burstMs);
    await checksBeside(500, 1_000);
    const answer = Promise.withResolvers<[string]>();
    const late = check.runAsCheck(() => answer.promise).catch((error: unknown) => error);
    redis.isDown = true;
    await vi.advanceTimersByTimeAsync(600);
    expect(outages.at(-1)).toBeNull();
    answer.reject(new Unavailable('redis-down'));
    expect(await late).toBeInstanceOf(Unavailable);
    await vi.advanceTimersByTimeAsync(1);
    expect(outages.at(-1)).toBe('redis-down');
    await stop();
  });

  test('estimates house time from the answers of scripts', async () => {
    const { time, checksBeside, stop } = healthCheckOn();
    await vi.advanceTimersByTimeAsync(burstMs);
    vi.setSystemTime(Date.now() + 60_000);
    await checksBeside(500, 1_000);
    expect(Math.abs(time.offsetMs)).toBeLessThan(1);
    await stop();
  });

  test('warns of the clock of this host after the first checks, not after a script among them', async () => {
    const { lines, checksBeside, stop } = healthCheckOn({
      schema: '1',
      installation: 'one',
      isDown: false,
      aheadMs: 1_000,
      latencyMs: 0,
    });
    const warnings = () => lines.filter(({ msg }) => msg.startsWith("this host's clock differs"));
    await vi.advanceTimersByTimeAsync(0);
    await checksBeside(100, 300);
    expect(warnings()).toEqual([]);
    await vi.advanceTimersByTimeAsync(burstMs);
    expect(warnings()).toMatchObject([{ offsetMs: 1_000 }]);
    await stop();
  });

  test('reports an outage within 2 s while Redis answers each command after 3 s', async () => {
    const { redis, outages, stop } = healthCheckOn();
    await vi.advanceTimersByTimeAsync(burstMs);
    redis.latencyMs = 3_000;
    await vi.advanceTimersByTimeAsync(2_000);
    expect(outages.at(-1)).toBe('redis-down');
    outages.length = 0;
    await vi.advanceTimersByTimeAsync(20_000);
    expect(new Set(outages)).toEqual(new Set(['redis-down']));
    redis.latencyMs = 0;
    await vi.advanceTimersByTimeAsync(3_000);
    expect(outages.at(-1)).toBeNull();
    await stop();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('reports an outage if a script that counts as a check is answered late', async () => {
    const { redis, outages, check, stop } = healthCheckOn();
    await vi.advanceTimersByTimeAsync(burstMs);
    redis.latencyMs = 3_000;
    const late = async (): Promise<[string]> => {
      await pause(3_000);
      return ['late'];
    };
    const failure = check.runAsCheck(late).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(1_001);
    expect(await failure).toBeInstanceOf(Unavailable);
    expect(outages.at(-1)).toBe('redis-down');
    redis.latencyMs = 0;
    await vi.advanceTimersByTimeAsync(3_000);
    await stop();
  });
});
