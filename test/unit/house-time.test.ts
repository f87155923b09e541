import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { HostTime, RemoteTime } from '../../src/time/house-time.ts';

const start = Date.UTC(2026, 10, 25, 12);

beforeEach(() => {
  vi.useFakeTimers({ now: start, toFake: ['Date', 'performance', 'setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Steps the wall clock and leaves the monotonic clock alone. */
function stepWallClock(ms: number): void {
  vi.setSystemTime(Date.now() + ms);
}

describe('the time of this host', () => {
  test('is its wall clock with a fraction of a millisecond', () => {
    const time = new HostTime();
    for (const passed of [0, 1, 17, 1_000]) {
      vi.advanceTimersByTime(passed);
      expect(time.now() - Date.now()).toBeGreaterThanOrEqual(0);
      expect(time.now() - Date.now()).toBeLessThanOrEqual(1);
    }
    expect([time.errorMs, time.offsetMs]).toEqual([0, 0]);
  });

  test.each([3_600_000, -3_600_000])('follows a step of the wall clock by %i ms', (stepMs) => {
    const time = new HostTime();
    time.now();
    stepWallClock(stepMs);
    expect(Math.abs(time.now() - Date.now())).toBeLessThanOrEqual(1);
  });
});

describe('the time of another host', () => {
  /** Adds an exchange with an authority that is an hour ahead. Request and response take 2 ms each. */
  function exchange(time: RemoteTime, aheadMs = 3_600_000): boolean {
    const sentAt = performance.now();
    const received = start + aheadMs + sentAt + 2;
    vi.advanceTimersByTime(4);
    return time.add({ sentAt, received, sent: received, arrivedAt: performance.now() });
  }

  test('is this host’s wall clock before the first exchange, with an infinite error', () => {
    const time = new RemoteTime(0.002);
    expect(time.now()).toBe(Date.now());
    expect(time.errorMs).toBe(Infinity);
  });

  test('is the authority’s after the first exchange, within half the round trip', () => {
    const time = new RemoteTime(0.002);
    expect(exchange(time)).toBe(false);
    expect(time.now()).toBeCloseTo(start + 3_600_000 + performance.now(), 3);
    expect(time.errorMs).toBeCloseTo(2.002, 3);
  });

  test('does not follow a step of this host’s wall clock', () => {
    const time = new RemoteTime(0.002);
    exchange(time);
    const before = time.now();
    stepWallClock(-7_200_000);
    expect(time.now()).toBeCloseTo(before, 3);
    vi.advanceTimersByTime(500);
    expect(time.now()).toBeCloseTo(before + 500, 3);
  });

  test('has the offset of this host’s wall clock', () => {
    const time = new RemoteTime(0.002);
    exchange(time);
    expect(Math.abs(time.offsetMs - 3_600_000)).toBeLessThan(performance.now() + 1);
  });

  test('follows a step of the authority, and reports it', () => {
    const time = new RemoteTime(0.002);
    exchange(time);
    expect(exchange(time, 1_800_000)).toBe(true);
    expect(time.now()).toBeCloseTo(start + 1_800_000 + performance.now(), 3);
  });

  test('has an error that grows with the age of the last exchange', () => {
    const time = new RemoteTime(0.002);
    exchange(time);
    vi.advanceTimersByTime(1_000_000);
    expect(time.errorMs).toBeCloseTo(52.002, 2);
  });
});
