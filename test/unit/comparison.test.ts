import { describe, expect, test } from 'vitest';
import { type Comparison, figureOf, mergeComparisons, ratioOf } from '../../bench/peers/comparison.ts';
import { comparisonTable, shortName } from '../../bench/peers/comparison-table.ts';

function figures(cpuUsPerMessage: number) {
  return { cpuUsPerMessage, kibPerSocket: 1, cpuMsPer1000Handshakes: 10, lastMs: 5, p99Ms: 6, missing: 0 };
}

function comparison(measurements: Comparison['measurements']): Comparison {
  const peers = ['bare', 'clock'].map((id) => ({ id, name: id, access: 'anyone', feed: 'Redis' }));
  return { machine: '2 cores', date: '2026-01-01', seconds: 5, peers, leftOut: {}, measurements };
}

const three = comparison([
  { peer: 'bare', sockets: 1_000, round: 0, figures: figures(10) },
  { peer: 'clock', sockets: 1_000, round: 0, figures: figures(11) },
  { peer: 'bare', sockets: 1_000, round: 1, figures: figures(20) },
  { peer: 'clock', sockets: 1_000, round: 1, figures: figures(20) },
  { peer: 'bare', sockets: 1_000, round: 2, figures: figures(10) },
  { peer: 'clock', sockets: 1_000, round: 2, figures: figures(13) },
]);

describe('a comparison', () => {
  test('states a figure as the median and the range of its rounds', () => {
    expect(figureOf(three, 'clock', 1_000, 'cpuUsPerMessage')).toEqual({ median: 13, min: 11, max: 20 });
  });

  test('divides figures of the same round', () => {
    expect(ratioOf(three, 'clock', 'bare', 1_000, 'cpuUsPerMessage')).toEqual({ median: 1.1, min: 1, max: 1.3 });
  });

  test('has no figure for a system that failed, and the table says why', () => {
    const failed = comparison([{ peer: 'clock', sockets: 1_000, round: 0, error: 'it ended' }]);
    expect(figureOf(failed, 'clock', 1_000, 'lastMs')).toBeNull();
    expect(comparisonTable(failed)).toContain('| clock | not measured: it ended |');
  });

  test('keeps measurements of other numbers of sockets when new ones are merged', () => {
    const added = comparison([
      { peer: 'bare', sockets: 5_000, round: 0, figures: figures(1) },
      { peer: 'bare', sockets: 1_000, round: 0, figures: figures(2) },
    ]);
    expect(mergeComparisons(three, added).measurements.map(({ sockets }) => sockets)).toEqual([1_000, 5_000]);
  });
});

describe('merged comparisons', () => {
  test('still name a system that was measured with other numbers of sockets alone', () => {
    const added = { ...comparison([]), peers: three.peers.slice(0, 1) };
    expect(mergeComparisons(three, added).peers.map(({ id }) => id)).toEqual(['bare', 'clock']);
  });
});

describe('the name of a system in the table', () => {
  test.for([
    ['bare uWebSockets.js 20.0.8, ioredis 6.0.0', 'bare uWebSockets.js, ioredis'],
    ['Clock, Node 22.23.3, uWebSockets.js 20.0.8', 'Clock'],
    ["the article's system: Channels 4.0.0", "the article's system"],
  ])('leaves out versions: %s', ([name = '', expected]) => {
    expect(shortName(name)).toBe(expected);
  });
});
