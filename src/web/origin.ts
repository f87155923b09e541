import { BadValue } from '../option-parsers.ts';
import type { RequestHead } from './http.ts';

/** An origin as browsers send it: scheme, host and port, nothing else. Only http and https can serve pages. */
export function parseOrigin(text: string): string {
  // The parser of URLs accepts more characters in a host than a name has, such as `*`.
  if (originOf(text) === null || !/^https?:\/\/[\w.:[\]-]+$/.test(text)) {
    throw new BadValue('an origin of http or https, such as https://clock.example.org');
  }
  return text;
}

/** An origin, or all subdomains of one: `https://*.example.org`. */
export function parseFrameAncestor(text: string): string {
  parseOrigin(text.replace('://*.', '://any.'));
  return text;
}

/**
 * Scheme, Host and Origin of requests whose origin was found to be ours. The check parses two URLs, which would take a
 * tenth of the CPU time of a handshake, and the pages of all screens send the same.
 */
const ours = new Set<string>();
const maxOurs = 100;

/**
 * Whether the request comes from one of our own pages: the Origin header has the host and port of the Host header and
 * the scheme of the connection, or https on a plain connection (behind a TLS proxy); or it is one of `allowed`.
 * Null without an Origin: then the client is a program.
 */
export function isOurOrigin({ headers, secure }: RequestHead, allowed: readonly string[]): boolean | null {
  const origin = headers.get('origin');
  if (origin === undefined) return null;
  if (allowed.includes(origin)) return true;
  const host = headers.get('host') ?? '';
  // No header contains a line feed.
  const checked = `${secure}\n${host}\n${origin}`;
  if (ours.has(checked)) return true;
  if (!isOurs(origin, host, secure)) return false;
  if (ours.size === maxOurs) ours.clear();
  ours.add(checked);
  return true;
}

function isOurs(text: string, host: string, secure: boolean): boolean {
  const origin = originOf(text);
  if (origin === null) return false;
  if (origin.protocol !== 'https:' && (origin.protocol !== 'http:' || secure)) return false;
  const own = originOf(`${origin.protocol}//${host.toLowerCase()}`, { allowDefaultPort: true });
  return own !== null && own.host === origin.host;
}

function originOf(text: string, options: { allowDefaultPort?: boolean } = {}): URL | null {
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  // The parser repairs or drops a path, a user, a space, upper case. A browser sends none of them in an Origin.
  const isPlain = url.origin === text || (options.allowDefaultPort === true && /^https?:\/\/[^/?#@\\\s]+$/.test(text));
  return isPlain && url.origin !== 'null' ? url : null;
}
