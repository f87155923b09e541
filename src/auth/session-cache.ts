import { LRUCache } from 'lru-cache';
import type { OpenSessions, Session } from './session.ts';

/** An entry takes about 700 bytes, so a full cache takes 14 MB. */
const maxCachedSessions = 20_000;

/**
 * The sessions and tokens that a process has verified: the most recently used ones, and those with an open socket,
 * which their sockets keep. There is one `Session` object per `jti`.
 */
export class SessionCache {
  readonly #byJti: LRUCache<string, Session>;
  readonly #byCredential = new Map<string, Session>();
  #openSessions: OpenSessions = { openSession: () => undefined, sessions: () => [] };

  constructor(max = maxCachedSessions) {
    this.#byJti = new LRUCache({
      max,
      dispose: ({ credential }) => credential !== null && this.#byCredential.delete(credential),
    });
  }

  set openSessions(openSessions: OpenSessions) {
    this.#openSessions = openSessions;
  }

  /** Finds by the exact text of a credential; undefined also for a verified one that left the cache. */
  getByCredential(credential: string): Session | undefined {
    const session = this.#byCredential.get(credential);
    return session === undefined ? undefined : this.#byJti.get(session.jti);
  }

  getByJti(jti: string): Session | undefined {
    return this.#byJti.get(jti) ?? this.#openSessions.openSession(jti);
  }

  add(session: Session): Session {
    this.#byJti.set(session.jti, session);
    if (session.credential !== null) this.#byCredential.set(session.credential, session);
    return session;
  }

  delete(jti: string): void {
    this.#byJti.delete(jti);
  }

  /** All known sessions: the cached ones and those with an open socket. */
  all(): Set<Session> {
    return new Set([...this.#byJti.values(), ...this.#openSessions.sessions()]);
  }
}
