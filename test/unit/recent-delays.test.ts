import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { RecentDelays } from '../../src/time/recent-delays.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('recent delays', () => {
  test('include a delay for one to two minutes, however often they are read', () => {
    const delays = new RecentDelays();
    vi.advanceTimersByTime(59_000);
    delays.record(5);
    const counts = [1, 58_000, 2_000, 59_000].map((ms) => {
      vi.advanceTimersByTime(ms);
      return [delays.read().count, delays.read().count];
    });
    expect(counts).toEqual([
      [1, 1],
      [1, 1],
      [1, 1],
      [0, 0],
    ]);
  });

  test('include none after two minutes without any', () => {
    const delays = new RecentDelays();
    delays.record(5);
    vi.advanceTimersByTime(120_000);
    expect(delays.read().count).toBe(0);
    delays.record(7);
    expect([delays.read().count, delays.read().max]).toEqual([1, 7]);
  });
});
