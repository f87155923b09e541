import { Unavailable, type Records } from '../backend/backend.ts';
import type { Service } from '../lifecycle.ts';
import type { Logger } from '../logger.ts';
import type { Accounts } from './accounts.ts';

export const firstAccountName = 'admin';
/** How soon it is tried again while the backend is away. */
const retryAfterMs = 500;

/** The password of the first account, and how its person learns it. */
export interface FirstPassword {
  text: string;
  /** Called when the account has it. */
  onUsed?: () => void;
}

export interface FirstAccountOptions {
  records: Records;
  accounts: Accounts;
  /** Called only when there is no account; undefined when the installation came without a password. */
  password: () => FirstPassword | undefined;
  log: Logger;
}

/** Makes `admin` whenever there is no account at all: at start, and when the backend's data was replaced. */
export class FirstAccount implements Service {
  readonly name = 'first account';
  readonly #options: FirstAccountOptions;
  #stopped = false;
  #retry: NodeJS.Timeout | undefined;

  constructor(options: FirstAccountOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const onGap = ({ replaced }: { replaced: boolean }): void => {
      if (replaced) this.#ensureMeanwhile();
    };
    this.#options.records.subscribe({ onMessage: () => {}, onGap });
    await this.#ensure();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#retry);
  }

  #ensureMeanwhile(): void {
    const { log } = this.#options;
    this.#ensure().catch((error: unknown) => log.error({ err: error }, 'the first account could not be made'));
  }

  async #ensure(): Promise<void> {
    const { accounts, password, log } = this.#options;
    if (this.#stopped) return;
    try {
      if ((await accounts.list()).length > 0) return;
      const first = password();
      if (first === undefined) {
        log.warn({}, "there is no account, so nobody can sign in: make one with 'clock user add NAME --operator'");
      } else if (await accounts.add(firstAccountName, first.text, true)) {
        log.info({ account: firstAccountName }, 'first account made');
        first.onUsed?.();
      }
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      // Until it is known whether there is an account.
      clearTimeout(this.#retry);
      this.#retry = setTimeout(() => this.#ensureMeanwhile(), retryAfterMs);
    }
  }
}
