import type { OpenSessions, Session } from './session.ts';

/** An entry takes about 700 bytes, so a full cache takes 14 MB. */
const maxCachedSessions = 20_000;

/**
 * The sessions and tokens that a process has verified: the most recently used ones, and those with an open socket,
 * which their sockets keep. There is one `Session` object per `jti`.
 */
export class SessionCache {
  /** The least recently used first. */
  readonly #byJti = new Map<string, Session>();
  readonly #byCredential = new Map<string, Session>();
  readonly #max: number;
  #openSessions: OpenSessions = { openSession: () => undefined, sessions: () => [] };

  constructor(max = maxCachedSessions) {
    this.#max = max;
  }

  set openSessions(openSessions: OpenSessions) {
    this.#openSessions = openSessions;
  }

  /** Finds by the exact text of a credential; undefined also for a verified one that left the cache. */
  getByCredential(credential: string): Session | undefined {
    return this.#used(this.#byCredential.get(credential));
  }

  getByJti(jti: string): Session | undefined {
    return this.#used(this.#byJti.get(jti)) ?? this.#openSessions.openSession(jti);
  }

  add(session: Session): Session {
    this.delete(session.jti);
    this.#byJti.set(session.jti, session);
    if (session.credential !== null) this.#byCredential.set(session.credential, session);
    if (this.#byJti.size > this.#max) this.#deleteOldest();
    return session;
  }

  delete(jti: string): void {
    const credential = this.#byJti.get(jti)?.credential ?? null;
    this.#byJti.delete(jti);
    if (credential !== null) this.#byCredential.delete(credential);
  }

  /** All known sessions: the cached ones and those with an open socket. */
  all(): Set<Session> {
    return new Set([...this.#byJti.values(), ...this.#openSessions.sessions()]);
  }

  /** Moves a session behind all others. */
  #used(session: Session | undefined): Session | undefined {
    if (session === undefined) return undefined;
    this.#byJti.delete(session.jti);
    this.#byJti.set(session.jti, session);
    return session;
  }

  #deleteOldest(): void {
    const [oldest] = this.#byJti.keys();
    if (oldest !== undefined) this.delete(oldest);
  }
}
