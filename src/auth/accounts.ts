import type { Records } from '../backend/backend.ts';
import type { HouseTime } from '../time/house-time.ts';
import type { Passwords } from './passwords.ts';
import type { Session } from './session.ts';
import type { Sessions } from './sessions.ts';

/** A person's account. Its id is its name in lower case. */
export interface Account {
  name: string;
  passwordHash: string;
  operator: boolean;
  disabled: boolean;
  /** Epoch ms of house time. */
  createdAt: number;
}

/** The characters that Django allows, up to 64 of them. */
export const accountNamePattern = /^[A-Za-z0-9@.+\-_]{1,64}$/;

export interface AccountsOptions {
  records: Records;
  time: HouseTime;
  passwords: Passwords;
  sessions: Sessions;
}

/** The accounts. Names are compared without case. */
export class Accounts {
  readonly #options: AccountsOptions;

  constructor(options: AccountsOptions) {
    this.#options = options;
  }

  /** Resolves to false if the name is taken. Rejects with `TooBusy`. */
  async add(name: string, password: string, operator: boolean): Promise<boolean> {
    const { records, time, passwords } = this.#options;
    const account: Account = {
      name,
      passwordHash: await passwords.hash(password),
      operator,
      disabled: false,
      createdAt: time.now(),
    };
    return records.create('account', accountId(name), account);
  }

  async get(name: string): Promise<Account | null> {
    return this.#options.records.get<Account>('account', accountId(name));
  }

  /** Sorted by id in code unit order. */
  async list(): Promise<Account[]> {
    const stored = await this.#options.records.list<Account>('account');
    return stored.map(({ value }) => value);
  }

  /** The account, if the password is right and it may sign in; null otherwise, after the same time. */
  async check(name: string, password: string): Promise<Account | null> {
    const account = accountNamePattern.test(name) ? await this.get(name) : null;
    const isRight = await this.#options.passwords.verify(password, account?.passwordHash);
    return isRight && account !== null && !account.disabled ? account : null;
  }

  /** Opens a session. Resolves to null if the account was disabled, removed or given a new password after `check`. */
  async signIn(checked: Account): Promise<Session | null> {
    const { sessions } = this.#options;
    const session = await sessions.open(accountId(checked.name));
    if (await this.canStillSignIn(checked)) return session;
    await sessions.end('session', [session]);
    return null;
  }

  /**
   * Whether an account may still sign in with the password it had. To be called after a session or a token was created:
   * a concurrent change of the account ends only those that existed before it.
   */
  async canStillSignIn(known: Account): Promise<boolean> {
    const now = await this.get(known.name);
    return now !== null && !now.disabled && now.passwordHash === known.passwordHash;
  }

  /** Sets a password and ends all sessions and tokens except `keep`. Resolves to false if there is no such account. */
  async setPassword(name: string, password: string, keep?: Session): Promise<boolean> {
    const passwordHash = await this.#options.passwords.hash(password);
    const changed = await this.#change(name, { passwordHash });
    await this.#options.sessions.endAllOf(accountId(name), keep);
    return changed;
  }

  /** Refuses sign-ins and ends all sessions and tokens. Resolves to false if there is no such account. */
  async disable(name: string): Promise<boolean> {
    const changed = await this.#change(name, { disabled: true });
    await this.#options.sessions.endAllOf(accountId(name));
    return changed;
  }

  async enable(name: string): Promise<boolean> {
    return this.#change(name, { disabled: false });
  }

  async setOperator(name: string, operator: boolean): Promise<boolean> {
    return this.#change(name, { operator });
  }

  /** Removes the account, its sessions and tokens. Resolves to false if there is no such account. */
  async remove(name: string): Promise<boolean> {
    const removed = await this.#options.records.delete('account', accountId(name));
    await this.#options.sessions.endAllOf(accountId(name));
    return removed;
  }

  async #change(name: string, changes: Partial<Account>): Promise<boolean> {
    const change = (account: Account): Account => ({ ...account, ...changes });
    return this.#options.records.update<Account>('account', accountId(name), change);
  }
}

export function accountId(name: string): string {
  return name.toLowerCase();
}
