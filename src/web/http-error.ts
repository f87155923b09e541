import { TooBusy } from '../auth/passwords.ts';
import { Unavailable } from '../backend/backend.ts';
import type { Response } from './http.ts';

/** The status of each kind of error. */
export const statusOfKind = {
  'invalid-request': 400,
  'invalid-handshake': 400,
  'signed-out': 401,
  'foreign-origin': 403,
  'invalid-form': 403,
  forbidden: 403,
  'sign-in-refused': 403,
  'forbidden-channel': 403,
  'not-found': 404,
  'unknown-channel': 404,
  'unknown-zone': 404,
  'unknown-screen': 404,
  'unknown-code': 404,
  'unknown-account': 404,
  'unknown-token': 404,
  'no-countdown': 404,
  'method-not-allowed': 405,
  'name-taken': 409,
  'signed-in': 409,
  'not-possible': 409,
  'last-operator': 409,
  'too-many-targets': 409,
  'length-required': 411,
  'content-too-large': 413,
  'upgrade-required': 426,
  'too-many-attempts': 429,
  'too-many-messages': 429,
  'headers-too-large': 431,
  'internal-error': 500,
  unavailable: 503,
  busy: 503,
  full: 503,
} as const;

/** Names an error in the `type` of problem details, so that programs need not read its message. */
export type ErrorKind = keyof typeof statusOfKind;

/** An error that ends a request. `ErrorResponses` makes it a page or problem details. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly kind: ErrorKind;
  readonly status: number;
  readonly headers: Response['headers'] & {};

  /** `message` is one sentence for a person. */
  constructor(kind: ErrorKind, message: string, headers: Response['headers'] = []) {
    super(message);
    this.kind = kind;
    this.status = statusOfKind[kind];
    this.headers = headers;
  }
}

/** 401 for requests that programs make. `WWW-Authenticate` requests a token. One object: its page is made once. */
export const signedOut = new HttpError('signed-out', 'Sign in first.', [['WWW-Authenticate', 'Bearer']]);

/** 429 with `Retry-After`. */
export function tooManyAttempts(waitMs: number, what = 'Too many failed attempts.'): HttpError {
  const seconds = Math.max(1, Math.ceil(waitMs / 1_000));
  const wait = seconds < 90 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`;
  return new HttpError('too-many-attempts', `${what} Try again in ${wait}.`, [['Retry-After', String(seconds)]]);
}

/** 429 with `Retry-After` for what is published too often. */
export function tooManyMessages(waitMs: number): HttpError {
  const headers = [['Retry-After', String(Math.max(1, Math.ceil(waitMs / 1_000)))]] as const;
  return new HttpError('too-many-messages', 'Too many messages. Try again in a second.', headers);
}

/** 503 with `Retry-After` in whole seconds. */
export function temporary(kind: 'unavailable' | 'busy' | 'full', message: string, retryAfterS = 1): HttpError {
  return new HttpError(kind, message, [['Retry-After', String(retryAfterS)]]);
}

/** The `HttpError` for an expected error; null for an unexpected one. */
export function asHttpError(error: unknown): HttpError | null {
  if (error instanceof HttpError) return error;
  if (error instanceof Unavailable) {
    return temporary('unavailable', 'The server cannot reach its data at the moment. Try again soon.');
  }
  if (error instanceof TooBusy) {
    return temporary('busy', 'Too many people are signing in at the moment. Try again soon.', 2);
  }
  return null;
}
