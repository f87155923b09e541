/**
 * How many messages a client may send. The server allows 20 at once and 2 a second by the time they arrive; keeping
 * below it by this much leaves room for a network that holds messages back for 2 s and delivers them together.
 */
const capacity = 16;
const perMs = 0.0015;

export class MessageBucket {
  #tokens = capacity;
  #filledAt: number;

  constructor(now: number) {
    this.#filledAt = now;
  }

  /** Whether one more message may be sent at `now`, with `left` of them kept. */
  holds(now: number, left = 0): boolean {
    this.#tokens = Math.min(capacity, this.#tokens + (now - this.#filledAt) * perMs);
    this.#filledAt = now;
    return this.#tokens >= 1 + left;
  }

  /** Counts one more message as sent, if it may be. */
  take(now: number, left = 0): boolean {
    if (!this.holds(now, left)) return false;
    this.#tokens -= 1;
    return true;
  }
}
