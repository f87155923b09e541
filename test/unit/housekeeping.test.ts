import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Housekeeping } from '../../src/web/housekeeping.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A task that records when it runs, ms after the start. */
function recording() {
  const housekeeping = new Housekeeping();
  const startedAt = performance.now();
  const runs: number[] = [];
  const remove = housekeeping.add(() => void runs.push(performance.now() - startedAt));
  /** Ticks every `everyMs`, the first after that time. */
  const tick = async (everyMs: number, count: number): Promise<void> => {
    for (let n = 0; n < count; n += 1) {
      await vi.advanceTimersByTimeAsync(everyMs);
      housekeeping.onTick();
    }
  };
  return { housekeeping, runs, remove, tick };
}

describe('housekeeping', () => {
  test.each([
    [100, [700, 1_400, 2_100, 2_800]],
    [300, [900, 1_800, 2_700]],
    [500, [1_000, 2_000, 3_000]],
  ])('runs with a tick, with one every %i ms at %j', async (everyMs, expected) => {
    const { runs, remove, tick } = recording();
    await tick(everyMs, 3_000 / everyMs);
    expect(runs).toEqual(expected);
    remove();
  });

  test('runs every 700 ms without ticks, and with them again', async () => {
    const { runs, remove, tick } = recording();
    await vi.advanceTimersByTimeAsync(1_500);
    expect(runs).toEqual([700, 1_400]);
    await tick(400, 2);
    expect(runs).toEqual([700, 1_400, 2_300]);
    remove();
  });

  test.each([600, 700, 1_000, 5_000])('runs at least every 1,020 ms, with a tick every %i ms', async (everyMs) => {
    const { runs, remove, tick } = recording();
    await tick(everyMs, 20_000 / everyMs);
    const gaps = runs.map((at, index) => at - (runs[index - 1] ?? 0));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(1_020);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(700);
    remove();
  });

  test('runs 1,020 ms after the last run if the ticks end in between', async () => {
    const { runs, remove, tick } = recording();
    await tick(500, 1);
    await vi.advanceTimersByTimeAsync(600);
    expect(runs).toEqual([1_020]);
    remove();
  });

  test('runs all tasks together, until they are removed', async () => {
    const { housekeeping, runs, remove, tick } = recording();
    await vi.advanceTimersByTimeAsync(100);
    let others = 0;
    const removeOther = housekeeping.add(() => (others += 1));
    await tick(450, 2);
    expect([runs, others]).toEqual([[1_000], 1]);
    remove();
    await tick(1_000, 1);
    expect([runs, others]).toEqual([[1_000], 2]);
    removeOther();
    expect(vi.getTimerCount()).toBe(0);
    await tick(1_000, 2);
    expect([runs, others]).toEqual([[1_000], 2]);
  });
});
