import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Session } from '../../src/auth/session.ts';
import { Unavailable } from '../../src/backend/backend.ts';
import type { MessageListener } from '../../src/backend/records.ts';
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
  const revalidate = async (batch: Iterable<Session>): Promise<Set<Session>> => {
    const failure = failures.shift();
    if (failure !== undefined) throw failure;
    revalidated.push([...batch].length);
    return new Set();
  };
  const monitor = new SessionMonitor({
    hub: {
      sessions: () => open,
      endDue: (now) => void ended.push(...open.filter(({ expiresAt }) => expiresAt <= now).map(({ jti }) => jti)),
      endSession: (jti) => void ended.push(jti),
    },
    sessions: { onEnded: () => {}, revalidate },
    records: { subscribe: (listener) => void listeners.push(listener) },
    time,
  });
  return { monitor, revalidated, ended, failures, time, gap: () => listeners[0]?.onGap({ replaced: false }) };
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
    await vi.advanceTimersByTimeAsync(1_600);
    expect(revalidated).toEqual([1]);
    await monitor.stop();
  });

  test('ends a session that expires, within a second', async () => {
    const { monitor, ended, time } = monitorOf([sessionOf('a', 1_000), sessionOf('b', 2_000)]);
    await monitor.start();
    time.nowMs = 1_000;
    await vi.advanceTimersByTimeAsync(700);
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
