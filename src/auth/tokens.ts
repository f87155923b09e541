import type { Records } from '../backend/backend.ts';
import type { HouseTime } from '../time/house-time.ts';
import type { Jwt } from './jwt.ts';
import type { SessionRecord } from './session.ts';
import { newId, type Sessions } from './sessions.ts';

/** A token as lists show it. */
export interface Token {
  id: string;
  label: string;
  account: string;
  /** Epoch ms of house time. */
  createdAt: number;
  expiresAt: number;
}

export interface TokensOptions {
  records: Records;
  time: HouseTime;
  jwt: Jwt;
  sessions: Sessions;
}

/** Bearer tokens, which may read the clock and nothing else. The id of a token's record is its label. */
export class Tokens {
  readonly #options: TokensOptions;

  constructor(options: TokensOptions) {
    this.#options = options;
  }

  /**
   * Issues a token. Its text is stored nowhere. The label defaults to the id. Resolves to null if a live token has the
   * same label.
   */
  async issue(account: string, lifetimeMs: number, label?: string): Promise<{ id: string; text: string } | null> {
    const { records, time, jwt } = this.#options;
    const jti = newId();
    const recordId = label ?? jti;
    const now = time.now();
    const expiresAt = now + lifetimeMs;
    const record: SessionRecord = { jti, account, createdAt: now, renewedAt: now, expiresAt };
    const text = await jwt.sign('token', { account, jti, expiresAt, label: recordId });
    return (await records.create('token', recordId, record, lifetimeMs)) ? { id: jti, text } : null;
  }

  async list(): Promise<Token[]> {
    const stored = await this.#options.records.list<SessionRecord>('token');
    return stored.map(({ id: label, value }) => ({
      id: value.jti,
      label,
      account: value.account,
      createdAt: value.createdAt,
      expiresAt: value.expiresAt,
    }));
  }

  /** Ends the token with that id or label. Resolves to false if there is none. */
  async revoke(idOrLabel: string): Promise<boolean> {
    const token = (await this.list()).find(({ id, label }) => id === idOrLabel || label === idOrLabel);
    if (token === undefined) return false;
    await this.#options.sessions.end('token', [{ recordId: token.label, jti: token.id }]);
    return true;
  }
}
