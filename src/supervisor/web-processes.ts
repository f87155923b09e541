import { runInBackground } from '../background.ts';
import type { Service } from '../lifecycle.ts';
import { countsOf, totalOf, type MetricsSnapshot } from '../metrics-total.ts';
import { commonUnreadyReason } from '../probes/readiness.ts';
import type { Child, ChildListener } from './child-process.ts';
import type { ParentState, ToParent } from './messages.ts';
import { PortClaim } from './port-claim.ts';
import { Supervisor } from './supervisor.ts';

const compareEveryMs = 100;
const exchangeEveryMs = 2_000;
/** A child that does not answer within this time is busy, and its last metrics count. */
const answerWithinMs = 1_000;

interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface WebProcessesOptions {
  count: number;
  /** The address and port of web, which the processes share. */
  host: string;
  port: number;
  hasMetrics: boolean;
  /** Aborts when the parent begins to stop. */
  stopping: AbortSignal;
  /** Whether the parent is still starting, although its children serve. */
  isStarting: () => boolean;
  /** What the parent measures of UTC. */
  utc: () => Pick<ParentState, 'utc' | 'utcAlarm'>;
  spawn: (port: number, listener: ChildListener) => Child;
  log: Log;
}

/** The web processes of a parent as one: they share a port, a readiness and their metrics. */
export class WebProcesses implements Service {
  readonly name = 'web processes';
  readonly #options: WebProcessesOptions;
  readonly #supervisor: Supervisor;
  readonly #reasons = new Map<number, string | null>();
  readonly #snapshots = new Map<number, MetricsSnapshot>();
  /** What processes that have ended had counted. */
  #counts: MetricsSnapshot = [];
  #claim: PortClaim | undefined;
  #timers: NodeJS.Timeout[] = [];
  /** The processes that have not yet answered the current question, null without one. */
  #round: { waiting: Set<number>; answered: PromiseWithResolvers<void> } | null = null;
  #sentState = '';

  readonly #onHangup = (): void => {
    for (const slot of this.#reasons.keys()) this.#supervisor.kill(slot, 'SIGHUP');
  };

  // At once, since a signal to the whole group ends a child that does not handle signals yet.
  readonly #onStopping = (): void => this.#supervisor.requestStop();

  constructor(options: WebProcessesOptions) {
    const { count, log } = options;
    this.#options = options;
    this.#supervisor = new Supervisor({
      count,
      log,
      spawn: (listener) => options.spawn(this.port, listener),
      onMessage: (slot, message) => this.#onMessage(slot, message),
      onExit: (slot) => this.#onExit(slot),
      now: () => performance.now(),
      schedule: (run, delayMs) => {
        const timer = setTimeout(run, delayMs);
        return () => clearTimeout(timer);
      },
    });
  }

  /** The port that the processes share; 0 before the start. */
  get port(): number {
    return this.#claim?.port ?? 0;
  }

  /** How many processes listen. */
  get listening(): number {
    return this.#supervisor.listening;
  }

  /** Why they are not ready as a whole, in one word: null while one can serve and none drains. */
  get unready(): string | null {
    return commonUnreadyReason([...this.#reasons.values()], this.#options.isStarting());
  }

  /** Resolves when all listen or the parent begins to stop. Rejects with the error of the first one that cannot. */
  async start(): Promise<void> {
    const { host, port, hasMetrics, stopping } = this.#options;
    this.#claim = await PortClaim.take(host, port);
    stopping.addEventListener('abort', this.#onStopping);
    process.on('SIGHUP', this.#onHangup);
    this.#timers = [
      setInterval(() => this.#compareState(), compareEveryMs),
      setInterval(() => {
        this.#sendState();
        if (hasMetrics) runInBackground(this.#ask());
      }, exchangeEveryMs),
    ];
    await this.#supervisor.start();
  }

  async stop(): Promise<void> {
    try {
      await this.#supervisor.stop();
    } finally {
      this.#options.stopping.removeEventListener('abort', this.#onStopping);
      process.off('SIGHUP', this.#onHangup);
      this.#timers.forEach((timer) => clearInterval(timer));
      this.#round?.answered.resolve();
      await this.#claim?.release();
      this.#claim = undefined;
    }
  }

  /** The metrics of all processes, and what those that have ended had counted, with those of the parent itself. */
  async total(parent: MetricsSnapshot): Promise<MetricsSnapshot> {
    await this.#ask();
    return totalOf([parent, ...this.#snapshots.values(), this.#counts]);
  }

  #onMessage(slot: number, message: ToParent): void {
    if (message.kind === 'listening') this.#reasons.set(slot, message.unready);
    if (message.kind === 'unready') this.#reasons.set(slot, message.reason);
    if (message.kind === 'listening' || message.kind === 'unready') this.#sendState();
    if (message.kind === 'audit') this.#options.log.info(message.fields, message.message);
    if (message.kind !== 'metrics') return;
    this.#snapshots.set(slot, message.snapshot);
    this.#onAnswer(slot);
  }

  #onExit(slot: number): void {
    this.#counts = totalOf([this.#counts, countsOf(this.#snapshots.get(slot) ?? [])]);
    this.#snapshots.delete(slot);
    this.#reasons.delete(slot);
    this.#onAnswer(slot);
    this.#compareState();
  }

  /** Asks each process for its metrics. Resolves when all have answered or ended, or after a second. */
  async #ask(): Promise<void> {
    if (this.#round !== null) return this.#round.answered.promise;
    const waiting = new Set(this.#reasons.keys());
    if (waiting.size === 0) return;
    const answered = Promise.withResolvers<void>();
    const timeout = setTimeout(answered.resolve, answerWithinMs);
    this.#round = { waiting, answered };
    for (const slot of waiting) this.#supervisor.send(slot, { kind: 'ask' });
    await answered.promise;
    clearTimeout(timeout);
    this.#round = null;
  }

  #onAnswer(slot: number): void {
    if (this.#round === null) return;
    const { waiting, answered } = this.#round;
    waiting.delete(slot);
    if (waiting.size === 0) answered.resolve();
  }

  #compareState(): void {
    if (this.#stateKey() !== this.#sentState) this.#sendState();
  }

  #sendState(): void {
    const { isStarting, utc } = this.#options;
    this.#sentState = this.#stateKey();
    const state = { kind: 'state', isStarting: isStarting(), unready: this.unready, ...utc() } as const;
    for (const slot of this.#reasons.keys()) this.#supervisor.send(slot, state);
  }

  #stateKey(): string {
    return `${this.#options.isStarting()} ${this.unready}`;
  }
}
