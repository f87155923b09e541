import type { Limit, Limiter } from '../backend/backend.ts';
import { accountId } from './accounts.ts';

const minuteMs = 60_000;
const perAccountAndAddress: Limit = { name: 'account-address', maxAttempts: 10, windowMs: 15 * minuteMs };
const perAccount: Limit = { name: 'account', maxAttempts: 100, windowMs: 15 * minuteMs };
const perAddress: Limit = { name: 'address', maxAttempts: 30, windowMs: minuteMs };

/** A sign-in that is being tried; it counts as failed until it is said to have succeeded. */
export interface Attempt {
  succeeded(): Promise<void>;
  /** Was neither right nor wrong: nothing was checked. */
  withdrawn(): Promise<void>;
}

/** Counts failed sign-ins, so that guessing is hopeless: by account and address, by account, by address. */
export class Attempts {
  readonly #limiter: Limiter;

  constructor(limiter: Limiter) {
    this.#limiter = limiter;
  }

  /** Begins an attempt; or, beyond a limit, how long its window still lasts, ms. `network`: see `networkOf`. */
  async begin(accountName: string, network: string): Promise<Attempt | number> {
    // Keys are names that strangers type: bounded, and alike whether there is such an account or not.
    const account = accountId(accountName.slice(0, 64));
    const counted: [Limit, string][] = [
      [perAddress, network],
      [perAccountAndAddress, `${account} ${network}`],
      [perAccount, account],
    ];
    // An attempt beyond one limit counts against none, so peek before taking.
    const waits = await Promise.all(counted.map(([limit, key]) => this.#limiter.check(limit, key)));
    const waitMs = longest(waits);
    if (waitMs !== null) return waitMs;
    const taken = await Promise.all(counted.map(([limit, key]) => this.#limiter.consume(limit, key)));
    const giveBack = async (): Promise<void> => {
      await Promise.all(counted.map(([limit, key]) => this.#limiter.refund(limit, key)));
    };
    const takenWaitMs = longest(taken);
    if (takenWaitMs !== null) {
      // Others came between. Left standing, a burst from one address would use up what the account has everywhere.
      await giveBack();
      return takenWaitMs;
    }
    return {
      withdrawn: giveBack,
      succeeded: async () => {
        await giveBack();
        await this.#limiter.reset(perAccountAndAddress, `${account} ${network}`);
      },
    };
  }
}

function longest(waits: readonly (number | null)[]): number | null {
  const real = waits.filter((wait) => wait !== null);
  return real.length === 0 ? null : Math.max(...real);
}
