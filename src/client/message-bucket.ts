/**
 * The messages that a client may send. The server allows 20 at once and 2 a second, by their time of arrival. This
 * side stays below that, so that a network may hold messages back for 2 s and deliver them together.
 *
 * A bucket is the instant as of which it is empty; `-Infinity`: it is full.
 */
const capacity = 16;
const refillMs = 1_000 / 1.5;

/** Whether one message may be sent at `now` and `reserve` more after it. */
export function canSpend(emptyAt: number, now: number, reserve = 0): boolean {
  // Less than a thousandth of a message is a rounding error.
  return now - emptyAt > (reserve + 0.999) * refillMs;
}

/** The bucket after one message; only if `canSpend`. */
export function spend(emptyAt: number, now: number): number {
  return Math.max(emptyAt, now - capacity * refillMs) + refillMs;
}
