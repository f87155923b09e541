import type { Html } from './html.ts';

/** The head of a request, copied: uWebSockets.js invalidates its own at the first `await`. */
export interface RequestHead {
  method: string;
  /** As sent, without the query. */
  path: string;
  /** As sent, without the question mark. */
  query: string;
  /** By lower-case name; the values of a repeated header are joined. */
  headers: ReadonlyMap<string, string>;
  /** Whether the client connected over TLS, to this server or to a trusted proxy. */
  secure: boolean;
}

export interface Request extends RequestHead {
  /** The IP address of the client, as trusted proxies report it. */
  address: string;
  body: string;
  /** The bytes of the body, which may not be valid UTF-8. */
  bytes: Uint8Array;
}

type Headers = readonly (readonly [name: string, value: string])[];

/** A complete response, except for the headers that the server adds to every response. */
export interface Response {
  status: number;
  headers?: Headers;
  body?: string | Uint8Array;
  /** The server compresses the body if the client accepts that. */
  isCompressible?: boolean;
}

/** The value of a form or query field; the first one if it is repeated, empty if it is missing. */
export function field(text: string, name: string): string {
  return new URLSearchParams(text).get(name) ?? '';
}

export function json(value: object, status = 200, headers: Headers = []): Response {
  return {
    status,
    headers: [['Content-Type', 'application/json'], ['Cache-Control', 'no-store'], ...headers],
    body: JSON.stringify(value),
  };
}

/** A page without a secret, or without text that the request chose. It may be compressed. */
export function page(html: Html, status = 200, headers: Headers = []): Response {
  return { ...secretPage(html, status, headers), isCompressible: true };
}

/**
 * A page with a secret, its CSRF token, beside text that the request chose, such as `next`. It is never compressed: the
 * length of compressed text depends on how similar its parts are, which reveals the secret bit by bit (BREACH).
 */
export function secretPage(html: Html, status = 200, headers: Headers = []): Response {
  return {
    status,
    headers: [['Content-Type', 'text/html; charset=utf-8'], ['Cache-Control', 'no-store'], ...headers],
    body: html.toString(),
  };
}

/** 302. `location` is a path on this site or a complete URL. */
export function redirect(location: string, headers: Headers = []): Response {
  return { status: 302, headers: [['Location', location], ['Cache-Control', 'no-store'], ...headers] };
}

/** 302 to the sign-in form, which leads back to the requested page. */
export function redirectToSignIn({ path, query }: RequestHead): Response {
  const target = query === '' ? path : `${path}?${query}`;
  return redirect(`/accounts/login/?next=${encodeURIComponent(target).replaceAll('%2F', '/')}`);
}

export const reasonPhrases: Readonly<Record<number, string>> = {
  101: 'Switching Protocols',
  200: 'OK',
  204: 'No Content',
  302: 'Found',
  304: 'Not Modified',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  411: 'Length Required',
  413: 'Content Too Large',
  426: 'Upgrade Required',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};
