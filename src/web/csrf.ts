import { randomBytes, timingSafeEqual } from 'node:crypto';
import { cookieOf, csrfCookieName, setCsrfCookie } from './cookies.ts';
import { field, HttpError, type RequestHead, type Request, type Response } from './http.ts';
import { isOurOrigin } from './origin.ts';

const tokenPattern = /^[A-Za-z0-9_-]{43}$/;

/** The token for a form of this browser's, and the header that sets its cookie if it has none yet. */
export function csrfToken(head: RequestHead): { token: string; headers: Response['headers'] & {} } {
  const cookie = cookieOf(head, csrfCookieName);
  if (cookie !== undefined && tokenPattern.test(cookie)) return { token: cookie, headers: [] };
  const token = randomBytes(32).toString('base64url');
  return { token, headers: [setCsrfCookie(head, token)] };
}

/**
 * Throws a 403 unless the form was sent from a page of ours: by Origin, or else by Sec-Fetch-Site (with neither it is
 * a program and has no browser's cookies to abuse), and by the double-submitted token, which always must match.
 */
export function checkCsrf(request: Request, allowedOrigins: readonly string[]): void {
  const ours = isOurOrigin(request, allowedOrigins) ?? isFromUs(request.headers.get('sec-fetch-site'));
  const cookie = cookieOf(request, csrfCookieName) ?? '';
  const sent = field(request.body, 'csrfmiddlewaretoken') || (request.headers.get('x-csrftoken') ?? '');
  const matches = tokenPattern.test(cookie) && sent.length === cookie.length && equal(sent, cookie);
  if (!ours || !matches) {
    throw new HttpError(403, 'This form was not sent from a page of this clock, or it is too old. Load it again.');
  }
}

/** `none`: the person typed the address. Without the header it is no browser of today. */
function isFromUs(fetchSite: string | undefined): boolean {
  return fetchSite === undefined || fetchSite === 'same-origin' || fetchSite === 'none';
}

function equal(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}
