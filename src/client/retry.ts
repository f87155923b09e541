/** No wait between two attempts is chosen longer than this, ms. */
export const longestDelayMs = 8_000;

/** As wide does the window grow where few clients are: a server that returns is found within 5 s. */
const widestMs = 4_000;

const drainedWithinMs = 500;

/** How long a client waits before it connects again: at random, so that clients which were lost together part ways. */
export class Retry {
  readonly #random: () => number;
  #spreadMs = 500;
  /** Null as long as no attempt failed. */
  #windowMs: number | null = null;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** Takes the server's latest word on how far its clients are to spread. */
  spreadOver(ms: number): void {
    if (ms >= 0) this.#spreadMs = Math.min(ms, longestDelayMs);
  }

  /** A random part of the spread, ms. */
  partOfSpread(): number {
    return this.#random() * this.#spreadMs;
  }

  /**
   * The wait before the next attempt, ms: a random part of a window that is the spread at first (or what a server
   * that drains has left to spread), and twice as wide with each further call, up to 4 s or the spread.
   */
  next(drained = false): number {
    const first = drained ? drainedWithinMs : this.#spreadMs;
    this.#windowMs =
      this.#windowMs === null ? first : Math.min(Math.max(this.#windowMs, 1) * 2, Math.max(widestMs, this.#spreadMs));
    return this.#random() * this.#windowMs;
  }

  /** The server was heard: the next loss is a first one again. */
  reset(): void {
    this.#windowMs = null;
  }
}
