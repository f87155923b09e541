/** The first questions follow each other quickly, for a good estimate. */
const burstCount = 4;
const burstEveryMs = 2_000;
const everyMs = 64_000;
/** Processes that started together spread their questions: each wait is longer or shorter by up to this fraction. */
const jitter = 0.1;
const steppedAboveMs = 50;

/** Decides when the servers are asked. All instants are of the monotonic clock, ms. */
export class Pace {
  readonly #random: () => number;
  #burstLeft = burstCount;
  #askAt = -Infinity;
  #aheadMs: number | null = null;

  /** `random`: from 0 to 1. */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** Whether the servers are to be asked at `now`, when house time is `houseTime`. Then the next question is planned. */
  isDue(now: number, houseTime: number): boolean {
    const aheadMs = houseTime - now;
    const isStepped = this.#aheadMs !== null && Math.abs(aheadMs - this.#aheadMs) > steppedAboveMs;
    this.#aheadMs = aheadMs;
    if (isStepped) this.#burstLeft = burstCount;
    else if (now < this.#askAt) return false;
    this.#burstLeft = Math.max(0, this.#burstLeft - 1);
    const waitMs = this.#burstLeft > 0 ? burstEveryMs : everyMs * (1 + jitter * (2 * this.#random() - 1));
    this.#askAt = now + waitMs;
    return true;
  }
}
