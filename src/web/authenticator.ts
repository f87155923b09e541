import type { Session } from '../auth/session.ts';
import type { Sessions } from '../auth/sessions.ts';
import { Unavailable, type Backend } from '../backend/backend.ts';
import { sessionCookie } from './cookies.ts';
import type { RequestHead } from './http.ts';

/** Which credentials a route takes. */
export interface CredentialOptions {
  /** A bearer token authenticates the request, and takes precedence over a cookie; otherwise a request that carries one is signed out. */
  allowBearer: boolean;
}

export interface AuthenticatorOptions {
  sessions: Sessions;
  backend: Pick<Backend, 'outage'>;
  /** Whether this process holds an open socket of the session. */
  hasSocket: (session: Session) => boolean;
}

/** Finds out who asks. */
export class Authenticator {
  readonly #options: AuthenticatorOptions;

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
  }

  /**
   * Whose credential a request carries, by its signature alone. Where programs are `welcome`, a bearer token counts,
   * and beside a cookie it decides; elsewhere a request with one is signed out.
   */
  async verify(head: RequestHead, options: CredentialOptions): Promise<Session | null> {
    const authorization = head.headers.get('authorization') ?? '';
    if (/^Bearer(?:\s|$)/i.test(authorization)) {
      const token = /^Bearer +(\S+)$/i.exec(authorization)?.[1];
      return options.allowBearer && token !== undefined ? this.#options.sessions.verify('token', token) : null;
    }
    const cookie = sessionCookie(head);
    return cookie === undefined ? null : this.#options.sessions.verify('session', cookie);
  }

  /**
   * Who asks, if the right still stands. While the backend is away, whoever has a socket here or came within a minute
   * is believed; for anybody else it rejects with `Unavailable`.
   */
  async authenticate(head: RequestHead, options: CredentialOptions): Promise<Session | null> {
    const { sessions, backend, hasSocket } = this.#options;
    const session = await this.verify(head, options);
    if (session === null) return null;
    try {
      if (backend.outage !== null) throw new Unavailable(backend.outage);
      return (await sessions.isValid(session)) ? session : null;
    } catch (error) {
      if (error instanceof Unavailable && (hasSocket(session) || sessions.wasUsedRecently(session))) return session;
      throw error;
    }
  }
}
