/** How the receiver of a message answered. */
export type Delivery =
  | { kind: 'delivered' }
  /** It refuses the message permanently. */
  | { kind: 'refused'; reason: string }
  /** `afterMs`: of the header `Retry-After`; null without one. */
  | { kind: 'failed'; reason: string; afterMs: number | null };

export type OutboxAction = 'nothing' | 'compose' | 'send';

const gatherMs = 10_000;
const firstRetryMs = 1_000;
const maxRetryMs = 60_000;
const giveUpAfterMs = 3_600_000;

/** Decides when a message is composed and when it is sent. All instants are of the monotonic clock, ms. */
export class Outbox {
  /** When the message is composed of the changes that are due then; null while there are none. */
  #composeAt: number | null = null;
  #sentAt = -Infinity;
  #pending: { since: number; attempts: number; sendAt: number } | null;

  /** `hasPending`: an earlier leader composed a message that may not have been delivered. */
  constructor(hasPending: boolean, now: number) {
    this.#pending = hasPending ? { since: now, attempts: 0, sendAt: now } : null;
  }

  /** What to do now. After `compose`, `onComposed` must be called. */
  next(hasChanges: boolean, now: number): OutboxAction {
    if (this.#pending !== null) return now >= this.#pending.sendAt ? 'send' : 'nothing';
    if (!hasChanges) {
      this.#composeAt = null;
      return 'nothing';
    }
    this.#composeAt ??= Math.max(now, this.#sentAt) + gatherMs;
    return now >= this.#composeAt ? 'compose' : 'nothing';
  }

  onComposed(now: number): void {
    this.#composeAt = null;
    this.#pending = { since: now, attempts: 0, sendAt: now };
  }

  /** Returns whether no further attempt is made: the message is delivered, refused or given up. */
  onDelivery(delivery: Delivery, now: number): boolean {
    const pending = this.#pending;
    if (pending === null) return true;
    this.#sentAt = now;
    const isGivenUp = now - pending.since >= giveUpAfterMs;
    if (delivery.kind !== 'failed' || isGivenUp) {
      this.#pending = null;
      return true;
    }
    const waitMs = delivery.afterMs ?? Math.min(maxRetryMs, firstRetryMs * 2 ** pending.attempts);
    this.#pending = { ...pending, attempts: pending.attempts + 1, sendAt: now + waitMs };
    return false;
  }
}
