import type { Records } from '../backend/records.ts';
import type { HouseTime } from '../time/house-time.ts';
import type { Jwt } from './jwt.ts';
import { readAccounts } from './session-reader.ts';
import { grantsAccess, type AccountSecurity, type SessionRecord } from './session.ts';
import { newId } from './new-id.ts';
import { announceOpened } from './session-message.ts';
import type { Sessions } from './sessions.ts';

/** A token as lists show it. */
export interface Token {
  id: string;
  label: string;
  account: string;
  /** Epoch ms of house time. */
  createdAt: number;
  expiresAt: number;
  /** The channels that it may publish on. */
  publishes: readonly string[];
}

export interface TokensOptions {
  records: Records;
  time: HouseTime;
  jwt: Jwt;
  sessions: Sessions;
}

/**
 * Bearer tokens, which may read the clock, publish on the channels that they name, and nothing else. The id of a token's
 * record is its label.
 */
export class Tokens {
  readonly #options: TokensOptions;

  constructor(options: TokensOptions) {
    this.#options = options;
  }

  /**
   * Issues a token for an account id, under the account's current security stamp. Its text is stored nowhere. The label
   * defaults to the id. `publishes`: the channels that it may publish on. Resolves to null if a live token has the same
   * label.
   */
  async issue(
    account: string,
    { securityStamp }: AccountSecurity,
    lifetimeMs: number,
    label?: string,
    publishes: readonly string[] = [],
  ): Promise<{ id: string; text: string } | null> {
    const { records, time, jwt } = this.#options;
    const jti = newId();
    const recordId = label ?? jti;
    const now = time.now();
    const expiresAt = now + lifetimeMs;
    const scopes = publishes.length === 0 ? {} : { publishes };
    const record: SessionRecord = { jti, account, securityStamp, createdAt: now, renewedAt: now, expiresAt, ...scopes };
    const text = await jwt.sign('token', { subject: account, jti, expiresAt, label: recordId });
    const isStored =
      (await records.create('token', recordId, record, lifetimeMs)) ||
      (await this.#replaceEnded(recordId, record, lifetimeMs));
    if (!isStored) return null;
    await announceOpened(records, { kind: 'token', recordId, jti });
    return { id: jti, text };
  }

  /** The live tokens, sorted by label in code unit order. */
  async list(): Promise<Token[]> {
    const { records } = this.#options;
    const stored = await records.list<SessionRecord>('token');
    const accounts = await readAccounts(
      records,
      stored.map(({ value }) => value),
    );
    return stored
      .filter(({ value }) => grantsAccess(value, accounts.get(value.account) ?? null))
      .map(({ id: label, value: { jti: id, account, createdAt, expiresAt, publishes = [] } }) => ({
        id,
        label,
        account,
        createdAt,
        expiresAt,
        publishes,
      }));
  }

  /** Ends the token with that id or label. Resolves to false if there is none. */
  async revoke(idOrLabel: string): Promise<boolean> {
    const token = (await this.list()).find(({ id, label }) => id === idOrLabel || label === idOrLabel);
    if (token === undefined) return false;
    await this.#options.sessions.end('token', [{ recordId: token.label, jti: token.id }]);
    return true;
  }

  /** Takes over the label of a token that ended with its account. */
  async #replaceEnded(recordId: string, record: SessionRecord, lifetimeMs: number): Promise<boolean> {
    const { records } = this.#options;
    const found = await records.get<SessionRecord>('token', recordId);
    if (found === null) return false;
    const accounts = await readAccounts(records, [found]);
    if (grantsAccess(found, accounts.get(found.account) ?? null)) return false;
    let isReplaced = false;
    const replace = (current: SessionRecord): SessionRecord | null => {
      isReplaced = current.jti === found.jti;
      return isReplaced ? record : null;
    };
    await records.update('token', recordId, replace, lifetimeMs);
    return isReplaced;
  }
}
