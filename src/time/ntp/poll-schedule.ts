/** The first polls follow each other quickly, for a good estimate. */
const burstCount = 4;
export const ntpBurstEveryMs = 2_000;
const everyMs = 64_000;
/** Processes that started together spread their polls: each wait is longer or shorter by up to this fraction. */
const jitter = 0.1;
const steppedAboveMs = 50;

/** Decides when the servers are polled. All instants are of the monotonic clock, ms. */
export class PollSchedule {
  readonly #random: () => number;
  #burstLeft = burstCount;
  #dueAt = -Infinity;
  #aheadMs: number | null = null;

  /** `random`: from 0 to 1. */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** Whether the servers must be polled at `now`, when house time is `houseTime`. If so, schedules the next poll. */
  isDue(now: number, houseTime: number): boolean {
    const aheadMs = houseTime - now;
    const isStepped = this.#aheadMs !== null && Math.abs(aheadMs - this.#aheadMs) > steppedAboveMs;
    this.#aheadMs = aheadMs;
    if (isStepped) this.#burstLeft = burstCount;
    else if (now < this.#dueAt) return false;
    this.#burstLeft = Math.max(0, this.#burstLeft - 1);
    const waitMs = this.#burstLeft > 0 ? ntpBurstEveryMs : everyMs * (1 + jitter * (2 * this.#random() - 1));
    this.#dueAt = now + waitMs;
    return true;
  }
}
