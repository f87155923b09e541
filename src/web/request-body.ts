import { decodeText, InvalidContent, parseJson } from '../channels/content.ts';
import { HttpError } from './http-error.ts';

/** The JSON object in a body. Throws a 400. */
export function parseBody(bytes: Uint8Array): Record<string, unknown> {
  const body = withContent(() => parseJson(decodeText(bytes)));
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Record<string, unknown>;
  throw invalidRequest('The body is not a JSON object.');
}

/** The values in the JSON object of a body; none if it is other JSON. Throws a 400 if it is not JSON. */
export function parseFields(body: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    throw invalidRequest('The body is not JSON.');
  }
}

/** Calls a function, and throws a 400 or 413 for its `InvalidContent`. */
export function withContent<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    return refuseContent(error);
  }
}

export function invalidRequest(message: string): HttpError {
  return new HttpError('invalid-request', message);
}

/** Throws a 400 or 413 for an `InvalidContent`, and any other error again. */
export function refuseContent(error: unknown): never {
  if (!(error instanceof InvalidContent)) throw error;
  throw new HttpError(error.isTooLarge ? 'content-too-large' : 'invalid-request', error.message);
}
