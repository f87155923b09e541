import { parseCookie, stringifySetCookie } from 'cookie';
import { sessionLifetimeMs } from '../auth/session-renewal.ts';
import type { RequestHead } from './http.ts';

const maxSessionCookies = 4;
const csrfLifetimeS = 365 * 86_400;
const redirectedLifetimeS = 10;

type Header = readonly [name: string, value: string];

/** The names of Clock's own cookies, over TLS and without it. */
export function ownCookieNames(prefix: string): string[] {
  return [sessionName(prefix, false), sessionName(prefix, true), csrfName(prefix), redirectedName(prefix)];
}

function sessionName(prefix: string, secure: boolean): string {
  // `__Host-` makes the browser accept the cookie only from this host.
  return `${secure ? '__Host-' : ''}${prefix}sessionid`;
}

function redirectedName(prefix: string): string {
  return `${prefix}redirected_at`;
}

function csrfName(prefix: string): string {
  return `${prefix}csrftoken`;
}

/**
 * The cookies of Clock. Another application on this host or a parent domain may use the same names (cookies are
 * shared between ports), and a browser then sends several of one name: all of them are read.
 */
export class Cookies {
  readonly #prefix: string;
  readonly #sessionNames: Readonly<Record<'plain' | 'secure', string>>;

  /** Both names start with `prefix`, so that two installations on one host name do not share cookies. */
  constructor(prefix: string) {
    this.#prefix = prefix;
    this.#sessionNames = { plain: sessionName(prefix, false), secure: sessionName(prefix, true) };
  }

  /** The values of the session cookies, four at most: each one costs a signature check. */
  sessions(head: RequestHead): string[] {
    return valuesOf(head, this.#sessionName(head)).slice(0, maxSessionCookies);
  }

  csrfTokens(head: RequestHead): string[] {
    return valuesOf(head, this.#csrfName);
  }

  setSession(head: RequestHead, credential: string, lifetimeMs = sessionLifetimeMs): Header {
    return setCookie(head, this.#sessionName(head), credential, Math.ceil(lifetimeMs / 1_000), true);
  }

  clearSession(head: RequestHead): Header {
    return setCookie(head, this.#sessionName(head), '', 0, true);
  }

  /** Not HttpOnly, as in Django: a script that sends `X-CSRFToken` reads the token from the cookie. */
  setCsrfToken(head: RequestHead, token: string): Header {
    return setCookie(head, this.#csrfName, token, csrfLifetimeS, false);
  }

  /** When the browser was redirected to the sign-in of another application, epoch ms. */
  setRedirectedAt(head: RequestHead, at: number): Header {
    return setCookie(head, redirectedName(this.#prefix), String(Math.floor(at)), redirectedLifetimeS, true);
  }

  /** NaN if the browser was not redirected recently. */
  redirectedAt(head: RequestHead): number {
    return Number(valuesOf(head, redirectedName(this.#prefix))[0] ?? Number.NaN);
  }

  #sessionName({ secure }: RequestHead): string {
    return this.#sessionNames[secure ? 'secure' : 'plain'];
  }

  get #csrfName(): string {
    return csrfName(this.#prefix);
  }
}

/** The values of all cookies of a name. */
export function valuesOf(head: RequestHead, name: string): string[] {
  const cookie = head.headers.get('cookie');
  if (cookie === undefined) return [];
  const values: string[] = [];
  // One pair at a time, since the parser keeps only the first value of a name.
  for (const pair of cookie.split(';')) {
    const value = pair.includes(name) ? parseCookie(pair)[name] : undefined;
    if (value !== undefined) values.push(value);
  }
  return values;
}

function setCookie(head: RequestHead, name: string, value: string, maxAge: number, httpOnly: boolean): Header {
  const cookie = stringifySetCookie({ name, value, path: '/', sameSite: 'lax', httpOnly, secure: head.secure, maxAge });
  return ['Set-Cookie', cookie];
}
