/** A request's head, copied: uWebSockets.js takes its own back at the first `await`. */
export interface RequestHead {
  method: string;
  /** As sent, without the query. */
  path: string;
  /** As sent, without the question mark. */
  query: string;
  /** By lower-case name; repeated ones joined. */
  headers: ReadonlyMap<string, string>;
  /** Whether the client came over TLS, as far as is known. */
  secure: boolean;
}

export interface Request extends RequestHead {
  /** The address of the client, beyond the proxies that are trusted. */
  address: string;
  body: string;
}

/** A whole answer. The server adds the headers that every answer has. */
export interface Response {
  status: number;
  headers?: readonly (readonly [name: string, value: string])[];
  body?: string | Uint8Array;
  /** The origins whose pages may hold this one in a frame; nobody's unless given. */
  frameAncestors?: readonly string[];
  /** Ends the connection after the answer. */
  close?: boolean;
}

/** One form or query field; the first, if it is repeated. */
export function field(text: string, name: string): string {
  return new URLSearchParams(text).get(name) ?? '';
}

export function json(value: object, status = 200, headers: Response['headers'] = []): Response {
  return {
    status,
    headers: [['Content-Type', 'application/json'], ['Cache-Control', 'no-store'], ...headers],
    body: JSON.stringify(value),
  };
}

/** 302. `location` is a path on this site, or a whole URL. */
export function redirect(location: string, headers: Response['headers'] = []): Response {
  return { status: 302, headers: [['Location', location], ['Cache-Control', 'no-store'], ...headers] };
}

/** An error before it has a form: which one it takes (problem+json or a page) is decided in one place. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly close: boolean;

  /** `message` is one sentence for a person. */
  constructor(
    status: number,
    message: string,
    headers: readonly (readonly [string, string])[] = [],
    options: { close?: boolean } = {},
  ) {
    super(message);
    this.status = status;
    this.headers = headers;
    this.close = options.close ?? false;
  }
}

/** 503 for a while: `Retry-After` in whole seconds. */
export function unavailable(message: string, retryAfterS = 1): HttpError {
  return new HttpError(503, message, [['Retry-After', String(retryAfterS)]]);
}

/** 401, for programs that can bring a token. */
export function signedOut(): HttpError {
  return new HttpError(401, 'Sign in first.', [['WWW-Authenticate', 'Bearer']]);
}

export const reasonPhrases: Readonly<Record<number, string>> = {
  101: 'Switching Protocols',
  200: 'OK',
  302: 'Found',
  304: 'Not Modified',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  411: 'Length Required',
  413: 'Content Too Large',
  426: 'Upgrade Required',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};
