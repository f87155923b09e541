import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { HostTime, RemoteTime } from '../../src/time/house-time.ts';

const start = Date.UTC(2026, 10, 25, 12);

beforeEach(() => {
  vi.useFakeTimers({ now: start, toFake: ['Date', 'performance', 'setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Moves this host's wall clock alone. */
function stepWallClock(ms: number): void {
  vi.setSystemTime(Date.now() + ms);
}

describe('the time of this host', () => {
  test('is its wall clock, never further from it than its own millisecond', () => {
    const time = new HostTime();
    for (const passed of [0, 1, 17, 1_000]) {
      vi.advanceTimersByTime(passed);
      expect(time.now() - Date.now()).toBeGreaterThanOrEqual(0);
      expect(time.now() - Date.now()).toBeLessThanOrEqual(1);
    }
    expect([time.errorMs, time.offsetMs]).toEqual([0, 0]);
  });

  test.each([3_600_000, -3_600_000])('follows a step of its wall clock by %i ms', (stepMs) => {
    const time = new HostTime();
    time.now();
    stepWallClock(stepMs);
    expect(Math.abs(time.now() - Date.now())).toBeLessThanOrEqual(1);
  });
});

describe('the time of another host', () => {
  /** An exchange with an authority that is an hour ahead, over a way of 2 ms there and 2 ms back. */
  function ask(time: RemoteTime, aheadMs = 3_600_000): boolean {
    const sentAt = performance.now();
    const received = start + aheadMs + sentAt + 2;
    vi.advanceTimersByTime(4);
    return time.add({ sentAt, received, sent: received, arrivedAt: performance.now() });
  }

  test('is this host’s before the first exchange, with no bound at all', () => {
    const time = new RemoteTime(0.002);
    expect(time.now()).toBe(Date.now());
    expect(time.errorMs).toBe(Infinity);
  });

  test('is the authority’s after it, within half of the way', () => {
    const time = new RemoteTime(0.002);
    expect(ask(time)).toBe(false);
    expect(time.now()).toBeCloseTo(start + 3_600_000 + performance.now(), 3);
    expect(time.errorMs).toBeCloseTo(2.002, 3);
  });

  test('goes on as it was when this host’s wall clock jumps', () => {
    const time = new RemoteTime(0.002);
    ask(time);
    const before = time.now();
    stepWallClock(-7_200_000);
    expect(time.now()).toBeCloseTo(before, 3);
    vi.advanceTimersByTime(500);
    expect(time.now()).toBeCloseTo(before + 500, 3);
  });

  test('says how far this host’s wall clock is off', () => {
    const time = new RemoteTime(0.002);
    ask(time);
    expect(Math.abs(time.offsetMs - 3_600_000)).toBeLessThan(performance.now() + 1);
  });

  test('is stepped with the authority, and says so', () => {
    const time = new RemoteTime(0.002);
    ask(time);
    expect(ask(time, 1_800_000)).toBe(true);
    expect(time.now()).toBeCloseTo(start + 1_800_000 + performance.now(), 3);
  });

  test('is less sure the longer nobody was asked', () => {
    const time = new RemoteTime(0.002);
    ask(time);
    vi.advanceTimersByTime(1_000_000);
    expect(time.errorMs).toBeCloseTo(52.002, 2);
  });
});
