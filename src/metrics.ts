import type { Histogram as DelayHistogram } from 'node:perf_hooks';
import { type Aggregator, Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { MetricsSnapshot } from './metrics-total.ts';
import { timerDelays } from './time/shared-timer.ts';

/**
 * The current values, read at each scrape. A role supplies some of them, and `clock all` supplies all of them, so no
 * two roles use the same name. A map has one value per label.
 */
export interface MetricSources {
  connections?: () => number;
  /** Web processes that listen on the port and respond. */
  workers?: () => number;
  /** As many as there should be. */
  configuredWorkers?: () => number;
  /** Web processes that ended and were replaced. */
  replacedWorkers?: () => number;
  /** By result: `101`, or the HTTP status of the refusal. */
  handshakes?: () => ReadonlyMap<string, number>;
  /** By close code. */
  disconnects?: () => ReadonlyMap<string, number>;
  deliveries?: () => number;
  /** Sockets by the group and the state of their screens, and screens that are away. */
  screens?: () => Promise<readonly { group: string; state: string; count: number }[]>;
  /** Messages that this process published for programs, by channel. */
  publishedMessages?: () => ReadonlyMap<string, number>;
  /** Ticks that this process sent to its sockets. */
  relayedTicks?: () => number;
  /** Ticks that this process published. */
  publishedTicks?: () => number;
  /** Age of the newest tick, ms; null before the first. */
  tickAgeMs?: () => number | null;
  /** Interval of the time, ms; null before the first tick. */
  intervalMs?: () => number | null;
  isStale?: () => boolean;
  expiredTicks?: () => number;
  expiredTasks?: () => number;
  missedInstants?: () => number;
  isLeader?: () => boolean;
  isBackendUp?: () => boolean;
  /** House time minus this host's clock, ms. */
  offsetMs?: () => number;
  /** House time minus UTC, by the NTP servers, ms; null while it is unknown. */
  authorityOffsetMs?: () => number | null;
  /** Error bound of `authorityOffsetMs`, ms. */
  authorityErrorMs?: () => number | null;
  tickDelays?: Histogram;
  /** When the TLS certificate expires, epoch ms; missing without TLS. */
  tlsExpiresAt?: () => number | null;
}

/** Creates the histogram of the delay from the instant of a tick to its fan-out, in seconds. */
export function createTickDelays(): Histogram {
  return new Histogram({
    name: 'clock_tick_delay_seconds',
    help: 'Delay from the instant of a tick to its fan-out to the sockets.',
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1],
    registers: [],
  });
}

/**
 * The metrics of a process, in the text format of Prometheus. Hot paths count in plain fields, which are read at each
 * scrape.
 */
export class Metrics {
  readonly #registry = new Registry();

  constructor(
    sources: MetricSources,
    build: { version: string; commit: string; date: string; environment: string; role: string },
  ) {
    // The event loop monitor of prom-client wakes the process at this interval, ms, and its values include the interval.
    collectDefaultMetrics({ register: this.#registry, eventLoopMonitoringPrecision: 2 ** 31 - 1 });
    this.#eventLoopLags();
    if (sources.tickDelays !== undefined) this.#registry.registerMetric(sources.tickDelays);
    this.#gauge('clock_connections', 'Number of open sockets.', sources.connections, 'sum');
    this.#gauge('clock_workers', 'Number of processes that serve the port of web.', sources.workers, 'sum');
    this.#gauge(
      'clock_workers_configured',
      'Number of processes that should serve the port of web.',
      sources.configuredWorkers,
    );
    this.#counter(
      'clock_workers_replaced_total',
      'Web processes that ended and were replaced.',
      sources.replacedWorkers,
    );
    this.#counters('clock_handshakes_total', 'result', 'Socket handshakes by HTTP status.', sources.handshakes);
    this.#counters('clock_disconnects_total', 'code', 'Closed sockets by close code.', sources.disconnects);
    this.#counter('clock_deliveries_total', 'Frames of ticks and messages sent to sockets.', sources.deliveries);
    this.#counters(
      'clock_published_total',
      'channel',
      'Messages that this process published for programs.',
      sources.publishedMessages,
    );
    this.#screens(sources.screens);
    this.#counter(
      'clock_ticks_total',
      'Ticks that this process relayed to its sockets, or published if it has none.',
      sources.relayedTicks ?? sources.publishedTicks,
    );
    this.#gauge(
      'clock_tick_age_seconds',
      'Age of the newest tick of the time, NaN before the first.',
      inSeconds(sources.tickAgeMs),
    );
    this.#gauge(
      'clock_interval_seconds',
      'Interval of the time, NaN before the first tick.',
      inSeconds(sources.intervalMs),
    );
    this.#gauge(
      'clock_stale',
      '1 if screens must not show the last tick as the present, else 0.',
      oneOrZero(sources.isStale),
    );
    this.#counter(
      'clock_tasks_expired_total',
      'Jobs that were dropped because they waited too long.',
      sources.expiredTasks,
    );
    this.#counter('clock_ticks_expired_total', 'Ticks that arrived too late to be relayed.', sources.expiredTicks);
    this.#counter(
      'clock_beats_missed_total',
      'Instants that passed without being enqueued while this beat was the leader.',
      sources.missedInstants,
    );
    this.#gauge('clock_beat_leader', '1 if this beat is the leader, else 0.', oneOrZero(sources.isLeader));
    this.#gauge('clock_backend_up', '1 if the backend can serve, else 0.', oneOrZero(sources.isBackendUp), 'min');
    this.#gauge('clock_offset_seconds', 'House time minus the clock of this host.', inSeconds(sources.offsetMs));
    this.#gauge(
      'clock_authority_offset_seconds',
      'House time minus UTC by the NTP servers, NaN while it is unknown.',
      inSeconds(sources.authorityOffsetMs),
    );
    this.#gauge(
      'clock_authority_error_seconds',
      'Error bound of clock_authority_offset_seconds, NaN while it is unknown.',
      inSeconds(sources.authorityErrorMs),
    );
    this.#gauge(
      'clock_tls_expiry_timestamp_seconds',
      'When the TLS certificate expires, in seconds since the epoch.',
      inSeconds(sources.tlsExpiresAt),
      'min',
    );
    const info = new Gauge({
      name: 'clock_build_info',
      help: 'Version, commit, build date, environment and role, as labels.',
      labelNames: Object.keys(build),
      aggregator: 'first',
      registers: [this.#registry],
    });
    info.set(build, 1);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }

  snapshot(): Promise<MetricsSnapshot> {
    return this.#registry.getMetricsAsJSON();
  }

  /** `aggregator`: how the values of several web processes are combined, see `totalOf`. */
  #gauge(name: string, help: string, read: (() => number) | undefined, aggregator: Aggregator = 'max'): void {
    if (read === undefined) return;
    const collect = function (this: Gauge): void {
      this.set(read());
    };
    this.#registry.registerMetric(new Gauge({ name, help, aggregator, registers: [], collect }));
  }

  /**
   * Replaces the metrics of prom-client's monitor. They cover a period of their own, since there may be several scrapers,
   * and the parent of several web processes reads them between scrapes.
   */
  #eventLoopLags(): void {
    const percentile = (percent: number) => (delays: DelayHistogram) => delays.percentile(percent);
    const lags: [name: string, help: string, readNs: (delays: DelayHistogram) => number, aggregator: Aggregator][] = [
      ['min', 'Minimum', ({ min }) => min, 'min'],
      ['max', 'Maximum', ({ max }) => max, 'max'],
      ['mean', 'Mean', ({ mean }) => mean, 'average'],
      ['stddev', 'Standard deviation', ({ stddev }) => stddev, 'average'],
      ['p50', '50th percentile', percentile(50), 'average'],
      ['p90', '90th percentile', percentile(90), 'average'],
      ['p99', '99th percentile', percentile(99), 'average'],
    ];
    for (const [suffix, what, readNs, aggregator] of lags) {
      const name = `nodejs_eventloop_lag_${suffix}_seconds`;
      this.#registry.removeSingleMetric(name);
      const read = (): number => {
        const delays = timerDelays.read();
        return delays.count === 0 ? Number.NaN : readNs(delays) / 1e9;
      };
      this.#gauge(name, `${what} of how late timers fired in the last one to two minutes.`, read, aggregator);
    }
  }

  #screens(read: MetricSources['screens']): void {
    if (read === undefined) return;
    const collect = async function (this: Gauge): Promise<void> {
      const counts = await read();
      this.reset();
      for (const { group, state, count } of counts) this.set({ group, state }, count);
    };
    const help = 'Sockets of this process by group and state; away: screens without a socket in any process.';
    const labelNames = ['group', 'state'];
    this.#registry.registerMetric(new Gauge({ name: 'clock_screens', help, labelNames, registers: [], collect }));
  }

  #counter(name: string, help: string, read: (() => number) | undefined): void {
    if (read === undefined) return;
    const collect = function (this: Counter): void {
      this.reset();
      this.inc(read());
    };
    this.#registry.registerMetric(new Counter({ name, help, registers: [], collect }));
  }

  #counters(name: string, label: string, help: string, read: (() => ReadonlyMap<string, number>) | undefined): void {
    if (read === undefined) return;
    const collect = function (this: Counter): void {
      this.reset();
      for (const [value, count] of read()) this.inc({ [label]: value }, count);
    };
    this.#registry.registerMetric(new Counter({ name, help, labelNames: [label], registers: [], collect }));
  }
}

function inSeconds(readMs: (() => number | null) | undefined): (() => number) | undefined {
  return readMs && (() => (readMs() ?? Number.NaN) / 1_000);
}

function oneOrZero(read: (() => boolean) | undefined): (() => number) | undefined {
  return read && (() => (read() ? 1 : 0));
}
