import type { Session, Sessions } from '../auth/sessions.ts';
import { Unavailable, type Backend } from '../backend/backend.ts';
import { sessionCookie } from './cookies.ts';
import type { Head } from './http.ts';

export interface IdentityOptions {
  sessions: Sessions;
  backend: Pick<Backend, 'trouble'>;
  /** Whether this process holds an open socket of the session. */
  hasSocket: (session: Session) => boolean;
}

/** Finds out who asks. */
export class Identity {
  readonly #options: IdentityOptions;

  constructor(options: IdentityOptions) {
    this.#options = options;
  }

  /**
   * Whose credential a request carries, by its signature alone. Where programs are `welcome`, a bearer token counts,
   * and beside a cookie it decides; elsewhere a request with one is signed out.
   */
  async read(head: Head, programs: 'welcome' | 'not here'): Promise<Session | null> {
    const authorization = head.headers.get('authorization') ?? '';
    if (/^Bearer(?:\s|$)/i.test(authorization)) {
      const token = /^Bearer +(\S+)$/i.exec(authorization)?.[1];
      return programs === 'welcome' && token !== undefined ? this.#options.sessions.read('token', token) : null;
    }
    const cookie = sessionCookie(head);
    return cookie === undefined ? null : this.#options.sessions.read('session', cookie);
  }

  /**
   * Who asks, if the right still stands. While the backend is away, whoever has a socket here or came within a minute
   * is believed; for anybody else it rejects with `Unavailable`.
   */
  async who(head: Head, programs: 'welcome' | 'not here'): Promise<Session | null> {
    const { sessions, backend, hasSocket } = this.#options;
    const session = await this.read(head, programs);
    if (session === null) return null;
    try {
      if (backend.trouble !== null) throw new Unavailable(backend.trouble);
      return (await sessions.stands(session)) ? session : null;
    } catch (error) {
      if (error instanceof Unavailable && (hasSocket(session) || sessions.wasUsedLately(session))) return session;
      throw error;
    }
  }
}
