import { runInBackground } from '../background.ts';
import type { Service } from '../lifecycle.ts';
import type { MetricsSnapshot } from '../metrics-total.ts';
import { commonUnreadyReason } from '../probes/readiness.ts';
import type { Child, ChildListener } from './child-process.ts';
import { Exchange } from './exchange.ts';
import type { ParentState, ToParent } from './messages.ts';
import { PortClaim } from './port-claim.ts';
import { Supervisor } from './supervisor.ts';

const compareEveryMs = 100;
const exchangeEveryMs = 2_000;

interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface WebProcessesOptions {
  count: number;
  /** The address and port of web, which the processes share. */
  host: string;
  port: number;
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
  readonly #exchange: Exchange;
  #claim: PortClaim | undefined;
  #timers: NodeJS.Timeout[] = [];
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
    this.#exchange = new Exchange({
      ask: (slot) => this.#supervisor.send(slot, { kind: 'ask' }),
      onResponsive: (slot, isResponsive) => {
        const fields = { child: this.#supervisor.pidOf(slot) };
        if (isResponsive) log.info(fields, 'a web process responds again');
        else log.warn(fields, 'a web process does not respond; it no longer counts as ready');
      },
      onLost: (slot) => {
        log.warn({ child: this.#supervisor.pidOf(slot) }, 'a web process still does not respond and is killed');
        this.#supervisor.kill(slot, 'SIGKILL');
      },
    });
  }

  /** The port that the processes share; 0 before the start. */
  get port(): number {
    return this.#claim?.port ?? 0;
  }

  /** How many processes listen and respond. */
  get serving(): number {
    return this.#supervisor.listening - this.#exchange.unresponsive;
  }

  /** How many ended and were replaced, or will be. */
  get replaced(): number {
    return this.#supervisor.replaced;
  }

  /** Why they are not ready as a whole, in one word: null while one can serve and none drains. */
  get unready(): string | null {
    const reasons = [...this.#reasons]
      .filter(([slot]) => this.#exchange.isResponsive(slot))
      .map(([, reason]) => reason);
    if (reasons.length === 0 && this.#reasons.size > 0) return 'unresponsive';
    return commonUnreadyReason(reasons, this.#options.isStarting());
  }

  /** Resolves when all listen or the parent begins to stop. Rejects with the error of the first one that cannot. */
  async start(): Promise<void> {
    const { host, port, stopping } = this.#options;
    this.#claim = await PortClaim.take(host, port);
    stopping.addEventListener('abort', this.#onStopping);
    process.on('SIGHUP', this.#onHangup);
    this.#timers = [
      setInterval(() => this.#compareState(), compareEveryMs),
      setInterval(() => {
        this.#sendState();
        runInBackground(this.#exchange.poll());
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
      this.#exchange.stop();
      await this.#claim?.release();
      this.#claim = undefined;
    }
  }

  /** The metrics of all processes, and what those that have ended had counted, with those of the parent itself. */
  total(parent: MetricsSnapshot): Promise<MetricsSnapshot> {
    return this.#exchange.total(parent);
  }

  #onMessage(slot: number, message: ToParent): void {
    switch (message.kind) {
      case 'listening':
        this.#exchange.add(slot);
        return this.#setReason(slot, message.unready);
      case 'unready':
        return this.#setReason(slot, message.reason);
      case 'responding':
        return this.#exchange.onResponse(slot);
      case 'metrics':
        return this.#exchange.onMetrics(slot, message.snapshot);
      case 'audit':
        return this.#options.log.info(message.fields, message.message);
      case 'failed':
        // `Supervisor` passes the error on.
        return;
    }
  }

  #setReason(slot: number, reason: string | null): void {
    this.#reasons.set(slot, reason);
    this.#sendState();
  }

  #onExit(slot: number): void {
    this.#exchange.remove(slot);
    this.#reasons.delete(slot);
    this.#compareState();
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
