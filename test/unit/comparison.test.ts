import { describe, expect, test } from 'vitest';
import { type Comparison, figureOf, mergeComparisons, ratioOf } from '../../bench/peers/comparison.ts';
import { comparisonSentence, comparisonTable, shortName } from '../../bench/peers/comparison-table.ts';
import { startParts } from '../../bench/peers/peer.ts';
import { median } from '../../bench/usage.ts';

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

  test('says in a sentence what Clock costs at the largest number of sockets, of the systems with a figure', () => {
    expect(comparisonSentence(three)).toBe(
      'At 1,000 sockets the CPU of a delivered message is 1.10 times that of bare uWebSockets.js (1.00 to 1.30).',
    );
  });

  test('states a small ratio as a fraction in the sentence', () => {
    const slow = { peer: 'article', sockets: 1_000, round: 0, figures: figures(550) };
    const sentence = comparisonSentence({ ...three, measurements: [...three.measurements, slow] });
    expect(sentence).toContain("and 1/50 of that of the article's system.");
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

  test('still say why a system has no figures if it was not measured again', () => {
    const failed = comparison([
      { peer: 'bare', sockets: 1_000, round: 0, error: 'it was slow' },
      { peer: 'clock', sockets: 1_000, round: 0, error: 'it ended' },
    ]);
    const added = { ...three, peers: three.peers.slice(0, 1), measurements: three.measurements.slice(0, 1) };
    const merged = mergeComparisons({ ...failed, leftOut: { bare: 'no Redis', clock: 'no Node' } }, added);
    expect(merged.measurements.map(({ peer, error }) => [peer, error])).toEqual([
      ['clock', 'it ended'],
      ['bare', undefined],
    ]);
    expect(merged.leftOut).toEqual({ clock: 'no Node' });
  });

  test('compare with the baseline if another system alone was measured', () => {
    const clock = three.measurements.filter(({ peer }) => peer === 'clock');
    const added = { ...comparison(clock.map((one) => ({ ...one, sockets: 5_000 }))), peers: three.peers.slice(1) };
    const table = comparisonTable(mergeComparisons(three, added));
    expect(table).toContain('| clock | 13.0 µs | 1.10 (1.00–1.30) |');
    expect(table).toContain('| clock | 13.0 µs |  |');
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

describe('the parts of a system', () => {
  const target = { port: 0, path: '/' };

  test('are stopped in reverse order', async () => {
    const stopped: string[] = [];
    const running = await startParts(async (onStop) => {
      onStop(() => stopped.push('web'));
      onStop(() => stopped.push('worker'));
      return { target, pids: [] };
    });
    expect(stopped).toEqual([]);
    await running.stop();
    expect(stopped).toEqual(['worker', 'web']);
  });

  test('are stopped if a later part does not start', async () => {
    const stopped: string[] = [];
    const started = startParts(async (onStop) => {
      onStop(() => stopped.push('web'));
      throw new Error('the worker ended');
    });
    await expect(started).rejects.toThrow('the worker ended');
    expect(stopped).toEqual(['web']);
  });
});

describe('the median', () => {
  test.for([
    [[3, 1, 9], 3],
    [[4, 1, 2, 9], 3],
    [[], Number.NaN],
  ] as const)('of %j is %d', ([values, expected]) => {
    expect(median(values)).toBe(expected);
  });
});
