import type { Records } from '../../backend/records.ts';
import type { HouseTime } from '../../time/house-time.ts';
import type { Account } from '../accounts.ts';
import { firstAccountName } from '../first-account.ts';
import { isSameOrigin, type SharedIdentity } from '../session.ts';
import { newId } from '../new-id.ts';
import type { Refusal } from './refusals.ts';

export interface SharedAccountsOptions {
  records: Records;
  time: Pick<HouseTime, 'now'>;
  /** Whether a password is configured with which the first account is created. */
  hasFirstPassword: boolean;
}

/** The accounts of people who sign in through another application. */
export class SharedAccounts {
  readonly #options: SharedAccountsOptions;

  constructor(options: SharedAccountsOptions) {
    this.#options = options;
  }

  /**
   * Creates the account of an identity that is seen for the first time. Resolves to the reason if it may not sign in,
   * else to null.
   */
  async admit(identity: SharedIdentity): Promise<Refusal | null> {
    const { records, time } = this.#options;
    const { account: id } = identity;
    for (;;) {
      const account = await records.get<Account>('account', id);
      if (account !== null) return this.#admitTo(id, account, identity);
      if (id === firstAccountName && (await this.#isFirstAccountMissing())) return { reason: 'starting' };
      const created: Account = {
        name: identity.name,
        passwordHash: '',
        operator: false,
        disabled: false,
        createdAt: time.now(),
        securityStamp: newId(),
        sso: { origin: identity.origin },
      };
      // If another process was faster, its account counts.
      if (await records.create('account', id, created)) return null;
    }
  }

  /** Whether the first account is about to be created, at the start or after the backend's data was replaced. */
  async #isFirstAccountMissing(): Promise<boolean> {
    if (!this.#options.hasFirstPassword) return false;
    const accounts = await this.#options.records.list<Account>('account');
    return accounts.every(({ value }) => value.sso !== undefined);
  }

  async #admitTo(id: string, { sso, disabled }: Account, { origin }: SharedIdentity): Promise<Refusal | null> {
    if (sso === undefined) return { reason: 'local-name', account: id };
    if (disabled) return { reason: 'disabled', account: id };
    if (isSameOrigin(sso.origin, origin)) {
      if (sso.origin === null && origin !== null) await this.#bind(id, origin);
      return null;
    }
    return { reason: 'other-subject', account: id };
  }

  /** The first token decides who owns an account that only a proxy or a command has named before. */
  async #bind(id: string, origin: SharedIdentity['origin']): Promise<void> {
    await this.#options.records.update<Account>('account', id, (account) =>
      account.sso?.origin === null ? { ...account, sso: { origin } } : null,
    );
  }
}
