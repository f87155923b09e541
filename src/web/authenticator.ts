import { kindOf } from '../auth/jwt.ts';
import type { CredentialPlace } from '../auth/sso/refusal-log.ts';
import { refusalReasons, type Refusal } from '../auth/sso/refusals.ts';
import type { Session } from '../auth/session.ts';
import type { Sessions } from '../auth/sessions.ts';
import { Unavailable, type Backend } from '../backend/backend.ts';
import type { Cookies } from './cookies.ts';
import { HttpError, temporary } from './http-error.ts';
import type { RequestHead } from './http.ts';
import type { SharedCredential, SharedCredentials } from './shared-credentials.ts';

/**
 * How a request is authenticated: by a cookie of a person, a screen or a link; by a token or a link's key as Bearer; or
 * by another application, which is `session` for a person's browser and `shared-token` as Bearer.
 */
export type RequestCredentialKind = 'session' | 'screen' | 'link' | 'token' | 'key' | 'shared-token';

/** Every kind: for routes that are open to everyone who may read the clock. */
export const readerKinds: readonly RequestCredentialKind[] = [
  'session',
  'screen',
  'link',
  'token',
  'key',
  'shared-token',
];
const cookieKinds = ['session', 'screen', 'link'] as const;
/** The cookies of the pages that show the clock. */
export const pageKinds: readonly RequestCredentialKind[] = cookieKinds;

const ownKinds = new Set(['session', 'token', 'screen', 'link', 'ticket']);

export interface CredentialOptions {
  /** What the route accepts. Bearer, if accepted, takes precedence over a cookie. */
  kinds: readonly RequestCredentialKind[];
  /** Treats a valid credential of another kind as none. By default it is refused with 403. */
  ignoresOthers?: boolean;
  /** Ignores the credentials of another application. */
  ownOnly?: boolean;
}

export interface AuthenticatorOptions {
  sessions: Sessions;
  cookies: Cookies;
  backend: Pick<Backend, 'outage'>;
  /** Null without a shared sign-in. */
  shared: SharedCredentials | null;
  /** Whether this process holds an open socket of the session. */
  hasSocket: (session: Session) => boolean;
  /** The id of the link that a key belongs to; null for a forged key. */
  verifyKey: (key: string) => string | null;
}

export interface Verified {
  kind: RequestCredentialKind;
  session: Session;
  /** Set for a credential of another application. */
  place?: CredentialPlace;
}

/** Authenticates requests by their cookie, their bearer credential or the sign-in of another application. */
export class Authenticator {
  readonly #options: AuthenticatorOptions;

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
  }

  /**
   * The sessions of the request's credentials in their order of precedence, by their signatures alone, without a read
   * from the backend. Several if the browser sends several session cookies; none if the request is signed out. Bearer on
   * a page counts only if the route accepts it. Refused credentials of another application are added to `refusals`.
   */
  async *verify(head: RequestHead, options: CredentialOptions, refusals: Refusal[]): AsyncGenerator<Verified> {
    const { shared } = this.#options;
    const { kinds, ownOnly = false } = options;
    const bearer = bearerOf(head);
    if (bearer !== undefined) {
      const acceptsBearer = head.path.startsWith('/api/') || kinds.includes('token') || kinds.includes('key');
      if (!acceptsBearer || bearer === null) return;
      const verified = this.#verifyOwnBearer(bearer) ?? (await this.#verifySharedBearer(bearer, refusals));
      if (verified !== null) yield verified;
      return;
    }
    for (const credential of this.#options.cookies.sessions(head)) {
      const verified = this.#verifyCookie(credential);
      if (verified !== null) yield verified;
    }
    if (shared === null || ownOnly) return;
    for await (const credential of shared.verify(head)) {
      const verified = verifiedOf(credential, 'session', refusals);
      if (verified !== null) yield verified;
    }
  }

  /**
   * The first session of the request's own credentials, like `verify` for every kind; null without a valid one. Undefined
   * if another application's sign-in may count, which only `verify` finds out.
   */
  verifyNow(head: RequestHead): Verified | null | undefined {
    const bearer = bearerOf(head);
    const verified = bearer === undefined ? this.#verifyCookies(head) : this.#verifyOwnBearer(bearer ?? '');
    return verified ?? (this.#options.shared === null ? null : undefined);
  }

  /**
   * Whether a verified session is valid; the reason if another application's account may not sign in. Rejects with
   * `Unavailable`.
   */
  async check({ session, place }: Verified): Promise<boolean | Refusal> {
    const { sessions, shared } = this.#options;
    const refusal = place === undefined ? null : await shared?.signIn.admit(session, place);
    return refusal ?? sessions.isValid(session);
  }

  /**
   * The session that the request is authenticated with; null if it is signed out. During an outage of the backend, a
   * session with an open socket or a request in the last minute is accepted; for others it rejects with `Unavailable`.
   * Rejects with an `HttpError` if another application's credential is refused and signing in again would not help.
   */
  async authenticate(head: RequestHead, options: CredentialOptions): Promise<Session | null> {
    let unavailable: Unavailable | null = null;
    let hasUnaccepted = false;
    const refusals: Refusal[] = [];
    for await (const verified of this.verify(head, options, refusals)) {
      // A valid cookie of Clock's own takes precedence even if the route does not accept it.
      if (hasUnaccepted && verified.place !== undefined) break;
      const isAccepted = options.kinds.includes(verified.kind);
      if (!isAccepted && options.ignoresOthers === true) continue;
      try {
        const result = await this.#checkWithFallback(verified);
        if (typeof result === 'object') refusals.push(result);
        if (result !== true) continue;
        if (isAccepted) return verified.session;
        hasUnaccepted = true;
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error;
        unavailable = error;
      }
    }
    if (unavailable !== null) throw unavailable;
    if (hasUnaccepted) throw new HttpError('forbidden', 'A screen or a program may not open this address.');
    const error = refusalError(refusals, !isForPrograms(head.path));
    if (error !== null) throw error;
    return null;
  }

  /** The session of the first cookie with a valid signature. */
  #verifyCookies(head: RequestHead): Verified | null {
    for (const credential of this.#options.cookies.sessions(head)) {
      const verified = this.#verifyCookie(credential);
      if (verified !== null) return verified;
    }
    return null;
  }

  #verifyCookie(credential: string): Verified | null {
    const session = this.#options.sessions.credentials.verifyAny(cookieKinds, credential);
    return session === null || session.kind === 'token' ? null : { kind: session.kind, session };
  }

  #verifyOwnBearer(credential: string): Verified | null {
    const { verifyKey } = this.#options;
    const { credentials } = this.#options.sessions;
    const id = verifyKey(credential);
    if (id !== null) {
      // A link ends with its record, so its key does not expire.
      const session = credentials.sessionOf('link', { subject: id, jti: id, expiresAt: Infinity }, null);
      return session === null ? null : { kind: 'key', session };
    }
    const session = credentials.verify('token', credential);
    return session === null ? null : { kind: 'token', session };
  }

  async #verifySharedBearer(credential: string, refusals: Refusal[]): Promise<Verified | null> {
    const { shared } = this.#options;
    if (shared?.signIn.acceptsTokens !== true || ownKinds.has(kindOf(credential) ?? '')) return null;
    return verifiedOf(await shared.verifyBearer(credential), 'shared-token', refusals);
  }

  /** Like `check`; during an outage a session that is in use is valid. */
  async #checkWithFallback(verified: Verified): Promise<boolean | Refusal> {
    const { sessions, backend, hasSocket } = this.#options;
    const { session } = verified;
    try {
      if (backend.outage !== null) throw new Unavailable(backend.outage);
      return await this.check(verified);
    } catch (error) {
      if (error instanceof Unavailable && (hasSocket(session) || sessions.wasUsedRecently(session))) return true;
      throw error;
    }
  }
}

/**
 * The error for the first refusal that another sign-in would not change; null if there is none. For a wrong
 * token, a program gets the response of a request that is signed out.
 */
export function refusalError(refusals: readonly Refusal[], isPage: boolean): HttpError | null {
  for (const refusal of refusals) {
    switch (refusalReasons[refusal.reason].kind) {
      case 'account':
        return new HttpError('sign-in-refused', accountProblem(refusal));
      case 'token':
        if (!isPage) continue;
        return new HttpError(
          'sign-in-refused',
          'The sign-in of the other application was not accepted. The log of this server says why.',
        );
      case 'pending':
        return temporary('unavailable', 'The server cannot check the sign-in at the moment. Try again soon.');
      case 'expired':
        continue;
    }
  }
  return null;
}

function accountProblem({ reason, account }: Refusal): string {
  if (reason === 'disabled') return `The account ${account} is disabled.`;
  return `The account ${account} belongs to somebody else here, so this sign-in cannot use it.`;
}

/** The credential of a Bearer header; null if it is malformed, undefined without one. */
function bearerOf({ headers }: RequestHead): string | null | undefined {
  const authorization = headers.get('authorization');
  if (authorization === undefined || !/^Bearer(?:\s|$)/i.test(authorization)) return undefined;
  return /^Bearer +(\S+)$/i.exec(authorization)?.[1] ?? null;
}

function isForPrograms(path: string): boolean {
  return path.startsWith('/api/') || path === '/time/tic/';
}

function verifiedOf(
  { session, place }: SharedCredential,
  kind: 'session' | 'shared-token',
  refusals: Refusal[],
): Verified | null {
  if (!('reason' in session)) return { kind, session, place };
  refusals.push(session);
  return null;
}
