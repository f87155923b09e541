import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Where the figures are: each role has some of them. A map holds one figure a label's value. */
export interface MetricSources {
  connections?: () => number;
  /** By result: `101`, or the status of the refusal. */
  handshakes?: () => ReadonlyMap<string, number>;
  /** By close code. */
  disconnects?: () => ReadonlyMap<string, number>;
  deliveries?: () => number;
  ticks?: () => number;
  /** ms; null before the first tick. */
  tickAgeMs?: () => number | null;
  expired?: () => number;
  ticksExpired?: () => number;
  missed?: () => number;
  leads?: () => boolean;
  backendIsUp?: () => boolean;
  offsetMs?: () => number;
  tickDelays?: Histogram;
  /** When the TLS certificate expires, epoch ms; missing without TLS. */
  tlsExpiresAt?: () => number | null;
}

/** A histogram of how long after their instants ticks are fanned out, in seconds. */
export function tickDelays(): Histogram {
  return new Histogram({
    name: 'clock_tick_delay_seconds',
    help: 'From the instant of a tick to its fan-out.',
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1],
    registers: [],
  });
}

/**
 * The metrics of a process, in Prometheus' text format. The hot paths count in plain fields of their own; those are
 * read when somebody asks.
 */
export class Metrics {
  readonly #registry = new Registry();

  constructor(
    sources: MetricSources,
    build: { version: string; commit: string; date: string; environment: string; role: string },
  ) {
    if (sources.tickDelays !== undefined) this.#registry.registerMetric(sources.tickDelays);
    this.#gauge('clock_connections', 'Open sockets.', sources.connections);
    this.#countBy('clock_handshakes_total', 'result', 'Handshakes by status.', sources.handshakes);
    this.#countBy('clock_disconnects_total', 'code', 'Closed sockets by close code.', sources.disconnects);
    this.#count('clock_deliveries_total', 'Frames handed to sockets.', sources.deliveries);
    this.#count('clock_ticks_total', 'Ticks that this process passed on.', sources.ticks);
    this.#gauge('clock_tick_age_seconds', 'Age of the newest tick.', secondsOf(sources.tickAgeMs));
    this.#count('clock_tasks_expired_total', 'Tasks dropped since they waited too long.', sources.expired);
    this.#count('clock_ticks_expired_total', 'Ticks that came too late to be passed on.', sources.ticksExpired);
    this.#count('clock_beats_missed_total', 'Instants that passed without being enqueued.', sources.missed);
    this.#gauge('clock_beat_leader', 'Whether this beat leads.', oneOrZero(sources.leads));
    this.#gauge('clock_backend_up', 'Whether the backend can serve.', oneOrZero(sources.backendIsUp));
    this.#gauge('clock_offset_seconds', "House time minus this host's clock.", secondsOf(sources.offsetMs));
    this.#gauge(
      'clock_tls_expiry_timestamp_seconds',
      'When the TLS certificate expires, in seconds since the epoch.',
      secondsOf(sources.tlsExpiresAt),
    );
    const info = new Gauge({
      name: 'clock_build_info',
      help: 'What runs here.',
      labelNames: Object.keys(build),
      registers: [this.#registry],
    });
    info.set(build, 1);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  async text(): Promise<string> {
    return this.#registry.metrics();
  }

  #gauge(name: string, help: string, read: (() => number) | undefined): void {
    if (read === undefined) return;
    void new Gauge({
      name,
      help,
      registers: [this.#registry],
      collect() {
        this.set(read());
      },
    });
  }

  #count(name: string, help: string, read: (() => number) | undefined): void {
    if (read === undefined) return;
    const collect = function (this: Counter): void {
      this.reset();
      this.inc(read());
    };
    void new Counter({ name, help, registers: [this.#registry], collect });
  }

  #countBy(name: string, label: string, help: string, read: (() => ReadonlyMap<string, number>) | undefined): void {
    if (read === undefined) return;
    const collect = function (this: Counter): void {
      this.reset();
      for (const [value, count] of read()) this.inc({ [label]: value }, count);
    };
    void new Counter({ name, help, labelNames: [label], registers: [this.#registry], collect });
  }
}

function secondsOf(readMs: (() => number | null) | undefined): (() => number) | undefined {
  return readMs && (() => (readMs() ?? Number.NaN) / 1_000);
}

function oneOrZero(read: (() => boolean) | undefined): (() => number) | undefined {
  return read && (() => (read() ? 1 : 0));
}
