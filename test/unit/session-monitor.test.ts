import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Session } from '../../src/auth/session.ts';
import { Unavailable } from '../../src/backend/backend.ts';
import type { MessageListener } from '../../src/backend/records.ts';
import { Housekeeping } from '../../src/web/housekeeping.ts';
import { SessionMonitor } from '../../src/web/session-monitor.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function sessionOf(jti: string, expiresAt = Number.MAX_SAFE_INTEGER): Session {
  return { jti, expiresAt } as Session;
}

/** A monitor over sessions with open sockets. `revalidated` has the size of each batch. */
function monitorOf(open: Session[]) {
  const revalidated: number[] = [];
  const ended: string[] = [];
  const listeners: MessageListener[] = [];
  const failures: Error[] = [];
  const time = { nowMs: 0, now: () => time.nowMs };
  const startedAt = performance.now();
  let polls = 0;
  /** Lets house time follow the clock of the test. */
  const followClock = (): void => {
    time.now = () => performance.now() - startedAt;
  };
  const revalidate = async (batch: Iterable<Session>): Promise<Set<Session>> => {
    const failure = failures.shift();
    if (failure !== undefined) throw failure;
    revalidated.push([...batch].length);
    return new Set();
  };
  const monitor = new SessionMonitor({
    hub: {
      sessions: () => open,
      endDue: (now) => {
        polls += 1;
        const isDue = ({ jti, expiresAt }: Session): boolean => expiresAt <= now && !ended.includes(jti);
        ended.push(...open.filter(isDue).map(({ jti }) => jti));
        return Math.min(...open.map(({ expiresAt }) => expiresAt).filter((expiresAt) => expiresAt > now));
      },
      endSession: (jti) => void ended.push(jti),
    },
    sessions: { onEnded: () => {}, revalidate },
    records: { subscribe: (listener) => void listeners.push(listener) },
    time,
    housekeeping: new Housekeeping(),
  });
  return {
    monitor,
    revalidated,
    ended,
    failures,
    time,
    followClock,
    polls: () => polls,
    gap: () => listeners[0]?.onGap({ replaced: false }),
  };
}

describe('the session monitor', () => {
  test('revalidates 20,000 sessions in batches after a gap, each of them once', async () => {
    const { monitor, revalidated, gap } = monitorOf(
      Array.from({ length: 20_000 }, (_, index) => sessionOf(`${index}`)),
    );
    await monitor.start();
    gap();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(Math.max(...revalidated)).toBeLessThanOrEqual(500);
    expect(revalidated.reduce((sum, size) => sum + size, 0)).toBe(20_000);
    await monitor.stop();
  });

  test('tries again after an outage', async () => {
    const { monitor, revalidated, failures, gap } = monitorOf([sessionOf('a')]);
    failures.push(new Unavailable('redis-down'), new Unavailable('redis-down'));
    await monitor.start();
    gap();
    await vi.advanceTimersByTimeAsync(2_100);
    expect(revalidated).toEqual([1]);
    await monitor.stop();
  });

  test('ends each session when it expires', async () => {
    const { monitor, ended, time, followClock } = monitorOf([
      sessionOf('b', 4_999),
      sessionOf('a', 1_500),
      sessionOf('c', 60_000),
    ]);
    followClock();
    await monitor.start();
    for (const [instant, expected] of [
      [1_500, ['a']],
      [4_999, ['a', 'b']],
    ] as const) {
      await vi.advanceTimersByTimeAsync(instant - 2 - time.now());
      expect(ended).not.toEqual(expected);
      await vi.advanceTimersByTimeAsync(4);
      expect(ended).toEqual(expected);
    }
    await monitor.stop();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('polls every 50 ms at most, however many sessions expire one after the other', async () => {
    const sessions = Array.from({ length: 1_000 }, (_, index) => sessionOf(`${index}`, index * 10));
    const { monitor, ended, polls, followClock } = monitorOf(sessions);
    followClock();
    await monitor.start();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(ended.length).toBeGreaterThan(900);
    expect(polls()).toBeLessThanOrEqual(10_000 / 50 + 20);
    await monitor.stop();
  });

  test('ends a session within about a second if house time is stepped beyond its expiry', async () => {
    const { monitor, ended, time } = monitorOf([sessionOf('a', 10_000), sessionOf('b', 20_000)]);
    await monitor.start();
    time.nowMs = 10_000;
    await vi.advanceTimersByTimeAsync(1_020);
    expect(ended).toEqual(['a']);
    await monitor.stop();
  });

  test('does nothing after it has stopped', async () => {
    const { monitor, revalidated, gap } = monitorOf([sessionOf('a')]);
    await monitor.start();
    await monitor.stop();
    expect(vi.getTimerCount()).toBe(0);
    gap();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(revalidated).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });
});
