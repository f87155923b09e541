import { expect, test } from 'vitest';
import { countsOf, textOf, totalOf } from '../../src/metrics-total.ts';
import { createTickDelays, Metrics, type MetricSources } from '../../src/metrics.ts';

const build = { version: '1', commit: 'a', date: 'today', environment: 'local', role: 'web' };
const snapshotOf = (sources: MetricSources) => new Metrics(sources, build).snapshot();

function delays(...seconds: number[]) {
  const histogram = createTickDelays();
  for (const value of seconds) histogram.observe(value);
  return histogram;
}

async function totalText(...all: MetricSources[]): Promise<string> {
  return textOf(totalOf(await Promise.all(all.map(snapshotOf))));
}

test('counters, histograms and sockets of several processes are summed', async () => {
  const process = (count: number): MetricSources => ({
    connections: () => count,
    deliveries: () => 10 * count,
    handshakes: () => new Map([['101', count]]),
    tickDelays: delays(0.002, 0.2),
  });
  const text = await totalText(process(1), process(2), { workers: () => 2 });
  expect(text).toMatch(/^clock_connections 3$/m);
  expect(text).toMatch(/^clock_deliveries_total 30$/m);
  expect(text).toMatch(/^clock_handshakes_total\{result="101"\} 3$/m);
  expect(text).toMatch(/^clock_tick_delay_seconds_bucket\{le="0.0025"\} 2$/m);
  expect(text).toMatch(/^clock_tick_delay_seconds_count 4$/m);
  expect(text).toMatch(/^clock_workers 2$/m);
});

test('the largest age, the offset of the greatest magnitude and the smallest clock_backend_up count', async () => {
  const text = await totalText(
    { tickAgeMs: () => 200, offsetMs: () => -30, isBackendUp: () => false, isStale: () => true },
    { tickAgeMs: () => 700, offsetMs: () => 20, isBackendUp: () => true, isStale: () => false },
  );
  expect(text).toMatch(/^clock_tick_age_seconds 0.7$/m);
  expect(text).toMatch(/^clock_offset_seconds -0.03$/m);
  expect(text).toMatch(/^clock_backend_up 0$/m);
  expect(text).toMatch(/^clock_stale 1$/m);
});

test('an unknown value counts only if every process says so', async () => {
  const text = await totalText(
    { tickAgeMs: () => null, authorityErrorMs: () => null },
    { tickAgeMs: () => 700, authorityErrorMs: () => null },
    { tickAgeMs: () => null },
  );
  expect(text).toMatch(/^clock_tick_age_seconds 0.7$/m);
  expect(text).toMatch(/^clock_authority_error_seconds NaN$/im);
});

test('the certificate that expires first counts', async () => {
  expect(await totalText({ tlsExpiresAt: () => 9_000 }, { tlsExpiresAt: () => 5_000 })).toMatch(
    /^clock_tls_expiry_timestamp_seconds 5$/m,
  );
});

test('screens are summed by group and state, except those that are away, which every process counts', async () => {
  const counts = (live: number): MetricSources => ({
    screens: async () => [
      { group: 'hall', state: 'live', count: live },
      { group: 'hall', state: 'away', count: 4 },
    ],
  });
  const text = await totalText(counts(1), counts(2));
  expect(text).toMatch(/^clock_screens\{group="hall",state="live"\} 3$/m);
  expect(text).toMatch(/^clock_screens\{group="hall",state="away"\} 4$/m);
});

test('the build and the start of the process are those of the first one', async () => {
  const text = await totalText({}, {});
  expect(text.match(/^clock_build_info\{.*\} 1$/gm)).toHaveLength(1);
  expect(text).toMatch(/^process_start_time_seconds \d{10}/m);
});

test('of a process that has ended remains what it counted', async () => {
  const ended = await snapshotOf({ deliveries: () => 7, connections: () => 3, tickDelays: delays(0.2) });
  const text = await textOf(
    totalOf([await snapshotOf({ deliveries: () => 1, connections: () => 2 }), countsOf(ended)]),
  );
  expect(text).toMatch(/^clock_deliveries_total 8$/m);
  expect(text).toMatch(/^clock_connections 2$/m);
  expect(text).toMatch(/^clock_tick_delay_seconds_count 1$/m);
});
