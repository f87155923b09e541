import { readUnverified } from '../auth/jwt.ts';
import type { Session } from '../auth/session.ts';
import type { Sessions } from '../auth/sessions.ts';
import { Unavailable, type Backend } from '../backend/backend.ts';
import type { Cookies } from './cookies.ts';
import { HttpError } from './http-error.ts';
import type { RequestHead } from './http.ts';

/** How a request is authenticated: by a cookie of a person, a screen or a link, or by a token or a link's key as Bearer. */
export type CredentialKind = 'session' | 'screen' | 'link' | 'token' | 'key';

/** Every kind: for routes that are open to everybody who may read the clock. */
export const readerKinds: readonly CredentialKind[] = ['session', 'screen', 'link', 'token', 'key'];
/** The cookies of the pages that show the clock. */
export const pageKinds: readonly CredentialKind[] = ['session', 'screen', 'link'];

export interface CredentialOptions {
  /** What the route accepts. Bearer, if accepted, takes precedence over a cookie. */
  kinds: readonly CredentialKind[];
  /** Treats a valid credential of another kind as none. By default it is refused with 403. */
  ignoresOthers?: boolean;
}

export interface AuthenticatorOptions {
  sessions: Sessions;
  cookies: Cookies;
  backend: Pick<Backend, 'outage'>;
  /** Whether this process holds an open socket of the session. */
  hasSocket: (session: Session) => boolean;
  /** The id of the link that a key belongs to; null for a forged key. */
  verifyKey: (key: string) => string | null;
}

interface Verified {
  kind: CredentialKind;
  session: Session;
}

/** Authenticates requests by their cookie or bearer credential. */
export class Authenticator {
  readonly #options: AuthenticatorOptions;

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
  }

  /**
   * The sessions of the request's credentials, by their signatures alone, without a read from the backend. Several if
   * the browser sends several session cookies; none if the request is signed out. Bearer on a page counts only if the
   * route accepts it.
   */
  async verify(head: RequestHead, { kinds }: CredentialOptions): Promise<Verified[]> {
    const authorization = head.headers.get('authorization') ?? '';
    if (!/^Bearer(?:\s|$)/i.test(authorization)) return this.#verifyCookies(head);
    const acceptsBearer = head.path.startsWith('/api/') || kinds.includes('token') || kinds.includes('key');
    const credential = /^Bearer +(\S+)$/i.exec(authorization)?.[1];
    if (!acceptsBearer || credential === undefined) return [];
    const verified = await this.#verifyBearer(credential);
    return verified === null ? [] : [verified];
  }

  /**
   * The session that the request is authenticated with; null if it is signed out. During an outage of the backend, a
   * session with an open socket or a request in the last minute is accepted; for others it rejects with `Unavailable`.
   */
  async authenticate(head: RequestHead, options: CredentialOptions): Promise<Session | null> {
    let unavailable: Unavailable | null = null;
    let hasOther = false;
    for (const { kind, session } of await this.verify(head, options)) {
      const isAccepted = options.kinds.includes(kind);
      if (!isAccepted && options.ignoresOthers === true) continue;
      try {
        if (!(await this.#isValid(session))) continue;
        if (isAccepted) return session;
        hasOther = true;
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error;
        unavailable = error;
      }
    }
    if (unavailable !== null) throw unavailable;
    if (hasOther) throw new HttpError('forbidden', 'A screen or a program may not open this address.');
    return null;
  }

  async #verifyCookies(head: RequestHead): Promise<Verified[]> {
    const { sessions, cookies } = this.#options;
    const verified = await Promise.all(
      cookies.sessions(head).map(async (credential): Promise<Verified | null> => {
        const kind = readUnverified(credential)?.kind;
        if (kind !== 'session' && kind !== 'screen' && kind !== 'link') return null;
        const session = await sessions.verify(kind, credential);
        return session === null ? null : { kind, session };
      }),
    );
    return verified.filter((each) => each !== null);
  }

  async #verifyBearer(credential: string): Promise<Verified | null> {
    const { sessions, verifyKey } = this.#options;
    const id = verifyKey(credential);
    // The record ends a link, so its key has no expiry of its own.
    const session =
      id === null
        ? await sessions.verify('token', credential)
        : sessions.sessionOf('link', { subject: id, jti: id, expiresAt: Infinity }, null);
    return session === null ? null : { kind: id === null ? 'token' : 'key', session };
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
