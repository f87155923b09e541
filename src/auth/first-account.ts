import { Unavailable, type Records } from '../backend/backend.ts';
import type { Service } from '../lifecycle.ts';
import type { Logger } from '../logger.ts';
import type { Accounts } from './accounts.ts';

export const firstAccountName = 'admin';

/** The password of the first account, and what to do once it has it. */
export interface FirstPassword {
  text: string;
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

  constructor(options: FirstAccountOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { records, log } = this.#options;
    const ensure = (): void => {
      this.#ensure().catch((error: unknown) => log.error({ err: error }, 'the first account could not be made'));
    };
    records.hear({ told: () => {}, missed: ensure });
    await this.#ensure();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
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
      // When the backend is back, it says that something was missed.
      if (!(error instanceof Unavailable)) throw error;
    }
  }
}
