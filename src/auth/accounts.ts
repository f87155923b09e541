import type { Records } from '../backend/records.ts';
import type { HouseTime } from '../time/house-time.ts';
import type { Passwords } from './passwords.ts';
import type { AccountSecurity, OpenedSession, Session } from './session.ts';
import type { SessionMessage } from './session-message.ts';
import { newId } from './new-id.ts';
import type { Sessions } from './sessions.ts';

/** A person's account. Its id is its name in lower case. */
export interface Account extends AccountSecurity {
  /** Matches `accountNamePattern`. */
  name: string;
  /** Empty if the account was made by a shared sign-in: no password matches. */
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

/**
 * The accounts. Names are compared without case. Disabling, removing and a new password end the sessions and tokens of
 * an account in the same atomic step, whatever their number: they are valid only under its current security stamp.
 */
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
      securityStamp: newId(),
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
    const account = accountNamePattern.test(accountId(name)) ? await this.get(name) : null;
    const isRight = await this.#options.passwords.verify(password, account?.passwordHash || undefined);
    return isRight && account !== null && !account.disabled && account.sso === undefined ? account : null;
  }

  /**
   * Opens a session and ends the one that it replaces. Resolves to null, and ends nothing, if the account was disabled,
   * removed or given a new password after `check`.
   */
  async signIn(checked: Account, replaced: Session | null = null): Promise<OpenedSession | null> {
    const { sessions } = this.#options;
    const session = await sessions.open(accountId(checked.name), checked);
    if (!(await sessions.isValid(session))) return null;
    if (replaced?.kind === 'session') await sessions.end('session', [replaced]);
    return session;
  }

  /** Whether sessions and tokens that are created under this state of the account are valid. */
  async canStillSignIn(known: Account): Promise<boolean> {
    const now = await this.get(known.name);
    return now?.securityStamp === known.securityStamp;
  }

  /** Sets a password and ends all sessions and tokens except `exempt`. Resolves to false if there is no such account. */
  async setPassword(name: string, password: string, exempt?: Session): Promise<boolean> {
    return this.#changeAndEndSessions(name, { passwordHash: await this.#options.passwords.hash(password) }, exempt);
  }

  /** Refuses sign-ins and ends all sessions and tokens. Resolves to false if there is no such account. */
  async disable(name: string): Promise<boolean> {
    return this.#changeAndEndSessions(name, { disabled: true });
  }

  async enable(name: string): Promise<boolean> {
    return this.#change(name, { disabled: false });
  }

  async setOperator(name: string, operator: boolean): Promise<boolean> {
    const id = accountId(name);
    const message: SessionMessage = { operator: { id, isOperator: operator } };
    const change = (account: Account): Account => ({ ...account, operator });
    return this.#options.records.updateAndPublish<Account>('account', id, change, JSON.stringify(message));
  }

  /**
   * Switches the account to the shared sign-in, or back to a password, and ends all sessions and tokens. Resolves to
   * false if there is no such account.
   */
  async setSso(name: string, isShared: boolean): Promise<boolean> {
    return this.#changeAndEndSessions(name, { sso: isShared ? { origin: null } : undefined });
  }

  /** Removes the account and ends its sessions and tokens. Resolves to false if there is no such account. */
  async remove(name: string): Promise<boolean> {
    if ((await this.get(name)) === null) return false;
    const id = accountId(name);
    await this.#options.records.deleteAndPublish('account', [id], endedMessage({ id }));
    return true;
  }

  async #change(name: string, changes: Partial<Account>): Promise<boolean> {
    const change = (account: Account): Account => ({ ...account, ...changes });
    return this.#options.records.update<Account>('account', accountId(name), change);
  }

  async #changeAndEndSessions(name: string, changes: Partial<Account>, exempt?: Session): Promise<boolean> {
    const id = accountId(name);
    const security: AccountSecurity = { securityStamp: newId(), exemptSession: exempt?.jti };
    const change = (account: Account): Account => ({ ...account, ...changes, ...security });
    const message = endedMessage({ id, exemptSession: exempt?.jti });
    return this.#options.records.updateAndPublish<Account>('account', id, change, message);
  }
}

/** The id of a name as it was typed: blanks around it and its form in Unicode do not count, as in Django. */
export function accountId(name: string): string {
  return name.normalize('NFKC').trim().toLowerCase();
}

function endedMessage(endedAccount: SessionMessage['endedAccount'] & object): string {
  return JSON.stringify({ endedAccount } satisfies SessionMessage);
}
