/** No wait between two attempts is chosen longer than this, ms. */
export const longestDelayMs = 8_000;

/** As wide does the window grow where few clients are, so that a path that returns is found within a second. */
const narrowMs = 700;
/** And as wide after so many failures: a server that is away for longer is found within 5 s. */
const widestMs = 4_000;
const narrowFailures = 1_000;

const drainedWithinMs = 500;

/** How long a client waits before it connects again: at random, so that clients which were lost together part ways. */
export class Retry {
  readonly #random: () => number;
  #spreadMs = 500;
  /** Null as long as no attempt failed. */
  #windowMs: number | null = null;
  #failures = 0;

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
   * that drains has left to spread), and twice as wide with each further call, up to 0.7 s or the spread, and up to
   * 4 s after a thousand calls.
   */
  next(drained = false): number {
    const first = drained ? drainedWithinMs : this.#spreadMs;
    const mostMs = Math.max(this.#failures < narrowFailures ? narrowMs : widestMs, this.#spreadMs);
    this.#windowMs = this.#windowMs === null ? first : Math.min(Math.max(this.#windowMs, 1) * 2, mostMs);
    this.#failures += 1;
    return this.#random() * this.#windowMs;
  }

  /** The server was heard: the next loss is a first one again. */
  reset(): void {
    this.#windowMs = null;
    this.#failures = 0;
  }
}
