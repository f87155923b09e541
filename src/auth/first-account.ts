import { runInBackground } from '../background.ts';
import { Unavailable } from '../backend/backend.ts';
import type { Records } from '../backend/records.ts';
import type { Service } from '../lifecycle.ts';
import type { Logger } from '../logger.ts';
import { accountId, type Accounts } from './accounts.ts';
import { TooBusy } from './passwords.ts';

export const firstAccountName = 'admin';
/** The delay between attempts during an outage, and while too many passwords are being checked. */
const retryAfterMs = 100;

/** The password of the first account. */
export interface FirstPassword {
  text: string;
  /** Called after the account was created with it. */
  onUsed?: () => void;
}

export interface FirstAccountOptions {
  records: Records;
  accounts: Accounts;
  /** Called only if there is no local account; undefined if no password is configured. */
  password: (() => FirstPassword) | undefined;
  log: Logger;
}

/**
 * Creates the account `admin` if there is no local account: at the start, and after the backend's data was replaced.
 * Accounts of a shared sign-in do not count: without the other application nobody could sign in to them.
 */
export class FirstAccount implements Service {
  readonly name = 'first account';
  readonly #options: FirstAccountOptions;
  #isSettled = false;
  #isStopped = false;
  #retry: NodeJS.Timeout | undefined;

  constructor(options: FirstAccountOptions) {
    this.#options = options;
  }

  /**
   * Whether a local account exists or was created, or none can be created without a configured password. False again
   * after the data was replaced, until that holds for the new data.
   */
  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** Resolves after the first attempt, during an outage too. */
  async start(): Promise<void> {
    const onGap = ({ replaced }: { replaced: boolean }): void => {
      if (!replaced) return;
      this.#isSettled = false;
      runInBackground(this.#ensure());
    };
    this.#options.records.subscribe({ onMessage: () => {}, onGap });
    await this.#ensure();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#retry);
  }

  async #ensure(): Promise<void> {
    if (this.#isStopped) return;
    try {
      await this.#createIfNone();
      this.#isSettled = true;
    } catch (error) {
      if (!(error instanceof Unavailable || error instanceof TooBusy)) throw error;
      if (this.#isStopped) return;
      clearTimeout(this.#retry);
      this.#retry = setTimeout(() => runInBackground(this.#ensure()), retryAfterMs);
    }
  }

  async #createIfNone(): Promise<void> {
    const { accounts, password, log } = this.#options;
    const all = await accounts.list();
    if (all.some(({ sso }) => sso === undefined)) return;
    if (password === undefined) return this.#warn('there is no local account, so nobody can sign in here');
    if (all.some(({ name }) => accountId(name) === firstAccountName)) {
      return this.#warn(`there is no local account, and ${firstAccountName} signs in through another application`);
    }
    const first = password();
    if (!(await accounts.add(firstAccountName, first.text, true))) return;
    log.info({ account: firstAccountName }, 'first account created');
    first.onUsed?.();
  }

  #warn(problem: string): void {
    this.#options.log.warn({}, `${problem}: create one with 'clock user add NAME --operator'`);
  }
}
