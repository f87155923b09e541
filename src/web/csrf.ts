import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { Cookies } from './cookies.ts';
import { HttpError } from './http-error.ts';
import { field, type Request, type RequestHead, type Response } from './http.ts';
import { isOurOrigin } from './origin.ts';

const tokenPattern = /^[A-Za-z0-9_-]{43}$/;

/** Protects forms against cross-site request forgery, with Django's names of cookie, field and header. */
export class CsrfProtection {
  readonly #cookies: Cookies;
  readonly #allowedOrigins: readonly string[];

  constructor(cookies: Cookies, allowedOrigins: readonly string[]) {
    this.#cookies = cookies;
    this.#allowedOrigins = allowedOrigins;
  }

  /** The token for a form, and the header that sets its cookie if this browser has none yet. */
  tokenFor(head: RequestHead): { token: string; headers: Response['headers'] & {} } {
    const known = this.#cookies.csrfTokens(head).find((token) => tokenPattern.test(token));
    if (known !== undefined) return { token: known, headers: [] };
    const token = randomBytes(32).toString('base64url');
    return { token, headers: [this.#cookies.setCsrfToken(head, token)] };
  }

  /**
   * Throws a 403 unless one of our own pages sent the form. The Origin header shows that, or Sec-Fetch-Site if there is
   * no Origin. With neither, the client is a program, which has no cookies that another site could abuse. In any case
   * the submitted token must equal the token of a cookie.
   */
  check(request: Request): void {
    const isFromUs = isOurOrigin(request, this.#allowedOrigins) ?? isSameSite(request.headers.get('sec-fetch-site'));
    const submitted = field(request.body, 'csrfmiddlewaretoken') || (request.headers.get('x-csrftoken') ?? '');
    const matches = this.#cookies.csrfTokens(request).some((token) => isEqual(token, submitted));
    if (isFromUs && matches && tokenPattern.test(submitted)) return;
    throw new HttpError(
      'invalid-form',
      'This form has expired, another site sent it, or this browser stores no cookies. Reload the page and try again.',
    );
  }
}

/** `none`: the user typed the address. Old browsers do not send the header, so its absence proves nothing. */
function isSameSite(fetchSite: string | undefined): boolean {
  return fetchSite === undefined || fetchSite === 'same-origin' || fetchSite === 'none';
}

function isEqual(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}
