import { BadValue } from '../config.ts';
import type { RequestHead } from './http.ts';

/** An origin as a browser sends it: scheme, host and port, and nothing behind. */
export function parseOrigin(text: string): string {
  if (originOf(text) === null) throw new BadValue('origins, such as https://clock.example.org');
  return text;
}

/**
 * Whether the page that asks is ours: the Origin's host and port are those of Host, and its scheme is the
 * connection's, or https on a plain connection, since a TLS proxy may stand in front; or it is one of `allowed`.
 * Null when there is no Origin at all: then it is no browser.
 */
export function isOurOrigin(head: RequestHead, allowed: readonly string[]): boolean | null {
  const text = head.headers.get('origin');
  if (text === undefined) return null;
  if (allowed.includes(text)) return true;
  const origin = originOf(text);
  if (origin === null) return false;
  if (origin.protocol !== 'https:' && (origin.protocol !== 'http:' || head.secure)) return false;
  const own = originOf(`${origin.protocol}//${(head.headers.get('host') ?? '').toLowerCase()}`, {
    portMayBeDefault: true,
  });
  return own !== null && own.host === origin.host;
}

function originOf(text: string, options: { portMayBeDefault?: boolean } = {}): URL | null {
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  // Whatever the parser repairs or drops (a path, a user, a blank, upper case) was no browser's Origin.
  const plain = url.origin === text || (options.portMayBeDefault === true && /^https?:\/\/[^/?#@\\\s]+$/.test(text));
  return plain && url.origin !== 'null' ? url : null;
}
