import type { Session } from '../auth/session.ts';
import type { Sessions } from '../auth/sessions.ts';
import { Unavailable, type Backend } from '../backend/backend.ts';
import type { Cookies } from './cookies.ts';
import type { RequestHead } from './http.ts';

/** Which credentials a route accepts. */
export interface CredentialOptions {
  /** Accepts a bearer token, which then takes precedence over a cookie. Otherwise a request with one is signed out. */
  allowBearer: boolean;
}

export interface AuthenticatorOptions {
  sessions: Sessions;
  cookies: Cookies;
  backend: Pick<Backend, 'outage'>;
  /** Whether this process holds an open socket of the session. */
  hasSocket: (session: Session) => boolean;
}

/** Authenticates requests by their session cookie or bearer token. */
export class Authenticator {
  readonly #options: AuthenticatorOptions;

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
  }

  /**
   * The sessions of the request's credentials, by their signatures alone: it does not ask the backend. Several, if the
   * browser sends several session cookies; none, if the request is signed out.
   */
  async verify(head: RequestHead, { allowBearer }: CredentialOptions): Promise<Session[]> {
    const { sessions, cookies } = this.#options;
    const authorization = head.headers.get('authorization') ?? '';
    const isBearer = /^Bearer(?:\s|$)/i.test(authorization);
    if (isBearer && !allowBearer) return [];
    const token = /^Bearer +(\S+)$/i.exec(authorization)?.[1];
    const [kind, credentials] = isBearer
      ? (['token', token === undefined ? [] : [token]] as const)
      : (['session', cookies.sessions(head)] as const);
    const verified = await Promise.all(credentials.map((credential) => sessions.verify(kind, credential)));
    return verified.filter((session) => session !== null);
  }

  /**
   * The session that the request is authenticated with; null if it is signed out. During an outage of the backend, a
   * session with an open socket or a request in the last minute is accepted; for others it rejects with `Unavailable`.
   */
  async authenticate(head: RequestHead, options: CredentialOptions): Promise<Session | null> {
    let unavailable: Unavailable | null = null;
    for (const session of await this.verify(head, options)) {
      try {
        if (await this.#isValid(session)) return session;
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error;
        unavailable = error;
      }
    }
    if (unavailable !== null) throw unavailable;
    return null;
  }

  async #isValid(session: Session): Promise<boolean> {
    const { sessions, backend, hasSocket } = this.#options;
    try {
      if (backend.outage !== null) throw new Unavailable(backend.outage);
      return await sessions.isValid(session);
    } catch (error) {
      if (error instanceof Unavailable && (hasSocket(session) || sessions.wasUsedRecently(session))) return true;
      throw error;
    }
  }
}
