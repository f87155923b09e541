import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { newestDue, nextDue, staleAfterMs } from '../../src/time/grid.ts';

describe('grid', () => {
  test('the newest due instant is the last multiple of the interval, at or before the present', () => {
    expect(newestDue(1_763_906_607_499.9, 500)).toBe(1_763_906_607_000);
    expect(newestDue(1_763_906_607_500, 500)).toBe(1_763_906_607_500);
  });

  test('the next instant is on the grid, at most one interval after the present', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 4e12, noNaN: true }), fc.integer({ min: 50, max: 60_000 }), (now, every) => {
        const next = nextDue(now, every);
        expect(next % every).toBe(0);
        expect(next).toBeGreaterThan(now);
        expect(next - now).toBeLessThanOrEqual(every);
      }),
    );
  });

  test('a screen is stale after 1.5 intervals, and not before 2 s', () => {
    expect([50, 500, 2_000, 60_000].map(staleAfterMs)).toEqual([2_000, 2_000, 3_000, 90_000]);
  });
});
