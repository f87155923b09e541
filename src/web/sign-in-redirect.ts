import type { HouseTime } from '../time/house-time.ts';
import type { Cookies } from './cookies.ts';
import { HttpError } from './http-error.ts';
import { redirect, redirectToSignIn, type RequestHead, type Response } from './http.ts';

/** Redirecting a browser that returns this soon without a sign-in would be a loop. */
const loopMs = 10_000;

export interface Link {
  href: string;
  text: string;
}

export interface SignInRedirectOptions {
  /** `--sso-sign-in`: an address or a path on this host; undefined for Clock's own form. */
  signIn: string | undefined;
  publicUrl: string | undefined;
  cookies: Cookies;
  time: Pick<HouseTime, 'now'>;
}

/** Redirects browsers that are signed out to the other application, or to Clock's own sign-in form. */
export class SignInRedirect {
  readonly #options: SignInRedirectOptions;

  constructor(options: SignInRedirectOptions) {
    this.#options = options;
  }

  /** 302, with the address of the requested page. Throws a 403 if the browser was redirected within the last 10 s. */
  redirect(head: RequestHead): Response {
    const { cookies, time } = this.#options;
    const address = this.addressFor(head, head.query === '' ? head.path : `${head.path}?${head.query}`);
    if (address === null) return redirectToSignIn(head);
    const now = time.now();
    const redirectedAt = cookies.redirectedAt(head);
    if (redirectedAt <= now && now - redirectedAt < loopMs) {
      throw new HttpError(
        'sign-in-refused',
        'The sign-in of the other application sent this browser back without a sign-in that Clock accepts.',
      );
    }
    return redirect(address, [cookies.setRedirectedAt(head, now)]);
  }

  /** The address of the other application's sign-in that returns to a path of this site; null without one. */
  addressFor(head: RequestHead, path: string): string | null {
    const { signIn, publicUrl } = this.#options;
    if (signIn === undefined) return null;
    const origin = publicUrl ?? `${head.secure ? 'https' : 'http'}://${head.headers.get('host')}`;
    const next = encodeURIComponent(origin + path);
    if (signIn.includes('{next}')) return signIn.replaceAll('{next}', next);
    const [address = '', ...fragment] = signIn.split('#');
    return [`${address}${address.includes('?') ? '&' : '?'}next=${next}`, ...fragment].join('#');
  }

  /** Both sign-ins, for a page that says why one was refused. */
  links(head: RequestHead): Link[] {
    const address = this.addressFor(head, '/');
    const other = address === null ? [] : [{ href: address, text: 'Sign in through the other application' }];
    return [...other, { href: '/accounts/login/', text: 'Sign in with a local account' }];
  }
}
