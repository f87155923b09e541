import type { Credentials } from '../auth/credentials.ts';
import { readUnverified } from '../auth/jwt.ts';
import type { Session } from '../auth/session.ts';
import type { LinkRecord, ScreenRecord } from '../screens/screens.ts';
import type { HouseTime } from '../time/house-time.ts';
import type { Cookies } from './cookies.ts';
import { redirect, type RequestHead, type Response } from './http.ts';
import type { SignInRedirect } from './sign-in-redirect.ts';

const dayMs = 86_400_000;
/** The most that browsers allow. */
const cookieLifetimeMs = 400 * dayMs;

type Headers = NonNullable<Response['headers']>;

export interface ScreenCookiesOptions {
  cookies: Cookies;
  credentials: Pick<Credentials, 'sign'>;
  time: Pick<HouseTime, 'now'>;
  signInRedirect: Pick<SignInRedirect, 'redirect'>;
}

/** The session cookies of paired screens and of browsers that opened a link. */
export class ScreenCookies {
  readonly #options: ScreenCookiesOptions;

  constructor(options: ScreenCookiesOptions) {
    this.#options = options;
  }

  /** The cookie of a screen that was just paired. */
  async forScreen(head: RequestHead, id: string, { jti }: Pick<ScreenRecord, 'jti'>): Promise<Headers> {
    const { cookies, credentials } = this.#options;
    return [cookies.setSession(head, await credentials.sign('screen', id, jti), cookieLifetimeMs)];
  }

  /** The cookie of a browser that opened a link. It ends with the link. */
  async forLink(head: RequestHead, id: string, { jti, expiresAt }: LinkRecord): Promise<Headers> {
    const { cookies, credentials, time } = this.#options;
    const lifetimeMs = Math.min(cookieLifetimeMs, expiresAt - time.now());
    return [cookies.setSession(head, await credentials.sign('link', id, jti, expiresAt), lifetimeMs)];
  }

  /** Renews a screen's cookie if that of the request is older than a day. */
  async renew(head: RequestHead, { kind, jti, recordId }: Session): Promise<Headers> {
    if (kind !== 'screen') return [];
    const { cookies, time } = this.#options;
    const own = cookies.sessions(head).map(readUnverified);
    const isNew = own.some((each) => each?.jti === jti && time.now() - each.issuedAt < dayMs);
    return isNew ? [] : this.forScreen(head, recordId, { jti });
  }

  /** 302 to where a browser without a session gets one: `/screen` if its cookie was a screen's, else the sign-in. */
  redirectSignedOut(head: RequestHead): Response {
    const isScreen = this.#options.cookies.sessions(head).some((credential) => {
      const kind = readUnverified(credential)?.kind;
      return kind === 'screen' || kind === 'link';
    });
    if (!isScreen) return this.#options.signInRedirect.redirect(head);
    return redirect(head.path === '/' && head.query !== '' ? `/screen?${head.query}` : '/screen');
  }
}
