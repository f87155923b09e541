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
    [500, [1_000, 2_000, 3_000]],
    [1_000, [1_000, 2_000, 3_000]],
    [100, [800, 1_600, 2_400]],
  ])('runs with a tick, with one every %i ms at %j', async (everyMs, expected) => {
    const { runs, remove, tick } = recording();
    await tick(everyMs, 3_000 / everyMs);
    expect(runs).toEqual(expected);
    remove();
  });

  test('runs without ticks, and with them again', async () => {
    const { runs, remove, tick } = recording();
    await vi.advanceTimersByTimeAsync(2_100);
    expect(runs).toEqual([1_020, 2_040]);
    await tick(400, 2);
    expect(runs).toEqual([1_020, 2_040, 2_900]);
    remove();
  });

  test('runs all tasks together, until they are removed', async () => {
    const { housekeeping, runs, remove, tick } = recording();
    await vi.advanceTimersByTimeAsync(100);
    let others = 0;
    const removeOther = housekeeping.add(() => (others += 1));
    await tick(900, 1);
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
