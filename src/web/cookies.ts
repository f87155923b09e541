import { parseCookie, stringifySetCookie } from 'cookie';
import { sessionLifetimeMs } from '../auth/sessions.ts';
import type { RequestHead } from './http.ts';

/** Over TLS a browser takes the session's cookie from this very host alone, and only for all of it. */
function sessionCookieName(secure: boolean): string {
  return secure ? '__Host-sessionid' : 'sessionid';
}

export const csrfCookieName = 'csrftoken';

export function sessionCookie(head: RequestHead): string | undefined {
  return cookieOf(head, sessionCookieName(head.secure));
}

export function cookieOf(head: RequestHead, name: string): string | undefined {
  const header = head.headers.get('cookie');
  return header === undefined ? undefined : parseCookie(header)[name];
}

/** `Set-Cookie` of a new session. */
export function setSessionCookie(head: RequestHead, credential: string): readonly [string, string] {
  return setCookie(head, sessionCookieName(head.secure), credential, sessionLifetimeMs / 1_000, true);
}

export function clearSessionCookie(head: RequestHead): readonly [string, string] {
  return setCookie(head, sessionCookieName(head.secure), '', 0, true);
}

/** Readable by the page's scripts, as Django's is: one that sends `X-CSRFToken` takes it from there. */
export function setCsrfCookie(head: RequestHead, token: string): readonly [string, string] {
  return setCookie(head, csrfCookieName, token, 365 * 86_400, false);
}

function setCookie(
  head: RequestHead,
  name: string,
  value: string,
  maxAge: number,
  httpOnly: boolean,
): readonly [string, string] {
  const cookie = stringifySetCookie({ name, value, path: '/', sameSite: 'lax', httpOnly, secure: head.secure, maxAge });
  return ['Set-Cookie', cookie];
}
