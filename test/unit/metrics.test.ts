import { describe, expect, test } from 'vitest';
import { Metrics, type MetricSources } from '../../src/metrics.ts';
import { timerDelays } from '../../src/time/shared-timer.ts';

const build = { version: '1.2.3', commit: 'abcdefg', date: '2026-11-25', environment: 'test', role: 'all' };

/** The sample lines of a scrape. */
async function scrape(sources: MetricSources): Promise<string[]> {
  const text = await new Metrics(sources, build).text();
  return text.split('\n').filter((line) => !line.startsWith('#'));
}

describe('metrics', () => {
  test('count the ticks that web relays, although the worker in the same process publishes some as well', async () => {
    const sources = { relayedTicks: () => 7, publishedTicks: () => 9 };
    expect(await scrape(sources)).toContain('clock_ticks_total 7');
  });

  test('count the ticks that a worker publishes if the process has no web', async () => {
    expect(await scrape({ publishedTicks: () => 9 })).toContain('clock_ticks_total 9');
  });

  test('have NaN as age and interval before the first tick', async () => {
    const before = await scrape({ tickAgeMs: () => null, intervalMs: () => null });
    expect(before).toEqual(expect.arrayContaining(['clock_tick_age_seconds Nan', 'clock_interval_seconds Nan']));
    const after = await scrape({ tickAgeMs: () => 1_500, intervalMs: () => 500 });
    expect(after).toEqual(expect.arrayContaining(['clock_tick_age_seconds 1.5', 'clock_interval_seconds 0.5']));
  });

  test('have 1 or 0 as an answer', async () => {
    expect(await scrape({ isStale: () => true, isLeader: () => false })).toEqual(
      expect.arrayContaining(['clock_stale 1', 'clock_beat_leader 0']),
    );
  });

  test('have one sample per label', async () => {
    const lines = await scrape({
      handshakes: () =>
        new Map([
          ['101', 3],
          ['401', 1],
        ]),
    });
    expect(lines).toEqual(
      expect.arrayContaining(['clock_handshakes_total{result="101"} 3', 'clock_handshakes_total{result="401"} 1']),
    );
  });

  test('have no sample of a source that the role lacks', async () => {
    expect((await scrape({})).filter((line) => line.startsWith('clock_'))).toEqual([
      'clock_build_info{version="1.2.3",commit="abcdefg",date="2026-11-25",environment="test",role="all"} 1',
    ]);
  });

  test('include those of Node', async () => {
    const names = (await scrape({})).map((line) => line.split(/[ {]/)[0]);
    expect(names).toEqual(
      expect.arrayContaining(['process_resident_memory_bytes', 'nodejs_eventloop_lag_p99_seconds']),
    );
  });

  test('have the recent delays of timers as the lag of the event loop, however often it is read', async () => {
    expect(await scrape({})).toContain('nodejs_eventloop_lag_max_seconds Nan');
    timerDelays.record(3_000_000);
    timerDelays.record(5_000_000);
    // As the parent of several web processes does between scrapes.
    await new Metrics({}, build).snapshot();
    const lags = (await scrape({})).filter((line) => /^nodejs_eventloop_lag_(min|mean|max|p99)/.test(line));
    const values = Object.fromEntries(lags.map((line) => line.split(' ')));
    expect(Number(values['nodejs_eventloop_lag_min_seconds'])).toBeCloseTo(0.003, 4);
    expect(Number(values['nodejs_eventloop_lag_mean_seconds'])).toBeCloseTo(0.004, 4);
    expect(Number(values['nodejs_eventloop_lag_max_seconds'])).toBeCloseTo(0.005, 4);
    expect(Number(values['nodejs_eventloop_lag_p99_seconds'])).toBeCloseTo(0.005, 4);
  });
});
