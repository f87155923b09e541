import { randomBytes } from 'node:crypto';
import type { Records } from '../backend/backend.ts';
import type { HouseTime } from '../time/house-time.ts';
import type { CredentialKind, Jwt } from './jwt.ts';
import { SessionCache } from './session-cache.ts';
import type { OpenSessions, Session, SessionRecord } from './session.ts';

const dayMs = 86_400_000;
/** The lifetime of a session's credential. */
export const sessionLifetimeMs = 90 * dayMs;
/** The lifetime of a session's record after its last renewal. */
const idleLifetimeMs = 14 * dayMs;
/** A session in use is renewed at most this often. */
const renewEveryMs = dayMs;
/** A record is not read again this soon: if it were deleted, a message would say so. */
const trustedForMs = 60_000;
/** The greatest number of records that one step deletes. */
const maxEndedAtOnce = 500;

/** The message to every process after records were deleted. */
interface Ended {
  ended: string[];
}

export interface SessionsOptions {
  records: Records;
  time: HouseTime;
  jwt: Jwt;
}

/**
 * Sessions of browsers and tokens of programs. Each is a signed credential and a record, and is valid while the record
 * exists. Messages between the processes keep the cache of each one current.
 */
export class Sessions {
  readonly #options: SessionsOptions;
  readonly #cache: SessionCache;
  readonly #onEnded = new Set<(jti: string) => void>();
  /** Increases whenever a read that is in flight may be outdated. */
  #generation = 0;

  constructor(options: SessionsOptions) {
    this.#options = options;
    this.#cache = new SessionCache(options.time);
    options.records.subscribe({
      onMessage: (message) => {
        this.#generation += 1;
        for (const jti of (JSON.parse(message) as Partial<Ended>).ended ?? []) this.#forget(jti);
      },
      onGap: () => {
        this.#generation += 1;
        for (const session of this.#cache.values()) session.seenAt = -Infinity;
      },
    });
  }

  /** Names the sessions that have open sockets: they stay known after they leave the cache. */
  set openSessions(openSessions: OpenSessions) {
    this.#cache.openSessions = openSessions;
  }

  /** Calls `listener` with the `jti` of each session or token that ended, in any process. */
  onEnded(listener: (jti: string) => void): void {
    this.#onEnded.add(listener);
  }

  /** Opens a session for an account id. Its credential belongs into the cookie. */
  async open(account: string): Promise<Session> {
    const { records, time, jwt } = this.#options;
    const now = time.now();
    const jti = newId();
    const recordId = `${account}/${jti}`;
    const record = { jti, account, createdAt: now, renewedAt: now, expiresAt: now + idleLifetimeMs };
    await records.create('session', recordId, record satisfies SessionRecord, idleLifetimeMs);
    const claims = { account, jti, expiresAt: now + sessionLifetimeMs };
    return this.#cache.add({
      kind: 'session',
      jti,
      account,
      recordId,
      credential: await jwt.sign('session', claims),
      credentialExpiresAt: claims.expiresAt,
      expiresAt: record.expiresAt,
      seenAt: now,
      usedAt: now,
      hasEnded: false,
    });
  }

  /**
   * The session of a credential; null if the credential is forged, expired or of another kind. Reads no record, so it
   * also works during an outage. `isValid` reads the record.
   */
  async verify(kind: CredentialKind, credential: string): Promise<Session | null> {
    const cached = this.#cache.getByCredential(credential);
    if (cached?.kind === kind && cached.credentialExpiresAt > this.#options.time.now()) return cached;
    const claims = await this.#options.jwt.verify(kind, credential);
    if (claims === null) return null;
    const { account, jti, expiresAt, label } = claims;
    const known = this.#cache.getByJti(jti);
    if (known !== undefined) return this.#cache.add(known);
    return this.#cache.add({
      kind,
      jti,
      account,
      recordId: kind === 'token' ? (label ?? jti) : `${account}/${jti}`,
      credential,
      credentialExpiresAt: expiresAt,
      expiresAt,
      seenAt: -Infinity,
      usedAt: -Infinity,
      hasEnded: false,
    });
  }

  /** Whether the session's record exists. Reads it at most once a minute; rejects with `Unavailable` if it cannot. */
  async isValid(session: Session): Promise<boolean> {
    const now = this.#options.time.now();
    const isTrusted = !session.hasEnded && now - session.seenAt < trustedForMs && session.expiresAt > now;
    const isValid = isTrusted || (await this.revalidate([session])).has(session);
    if (isValid) session.usedAt = now;
    return isValid;
  }

  /** Whether a request carried the session within the last minute: then it is accepted during an outage. */
  wasUsedRecently(session: Session): boolean {
    const now = this.#options.time.now();
    return !session.hasEnded && now - session.usedAt < trustedForMs && session.expiresAt > now;
  }

  /** Reads the records of these sessions, renews those that are due, ends those without one. Returns the valid ones. */
  async revalidate(sessions: Iterable<Session>): Promise<Set<Session>> {
    const asked = [...sessions];
    const valid = new Set<Session>();
    for (const kind of ['session', 'token'] as const) {
      const ofKind = asked.filter((session) => session.kind === kind);
      if (ofKind.length === 0) continue;
      const ids = ofKind.map(({ recordId }) => recordId);
      const generation = this.#generation;
      const found = await this.#options.records.getMany<SessionRecord>(kind, ids);
      if (generation !== this.#generation) return this.revalidate(asked);
      for (const [index, session] of ofKind.entries()) {
        if (this.#matches(session, found[index] ?? null)) valid.add(session);
        else this.#end(session);
      }
    }
    // One after another: thousands at once would delay the ticks, which use the same connection.
    for (const session of valid) await this.#renewIfDue(session);
    return valid;
  }

  /** Ends sessions or tokens. When it resolves, the records are deleted and every process has been notified. */
  async end(kind: CredentialKind, ended: readonly { recordId: string; jti: string }[]): Promise<void> {
    for (let start = 0; start < ended.length; start += maxEndedAtOnce) {
      const some = ended.slice(start, start + maxEndedAtOnce);
      const message = JSON.stringify({ ended: some.map(({ jti }) => jti) } satisfies Ended);
      await this.#options.records.deleteAndPublish(
        kind,
        some.map(({ recordId }) => recordId),
        message,
      );
    }
  }

  /** Ends all sessions and tokens of an account, except `keep`. */
  async endAllOf(account: string, keep?: Session): Promise<void> {
    const { records } = this.#options;
    const sessions = await records.list<SessionRecord>('session', `${account}/`);
    const tokens = await records.list<SessionRecord>('token');
    const toEnd = (stored: typeof sessions) =>
      stored
        .filter(({ value }) => value.account === account && value.jti !== keep?.jti)
        .map(({ id, value }) => ({ recordId: id, jti: value.jti }));
    await this.end('session', toEnd(sessions));
    await this.end('token', toEnd(tokens));
  }

  #matches(session: Session, record: SessionRecord | null): boolean {
    const now = this.#options.time.now();
    if (session.hasEnded || record === null || record.jti !== session.jti || record.expiresAt <= now) return false;
    session.seenAt = now;
    session.expiresAt = Math.min(session.credentialExpiresAt, record.expiresAt);
    return session.expiresAt > now;
  }

  async #renewIfDue(session: Session): Promise<void> {
    const { records, time } = this.#options;
    const now = time.now();
    const expiresAt = now + idleLifetimeMs;
    if (session.kind !== 'session' || expiresAt - session.expiresAt < renewEveryMs) return;
    if (session.expiresAt === session.credentialExpiresAt) return;
    const renew = (record: SessionRecord): SessionRecord => ({ ...record, renewedAt: now, expiresAt });
    await records.update('session', session.recordId, renew, idleLifetimeMs);
    session.expiresAt = Math.min(session.credentialExpiresAt, expiresAt);
  }

  #forget(jti: string): void {
    const session = this.#cache.getByJti(jti);
    if (session !== undefined) session.hasEnded = true;
    this.#cache.delete(jti);
    for (const listener of this.#onEnded) listener(jti);
  }

  #end(session: Session): void {
    session.hasEnded = true;
    this.#forget(session.jti);
  }
}

/** 128 random bits, as text that is valid in a URL. */
export function newId(): string {
  return randomBytes(16).toString('base64url');
}
