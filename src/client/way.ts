import { type Schedule, Timer } from './timer.ts';

/** While an attempt hangs the way is tried so often (and a part of the spread), each time for so long. */
const tryAfterMs = 200;
const tryWithinMs = 1_000;
/** A try may ride an open connection; a handshake takes TCP, TLS and the upgrade. */
const roundTrips = 4;
/** How much longer an attempt may take than its round trips; twice as much for each that was given up. */
const firstPatienceMs = 200;

export interface WayOptions {
  /** Monotonic, ms. */
  now: () => number;
  schedule: Schedule;
  /** A random part of what the server's clients are to spread over, ms. */
  partOfSpread: () => number;
  /** Whether the server answers over another connection. */
  isReachable: (withinMs: number) => Promise<boolean>;
  /** The way is open and the attempt hangs all the same: only a new one will come through. */
  onOpen: () => void;
}

/**
 * Tries the way to the server while an attempt to connect hangs: one that swallowed the first bytes of the attempt may
 * be open again, and the attempt would never know.
 */
export class Way {
  readonly #options: WayOptions;
  readonly #next: Timer;
  #attemptedAt = 0;
  #patienceMs = firstPatienceMs;

  constructor(options: WayOptions) {
    this.#options = options;
    this.#next = new Timer(options.schedule);
  }

  /** An attempt begins. */
  attempt(): void {
    this.#attemptedAt = this.#options.now();
    this.follow();
  }

  /** Tries on, until `clear`. */
  follow(): void {
    this.#next.set(tryAfterMs + this.#options.partOfSpread(), () => {
      this.follow();
      void this.#try();
    });
  }

  /** The server was heard. */
  heard(): void {
    this.#patienceMs = firstPatienceMs;
  }

  clear(): void {
    this.#next.clear();
  }

  /** Whether the server answers now. */
  async isOpen(): Promise<boolean> {
    return this.#options.isReachable(tryWithinMs).catch(() => false);
  }

  async #try(): Promise<void> {
    const { now, onOpen } = this.#options;
    const attemptedAt = this.#attemptedAt;
    const triedAt = now();
    if (!(await this.isOpen()) || attemptedAt !== this.#attemptedAt || !this.#next.isSet) return;
    const mayStillOpen = now() - attemptedAt <= roundTrips * (now() - triedAt) + this.#patienceMs;
    if (mayStillOpen) return;
    this.#patienceMs *= 2;
    onOpen();
  }
}
