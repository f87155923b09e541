import { describe, expect, test } from 'vitest';
import {
  countTicks,
  emptyCounts,
  type Cause,
  type Interruption,
  type LedgerOptions,
  type SocketSpan,
} from '../support/tick-ledger.ts';

const span = (changes: Partial<SocketSpan> = {}): SocketSpan => ({
  web: 0,
  startedAt: 990,
  openedAt: 1_000,
  closedAt: Infinity,
  received: [],
  ...changes,
});

/** Every tick of the first 20 s, published 5 ms after its instant. */
const everyTick = new Map(Array.from({ length: 40 }, (_, n) => [n * 500, n * 500 + 5]));

function count(spans: SocketSpan[], changes: Partial<LedgerOptions> = {}) {
  const misses: [at: number, cause: Cause][] = [];
  const options = {
    intervalMs: 500,
    from: 0,
    to: 3_000,
    published: everyTick,
    absences: new Map(),
    interruptions: [],
    lags: [],
    ...changes,
  };
  const counts = countTicks(spans, options, (at, _span, cause) => misses.push([at, cause]));
  return { counts, misses };
}

describe('the ledger of ticks', () => {
  test('counts each instant of the grid while a socket was open', () => {
    const { counts, misses } = count([span({ received: [1_000, 1_500, 2_000, 2_500] })]);
    expect(counts).toEqual({ ...emptyCounts(), due: 4, received: 4 });
    expect(misses).toEqual([]);
  });

  test('counts an instant that a later socket received, and none while no socket was open', () => {
    const spans = [
      span({ closedAt: 1_502, received: [1_000] }),
      span({ openedAt: 1_503, closedAt: 1_900, received: [1_500] }),
    ];
    expect(count(spans).counts).toEqual({ ...emptyCounts(), due: 2, received: 2 });
  });

  test('counts a tick that arrived twice, on one socket or on two', () => {
    const spans = [
      span({ closedAt: 1_700, received: [1_000, 1_000, 1_500] }),
      span({ openedAt: 1_800, received: [1_500] }),
    ];
    expect(count(spans).counts.repeated).toBe(2);
  });

  test('names the cause of each missed instant', () => {
    const published = new Map([...everyTick].filter(([at]) => at !== 1_000 && at !== 1_500));
    const absences = new Map([[1_000, 'noTickBeat' as const]]);
    const { misses } = count([span({ closedAt: 2_240 })], { published, absences });
    expect(misses).toEqual([
      [1_000, 'noTickBeat'],
      [1_500, 'unexplained'],
      [2_000, 'betweenSockets'],
    ]);
  });

  test('allows for the lateness of the process that notices the close', () => {
    const closing = [span({ openedAt: 1_900, closedAt: 2_400 })];
    const causes = (changes: Partial<LedgerOptions>): Cause[] =>
      count(closing, changes).misses.map(([, cause]) => cause);
    expect(causes({})).toEqual(['unexplained']);
    expect(causes({ lags: [{ at: 2_390, lateMs: 200 }] })).toEqual(['closeNoticedLate']);
    expect(causes({ lags: [{ at: 9_000, lateMs: 200 }] })).toEqual(['unexplained']);
  });

  test('explains a missed tick by an interruption of its own web process, or of all of them', () => {
    const causesWith = (interruption: Partial<Interruption>): Cause[] => {
      const interruptions = [{ cause: 'process', web: 0, from: 2_000, to: 2_600, ...interruption } as const];
      return count([span({ openedAt: 1_900, received: [2_500] })], { interruptions }).misses.map(([, cause]) => cause);
    };
    expect(causesWith({})).toEqual(['webInterrupted']);
    expect(causesWith({ cause: 'network' })).toEqual(['networkCut']);
    expect(causesWith({ cause: 'redis', web: null })).toEqual(['redisInterrupted']);
    expect(causesWith({ cause: 'expiry' })).toEqual(['expired']);
    expect(causesWith({ web: 1 })).toEqual(['unexplained']);
    expect(causesWith({ from: 2_006, to: 4_000 })).toEqual(['unexplained']);
    expect(causesWith({ from: 0, to: 1_999 })).toEqual(['unexplained']);
  });

  test('explains no more distinct instants by an interruption than its limit, over all clients', () => {
    const limit = { most: 1, explained: new Set<number>() };
    const interruptions = [{ cause: 'expiry', web: 0, from: 1_500, to: 3_000, limit } as const];
    const misses = [
      ...count([span({ openedAt: 1_900, received: [2_000] })], { interruptions }).misses,
      ...count([span({ openedAt: 1_900 })], { interruptions }).misses,
    ];
    expect(misses).toEqual([
      [2_500, 'expired'],
      [2_000, 'unexplained'],
      [2_500, 'expired'],
    ]);
  });
});
