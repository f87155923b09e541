import type { Records } from '../backend/records.ts';
import type { HouseTime } from '../time/house-time.ts';
import { createSession } from './create-session.ts';
import { Credentials } from './credentials.ts';
import type { CredentialKind, Jwt } from './jwt.ts';
import { Revalidation } from './revalidation.ts';
import { SessionCache } from './session-cache.ts';
import { announceOpened, type SessionMessage } from './session-message.ts';
import { noRecords, type PreloadedRecords } from './preloaded-records.ts';
import { SessionReader } from './session-reader.ts';
import { isRenewalDue } from './session-renewal.ts';
import { sharedExpiry, type AccountSecurity, type OpenedSession, type OpenSessions, type Session } from './session.ts';

/** A record is not read again within this time, because messages report its end. */
const trustedForMs = 60_000;

export interface SessionsOptions {
  records: Records;
  time: HouseTime;
  jwt: Jwt;
}

/**
 * Sessions of browsers, tokens of programs, paired screens and links. Each is a signed credential and a record, and is
 * valid while the record exists and, if it belongs to an account, contains the account's security stamp. Each process
 * has a cache; messages between the processes update it.
 */
export class Sessions {
  /** Signs the credentials of these sessions, and finds the session of one. */
  readonly credentials: Credentials;
  readonly #options: SessionsOptions;
  readonly #cache = new SessionCache();
  readonly #reader: SessionReader;
  readonly #revalidation: Revalidation;
  #preloaded: PreloadedRecords = noRecords;
  readonly #onEnded = new Set<(jti: string) => void>();
  readonly #onChanged = new Set<(session: Session) => void>();

  constructor(options: SessionsOptions) {
    const { records, time, jwt } = options;
    this.#options = options;
    this.credentials = new Credentials({ jwt, time, cache: this.#cache });
    this.#reader = new SessionReader(records, time, (session) => this.#notifyOfChange(session));
    const onInvalid = (session: Session): void => this.#end(session);
    this.#revalidation = new Revalidation({ records, time, reader: this.#reader, onInvalid });
    records.subscribe({
      onMessage: (message) => this.#onMessage(JSON.parse(message) as SessionMessage),
      onGap: () => {
        this.#reader.onGap();
        this.#preloaded.onGap();
        for (const session of this.#cache.all()) session.recordReadAt = -Infinity;
      },
    });
  }

  /** The sessions that have open sockets: they are found even after they leave the cache. */
  set openSessions(openSessions: OpenSessions) {
    this.#cache.openSessions = openSessions;
  }

  /** Records that were read before a request needed them. */
  set preloaded(preloaded: PreloadedRecords) {
    this.#preloaded = preloaded;
  }

  /** Calls `listener` with the `jti` of each session or token that ended, in any process. */
  onEnded(listener: (jti: string) => void): void {
    this.#onEnded.add(listener);
  }

  /** Calls `listener` with each session whose `isOperator` or `group` differs from the last known value. */
  onChanged(listener: (session: Session) => void): void {
    this.#onChanged.add(listener);
  }

  /** To be called when the group of a screen or a link changed. */
  setGroup(jti: string, group: string | null): void {
    this.#reader.onChanged((session) => {
      if (session.jti === jti) session.group = group;
    });
    this.#preloaded.forget(jti);
    const session = this.#cache.getByJti(jti);
    if (session !== undefined) session.group = group;
  }

  /** Opens a session for an account id, under the account's current security stamp, and notifies every process. */
  async open(account: string, { securityStamp }: AccountSecurity): Promise<OpenedSession> {
    const session = await createSession(this.#options, account, securityStamp);
    this.#cache.add(session);
    await announceOpened(this.#options.records, session);
    return session;
  }

  /** Whether the session is valid. Reads its record at most once a minute; rejects with `Unavailable` if it cannot. */
  async isValid(session: Session): Promise<boolean> {
    if (this.isKnownValid(session)) return true;
    const now = this.#options.time.now();
    const isFound = await this.#revalidation.isValid(session);
    // It may have ended while its renewal was in flight.
    const isValid = isFound && !session.hasEnded;
    if (isValid) session.usedAt = now;
    return isValid;
  }

  /** Like `isValid`, but reads nothing: false if the session is not valid, or if only its record can tell. */
  isKnownValid(session: Session): boolean {
    const now = this.#options.time.now();
    const isValid = isTrustedAt(session, now) || this.#isPreloaded(session, now);
    if (isValid) session.usedAt = now;
    return isValid;
  }

  /** Whether the session is valid without another read of its record. */
  isTrusted(session: Session): boolean {
    return isTrustedAt(session, this.#options.time.now());
  }

  /** Whether a request carried the session within the last minute: then it is accepted during an outage. */
  wasUsedRecently(session: Session): boolean {
    const now = this.#options.time.now();
    return !session.hasEnded && now - session.usedAt < trustedForMs && session.expiresAt > now;
  }

  /** Reads the records of these sessions, ends those that are not valid, renews those that are due. */
  revalidate(sessions: Iterable<Session>): Promise<Set<Session>> {
    return this.#revalidation.revalidate(sessions);
  }

  /**
   * Ends sessions or tokens. When it resolves, the records are deleted and every process has been notified. The
   * credential of a shared session stays refused until it expires; a proxy's header, which does not expire, is accepted
   * again.
   */
  async end(kind: CredentialKind, ended: readonly { recordId: string; jti: string }[]): Promise<void> {
    for (const { recordId, jti } of ended) {
      const lifetimeMs = (sharedExpiry(recordId) ?? Infinity) - this.#options.time.now();
      if (lifetimeMs > 0 && lifetimeMs < Infinity) await this.#options.records.create('ended', jti, {}, lifetimeMs);
    }
    const ids = ended.map(({ recordId }) => recordId);
    const message: SessionMessage = { ended: ended.map(({ jti }) => jti) };
    await this.#options.records.deleteAndPublish(kind, ids, JSON.stringify(message));
  }

  #isPreloaded(session: Session, now: number): boolean {
    const found = this.#preloaded.take(session);
    if (found === undefined || session.hasEnded) return false;
    if (!this.#reader.apply(session, found.record, found.account, found.readAt)) return false;
    // A renewal reads and writes the record.
    if (isRenewalDue(session, now)) session.recordReadAt = -Infinity;
    return isTrustedAt(session, now);
  }

  #onMessage({ opened, ended = [], endedAccount, operator }: SessionMessage): void {
    // A session that this process knows is read when it is used.
    if (opened !== undefined && this.#cache.getByJti(opened.jti) === undefined) this.#preloaded.onOpened(opened);
    if (operator !== undefined) this.#onOperator(operator);
    const jtis = new Set(ended);
    const hasEnded = ({ jti, account }: Session): boolean =>
      jtis.has(jti) || (account === endedAccount?.id && jti !== endedAccount.exemptSession);
    this.#reader.onEnded(hasEnded);
    for (const jti of ended) this.#endByJti(jti);
    if (endedAccount === undefined) return;
    this.#preloaded.forgetAccount(endedAccount.id);
    for (const session of this.#cache.all()) if (hasEnded(session)) this.#end(session);
  }

  #onOperator({ id, isOperator }: SessionMessage['operator'] & object): void {
    const change = (session: Session): void => {
      const isOperatorNow = isOperator || session.shared?.isOperator === true;
      if (session.account !== id || session.isOperator === isOperatorNow) return;
      session.isOperator = isOperatorNow;
      this.#notifyOfChange(session);
    };
    this.#reader.onChanged(change);
    this.#preloaded.forgetAccount(id);
    for (const session of this.#cache.all()) change(session);
  }

  #notifyOfChange(session: Session): void {
    for (const listener of this.#onChanged) listener(session);
  }

  #endByJti(jti: string): void {
    const session = this.#cache.getByJti(jti);
    if (session !== undefined) session.hasEnded = true;
    this.#cache.delete(jti);
    this.#preloaded.forget(jti);
    for (const listener of this.#onEnded) listener(jti);
  }

  #end(session: Session): void {
    session.hasEnded = true;
    this.#endByJti(session.jti);
  }
}

function isTrustedAt({ hasEnded, recordReadAt, expiresAt }: Session, now: number): boolean {
  return !hasEnded && now - recordReadAt < trustedForMs && expiresAt > now;
}
