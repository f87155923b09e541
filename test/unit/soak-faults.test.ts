import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { durationMs, faultList, processCounts, type Fault } from '../../bench/soak/fault-list.ts';

const seeds = fc.integer({ min: 0, max: 2 ** 32 - 1 });

function faultsOf(seed: number, minutes: number): Fault[] {
  return faultList(seed, minutes).flatMap(({ faults }) => faults);
}

/** The number of processes among which the fault names one. */
function countOf(fault: Extract<Fault, { index: number }>): number {
  return processCounts['role' in fault ? fault.role : 'web'];
}

describe('the list of faults', () => {
  test('is the same for the same seed and duration, and another one for another seed', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        expect(faultList(seed, 5)).toEqual(faultList(seed, 5));
      }),
    );
    expect(faultList(1, 30)).not.toEqual(faultList(2, 30));
  });

  test('contains every kind of fault within 30 minutes', () => {
    const kinds = new Set(
      faultsOf(1, 30).map((fault) => ('role' in fault ? `${fault.kind} ${fault.role}` : fault.kind)),
    );
    const roles = ['web', 'worker', 'beat'].flatMap((role) =>
      ['kill', 'freeze', 'cut-redis', 'restart'].map((kind) => `${kind} ${role}`),
    );
    const others = ['restart every', 'cut-clients', 'reset-clients', 'freeze-redis', 'kill-redis', 'end-sessions'];
    expect([...kinds].toSorted()).toEqual([...roles, ...others].toSorted());
  });

  test('begins each step after the end of the previous one, with time to recover, and ends within the duration', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        let endMs = 0;
        for (const { atMs, faults } of faultList(seed, 5)) {
          expect(atMs).toBeGreaterThanOrEqual(endMs + 4_000);
          endMs = atMs + Math.max(...faults.map(durationMs));
        }
        expect(endMs).toBeLessThan(5 * 60_000);
      }),
    );
  });

  test('names processes that exist, each once in a step, and replaces no first process of a role', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        for (const { faults } of faultList(seed, 5)) {
          const indexes = faults.flatMap((fault) => ('index' in fault ? [[fault.index, countOf(fault)] as const] : []));
          expect(indexes.every(([index, count]) => index >= 0 && index < count)).toBe(true);
          expect(faults.some((fault) => fault.kind === 'kill' && fault.index === 0)).toBe(false);
          expect(faults.some((fault) => fault.kind === 'restart' && fault.first === 0)).toBe(false);
          const roles = faults.map((fault) => ('role' in fault ? fault.role : fault.kind));
          expect(new Set(roles).size).toBe(faults.length);
        }
      }),
    );
  });
});
