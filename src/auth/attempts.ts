import type { Limit, Limiter } from '../backend/limiter.ts';
import { accountId } from './accounts.ts';

const minuteMs = 60_000;
const perAccountAndAddress: Limit = { name: 'account-address', maxAttempts: 10, windowMs: 15 * minuteMs };
const perAccount: Limit = { name: 'account', maxAttempts: 100, windowMs: 15 * minuteMs };
const perAddress: Limit = { name: 'address', maxAttempts: 30, windowMs: minuteMs };

/** A sign-in in progress. It counts as failed unless one of these is called. */
export interface Attempt {
  /** Removes it from the counts and resets the count of its account and address. */
  succeed(): Promise<void>;
  /** Removes it from the counts: the password was not checked. */
  withdraw(): Promise<void>;
}

/** Limits failed sign-ins per account and address, per account, and per address. */
export class Attempts {
  readonly #limiter: Limiter;

  constructor(limiter: Limiter) {
    this.#limiter = limiter;
  }

  /** Starts an attempt. Above a limit, resolves to the remaining time of its window, ms. `network`: see `networkOf`. */
  async begin(accountName: string, network: string): Promise<Attempt | number> {
    // The client chooses the name, so its length is limited. It counts whether or not such an account exists.
    const account = accountId(accountName).slice(0, 64);
    const counted: [Limit, string][] = [
      [perAddress, network],
      [perAccountAndAddress, `${account} ${network}`],
      [perAccount, account],
    ];
    // An attempt above one limit must not count against the others, so check all of them first.
    const waitsMs = await Promise.all(counted.map(([limit, key]) => this.#limiter.check(limit, key)));
    const waitMs = longest(waitsMs);
    if (waitMs !== null) return waitMs;
    const consumed = await Promise.all(counted.map(([limit, key]) => this.#limiter.consume(limit, key)));
    const refund = async (): Promise<void> => {
      await Promise.all(counted.map(([limit, key]) => this.#limiter.refund(limit, key)));
    };
    const consumedWaitMs = longest(consumed);
    if (consumedWaitMs !== null) {
      // Concurrent attempts were faster. Without the refund, a burst from one address would use up the account's limit.
      await refund();
      return consumedWaitMs;
    }
    return {
      withdraw: refund,
      succeed: async () => {
        await refund();
        await this.#limiter.reset(perAccountAndAddress, `${account} ${network}`);
      },
    };
  }
}

function longest(waitsMs: readonly (number | null)[]): number | null {
  const refusals = waitsMs.filter((waitMs) => waitMs !== null);
  return refusals.length === 0 ? null : Math.max(...refusals);
}
