import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { alignedInterval } from '../../src/time/aligned-interval.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('intervals that begin at different times run at the same instants, until they end', async () => {
  const runs: [name: string, at: number][] = [];
  const begin = performance.timeOrigin + performance.now();
  await vi.advanceTimersByTimeAsync(700 - (begin % 700) + 123);
  const origin = performance.now() - 123;
  const run = (name: string) => (): void => void runs.push([name, Math.round(performance.now() - origin)]);
  const endA = alignedInterval(run('a'), 700);
  await vi.advanceTimersByTimeAsync(321);
  const endB = alignedInterval(run('b'), 700);
  await vi.advanceTimersByTimeAsync(1_800);
  const instants = [700, 1_400, 2_100];
  expect(runs).toEqual(
    instants.flatMap((at) => [
      ['a', at],
      ['b', at],
    ]),
  );
  endA();
  endB();
  expect(vi.getTimerCount()).toBe(0);
});
