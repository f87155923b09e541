import type { ConnectionOptions } from './connection-options.ts';
import { longestDelayMs, Retry } from './retry.ts';
import { Timer } from './timer.ts';
import { Way } from './way.ts';

export interface ReopeningOptions extends Pick<ConnectionOptions, 'now' | 'schedule' | 'random' | 'isReachable'> {
  /** A line is to be begun now, in place of one that hangs. */
  onDue: () => void;
}

/** When the next line is begun: after which wait, and whether somebody is there to take it. */
export class Reopening {
  readonly #options: ReopeningOptions;
  readonly #retry: Retry;
  readonly #wait: Timer;
  readonly #way: Way;
  #attempts = 0;
  /** The server, not the network, is why we wait. */
  #isOrdered = false;
  #waitUntil = 0;
  /** Nobody who would take a handshake answered when last asked. */
  #isAway = false;

  constructor(options: ReopeningOptions) {
    const { now, schedule, random, isReachable, onDue } = options;
    this.#options = options;
    this.#retry = new Retry(random);
    this.#wait = new Timer(schedule);
    this.#way = new Way({ now, schedule, partOfSpread: () => this.partOfSpread(), isReachable, onOpen: onDue });
  }

  /** Counts the lines begun, and the searches for somebody to take one: what was asked for an earlier one is over. */
  get attempts(): number {
    return this.#attempts;
  }

  /** A random part of what the server's clients are to spread over, ms. */
  partOfSpread(): number {
    return this.#retry.partOfSpread();
  }

  /** Takes the server's latest word on how far its clients are to spread. */
  spreadOver(ms: number): void {
    this.#retry.spreadOver(ms);
  }

  /** A line begins. */
  begun(): void {
    this.#attempts += 1;
    this.#wait.clear();
    this.#isOrdered = false;
    this.#isAway = false;
    this.#way.attempt();
  }

  /** The line is open. */
  opened(): void {
    this.#way.clear();
  }

  /** The server was heard. */
  heard(): void {
    this.#retry.reset();
    this.#way.heard();
  }

  /** The line was lost: by the network, or to a server that drains. */
  lost(drained = false): void {
    this.#after(this.#retry.next(drained));
  }

  /** The line was lost since it broke a rule. */
  broken(): void {
    this.#after(longestDelayMs, true);
  }

  /** The server is asked, why it refused or whether it is there, and awaited for so long; the way is tried meanwhile. */
  asks(withinMs: number): void {
    this.#after(withinMs);
    this.#way.follow();
  }

  /** Whether the server answered as one that takes handshakes does, and for how long it wants to be left alone. */
  answered(isThere: boolean, orderMs: number): void {
    this.#isAway = !isThere;
    this.#after(Math.max(this.#retry.next(), orderMs), orderMs > 0);
  }

  /** The network may be back: a wait that it alone was the reason for begins anew, where that makes it shorter. */
  hasten(): void {
    if (!this.#wait.isSet || this.#isOrdered) return;
    this.#retry.reset();
    const delayMs = this.#retry.next();
    if (this.#options.now() + delayMs < this.#waitUntil) this.#after(delayMs);
  }

  stop(): void {
    this.#attempts += 1;
    this.#wait.clear();
    this.#way.clear();
  }

  #after(delayMs: number, isOrdered = false): void {
    this.#way.clear();
    this.#isOrdered = isOrdered;
    this.#waitUntil = this.#options.now() + delayMs;
    this.#wait.set(delayMs, () => (this.#isAway ? void this.#seek() : this.#options.onDue()));
  }

  /** Browsers make handshakes wait that follow many failed ones, so none is begun before somebody answers. */
  async #seek(): Promise<void> {
    this.#attempts += 1;
    const attempt = this.#attempts;
    this.asks(longestDelayMs);
    const isFound = await this.#way.isOpen();
    if (attempt !== this.#attempts) return;
    if (isFound) this.#options.onDue();
    else this.lost();
  }
}
