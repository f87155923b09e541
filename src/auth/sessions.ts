import { randomBytes } from 'node:crypto';
import type { Records } from '../backend/backend.ts';
import type { HouseTime } from '../time/house-time.ts';
import type { CredentialKind, Jwt } from './jwt.ts';

const dayMs = 86_400_000;
/** A session's credential is good for this long at most, */
export const sessionLifetimeMs = 90 * dayMs;
/** its record for this long after the last use, */
const idleLifetimeMs = 14 * dayMs;
/** which is noted no more often than this. */
const renewEveryMs = dayMs;
/** A record that was seen is taken for granted this long: its end would have been told. */
const trustedForMs = 60_000;
const rememberedAtMost = 200_000;
const endedAtOnce = 500;

/** A right to see the clock, as this process knows it. There is one object for each credential. */
export interface Session {
  readonly kind: CredentialKind;
  readonly jti: string;
  /** The id of the account. */
  readonly account: string;
  readonly recordId: string;
  readonly credential: string;
  readonly credentialExpiresAt: number;
  /** When credential or record ends, whichever is first; moves on as the record is renewed. */
  expiresAt: number;
  /** When its record was last seen. */
  seenAt: number;
  /** When somebody last came with it. All instants are epoch ms of house time. */
  usedAt: number;
}

/** What the backend keeps of a session or a token. */
export interface SessionRecord {
  jti: string;
  account: string;
  createdAt: number;
  renewedAt: number;
  expiresAt: number;
}

/** Sent to every process when records were deleted. */
interface Ended {
  ended: string[];
}

export interface SessionsOptions {
  records: Records;
  time: HouseTime;
  jwt: Jwt;
}

/**
 * Sessions of browsers and tokens of programs: a signed credential each, and a record that it lives and dies with.
 * A process remembers those it saw and hears of those that end anywhere.
 */
export class Sessions {
  readonly #options: SessionsOptions;
  readonly #byCredential = new Map<string, Session>();
  readonly #byJti = new Map<string, Session>();
  readonly #onEnded = new Set<(jti: string) => void>();
  /** Rises when an answer that is under way may already be wrong. */
  #generation = 0;

  constructor(options: SessionsOptions) {
    this.#options = options;
    options.records.subscribe({
      onMessage: (message) => {
        this.#generation += 1;
        for (const jti of (JSON.parse(message) as Partial<Ended>).ended ?? []) this.#forget(jti);
      },
      onGap: () => {
        this.#generation += 1;
        for (const session of this.#byJti.values()) session.seenAt = -Infinity;
      },
    });
  }

  /** Calls back with the `jti` of each session and token that ended, on whatever process. */
  onEnded(listener: (jti: string) => void): void {
    this.#onEnded.add(listener);
  }

  /** Opens a session of an account; the credential is for its cookie. */
  async open(account: string): Promise<Session> {
    const { records, time, jwt } = this.#options;
    const now = time.now();
    const jti = newId();
    const recordId = `${account}/${jti}`;
    const record = { jti, account, createdAt: now, renewedAt: now, expiresAt: now + idleLifetimeMs };
    await records.create('session', recordId, record satisfies SessionRecord, idleLifetimeMs);
    const claims = { account, jti, expiresAt: now + sessionLifetimeMs };
    return this.#remember({
      kind: 'session',
      jti,
      account,
      recordId,
      credential: await jwt.sign('session', claims),
      credentialExpiresAt: claims.expiresAt,
      expiresAt: record.expiresAt,
      seenAt: now,
      usedAt: now,
    });
  }

  /**
   * Whose credential this is: null when it is forged, expired or of another kind. Asks nobody, and so answers while
   * the backend is away too; `stands` tells whether the right is still there.
   */
  async verify(kind: CredentialKind, credential: string): Promise<Session | null> {
    const known = this.#byCredential.get(credential);
    if (known?.kind === kind && known.credentialExpiresAt > this.#options.time.now()) return known;
    const claims = await this.#options.jwt.verify(kind, credential);
    if (claims === null) return null;
    const { account, jti, expiresAt, label } = claims;
    // Another request with it was quicker: there is one object for each credential.
    const remembered = this.#byCredential.get(credential);
    if (remembered?.kind === kind) return remembered;
    return this.#remember({
      kind,
      jti,
      account,
      recordId: kind === 'token' ? (label ?? jti) : `${account}/${jti}`,
      credential,
      credentialExpiresAt: expiresAt,
      expiresAt,
      seenAt: -Infinity,
      usedAt: -Infinity,
    });
  }

  /** Whether the session's record is there, asking for it only when need be: then it may reject with `Unavailable`. */
  async isValid(session: Session): Promise<boolean> {
    const now = this.#options.time.now();
    const trusted = now - session.seenAt < trustedForMs && session.expiresAt > now;
    const stands = trusted || (await this.revalidate([session])).has(session);
    if (stands) session.usedAt = now;
    return stands;
  }

  /** Whether nothing was heard of its end. */
  isCached(session: Session): boolean {
    return this.#byJti.get(session.jti) === session;
  }

  /** Whether somebody came with it within a minute: it is believed while the backend is away. */
  wasUsedRecently(session: Session): boolean {
    const now = this.#options.time.now();
    return now - session.usedAt < trustedForMs && session.expiresAt > now;
  }

  /** Asks for the records of these sessions, renews those in use, ends those that have none; gives those that stand. */
  async revalidate(sessions: Iterable<Session>): Promise<Set<Session>> {
    const asked = [...sessions];
    const standing = new Set<Session>();
    for (const kind of ['session', 'token'] as const) {
      const ofKind = asked.filter((session) => session.kind === kind);
      if (ofKind.length === 0) continue;
      const ids = ofKind.map(({ recordId }) => recordId);
      const generation = this.#generation;
      const found = await this.#options.records.getMany<SessionRecord>(kind, ids);
      if (generation !== this.#generation) return this.revalidate(asked);
      for (const [index, session] of ofKind.entries()) {
        if (this.#holds(session, found[index] ?? null)) standing.add(session);
        else this.#forget(session.jti);
      }
    }
    // One after another: thousands at once would hold up the ticks, which share the connection.
    for (const session of standing) await this.#renewWhenDue(session);
    return standing;
  }

  /** Ends sessions or tokens: their records are gone, and every process is told, when it resolves. */
  async end(kind: CredentialKind, ended: readonly { recordId: string; jti: string }[]): Promise<void> {
    for (let start = 0; start < ended.length; start += endedAtOnce) {
      const some = ended.slice(start, start + endedAtOnce);
      const message = JSON.stringify({ ended: some.map(({ jti }) => jti) } satisfies Ended);
      await this.#options.records.deleteAndPublish(
        kind,
        some.map(({ recordId }) => recordId),
        message,
      );
    }
  }

  /** Ends all sessions and tokens of an account, but for `keep`. */
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

  #holds(session: Session, record: SessionRecord | null): boolean {
    const now = this.#options.time.now();
    if (record === null || record.jti !== session.jti || record.expiresAt <= now) return false;
    session.seenAt = now;
    session.expiresAt = Math.min(session.credentialExpiresAt, record.expiresAt);
    return session.expiresAt > now;
  }

  async #renewWhenDue(session: Session): Promise<void> {
    const { records, time } = this.#options;
    const now = time.now();
    const expiresAt = now + idleLifetimeMs;
    if (session.kind !== 'session' || expiresAt - session.expiresAt < renewEveryMs) return;
    if (session.expiresAt === session.credentialExpiresAt) return;
    const renew = (record: SessionRecord): SessionRecord => ({ ...record, renewedAt: now, expiresAt });
    await records.update('session', session.recordId, renew, idleLifetimeMs);
    session.expiresAt = Math.min(session.credentialExpiresAt, expiresAt);
  }

  #remember(session: Session): Session {
    const oldest = this.#byJti.size < rememberedAtMost ? undefined : this.#byJti.keys().next().value;
    if (oldest !== undefined) this.#drop(oldest);
    this.#byCredential.set(session.credential, session);
    this.#byJti.set(session.jti, session);
    return session;
  }

  #forget(jti: string): void {
    this.#drop(jti);
    for (const listener of this.#onEnded) listener(jti);
  }

  #drop(jti: string): void {
    const session = this.#byJti.get(jti);
    if (session === undefined) return;
    this.#byJti.delete(jti);
    this.#byCredential.delete(session.credential);
  }
}

/** 128 random bits, fit for a URL. */
export function newId(): string {
  return randomBytes(16).toString('base64url');
}
