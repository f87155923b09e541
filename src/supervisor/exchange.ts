import { countsOf, totalOf, type MetricsSnapshot } from '../metrics-total.ts';

/** If a process does not send its metrics within this time, its last ones count. */
const answerWithinMs = 1_000;
/** Polls in a row without a response, after which a process counts as unresponsive, and as lost. */
const unresponsiveAfter = 3;
const lostAfter = 10;

export interface ExchangeOptions {
  /** Sends a question to a process, which calls for `onResponse` at once, and for `onMetrics`. */
  ask: (slot: number) => void;
  /** Called when a process does not respond any more, and when it responds again. */
  onResponsive: (slot: number, isResponsive: boolean) => void;
  /** Called once for a process that has not responded for much longer. */
  onLost: (slot: number) => void;
}

/**
 * Asks each web process for its metrics, and detects one that does not respond. It counts polls, not time, so that no
 * process is lost because the parent itself or the machine was suspended.
 */
export class Exchange {
  readonly #options: ExchangeOptions;
  /** The number of polls since the last response, of each process that listens. */
  readonly #unanswered = new Map<number, number>();
  readonly #snapshots = new Map<number, MetricsSnapshot>();
  /** What processes that have ended had counted. */
  #counts: MetricsSnapshot = [];
  /** The processes that have not yet sent the metrics of the current question, null without one. */
  #round: { waiting: Set<number>; answered: PromiseWithResolvers<void> } | null = null;

  constructor(options: ExchangeOptions) {
    this.#options = options;
  }

  /** How many processes do not respond. */
  get unresponsive(): number {
    return [...this.#unanswered.keys()].filter((slot) => !this.isResponsive(slot)).length;
  }

  isResponsive(slot: number): boolean {
    return (this.#unanswered.get(slot) ?? 0) <= unresponsiveAfter;
  }

  add(slot: number): void {
    this.#unanswered.set(slot, 0);
  }

  /** Keeps what the process had counted. */
  remove(slot: number): void {
    this.#counts = totalOf([this.#counts, countsOf(this.#snapshots.get(slot) ?? [])]);
    this.#snapshots.delete(slot);
    this.#unanswered.delete(slot);
    this.#endWait(slot);
  }

  onResponse(slot: number): void {
    const wasResponsive = this.isResponsive(slot);
    this.#unanswered.set(slot, 0);
    if (!wasResponsive) this.#options.onResponsive(slot, true);
  }

  onMetrics(slot: number, snapshot: MetricsSnapshot): void {
    this.#snapshots.set(slot, snapshot);
    this.#endWait(slot);
  }

  /** Asks, and counts which processes have not responded since the last polls. To be called at regular intervals. */
  async poll(): Promise<void> {
    for (const [slot, count] of this.#unanswered) {
      this.#unanswered.set(slot, count + 1);
      if (count === unresponsiveAfter) this.#options.onResponsive(slot, false);
      if (count === lostAfter) this.#options.onLost(slot);
    }
    await this.#ask();
  }

  /** The metrics of all processes, and what those that have ended had counted, with those of the parent itself. */
  async total(parent: MetricsSnapshot): Promise<MetricsSnapshot> {
    await this.#ask();
    return totalOf([parent, ...this.#snapshots.values(), this.#counts]);
  }

  /** Ends the current question. */
  stop(): void {
    this.#round?.answered.resolve();
  }

  /** Resolves when all responsive processes have sent their metrics or ended, or after a second. */
  async #ask(): Promise<void> {
    if (this.#round !== null) return this.#round.answered.promise;
    const slots = [...this.#unanswered.keys()];
    const waiting = new Set(slots.filter((slot) => this.isResponsive(slot)));
    const answered = Promise.withResolvers<void>();
    if (waiting.size === 0) answered.resolve();
    const timeout = setTimeout(answered.resolve, answerWithinMs);
    this.#round = { waiting, answered };
    for (const slot of slots) this.#options.ask(slot);
    await answered.promise;
    clearTimeout(timeout);
    this.#round = null;
  }

  #endWait(slot: number): void {
    if (this.#round === null) return;
    const { waiting, answered } = this.#round;
    waiting.delete(slot);
    if (waiting.size === 0) answered.resolve();
  }
}
