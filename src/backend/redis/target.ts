import { BadValue } from '../../option-parsers.ts';

export interface Address {
  host: string;
  port: number;
}

interface Credentials {
  username?: string;
  password?: string;
}

/** The address of a Redis and the credentials for it. */
export type RedisTarget =
  | ({ kind: 'single'; tls: boolean; db: number } & Address & Credentials)
  | ({ kind: 'sentinel'; sentinels: readonly Address[]; name: string } & Credentials)
  | ({ kind: 'cluster'; seeds: readonly Address[] } & Credentials);

const allowedForms =
  'redis://[user:password@]host:port/db, rediss://... for TLS, ' +
  'redis+sentinel://[:password@]host:26379,host:26379/NAME or redis+cluster://[user:password@]host:6379,host:6379';

/**
 * Parses a value of `CLOCK_REDIS_URL`. Throws a `BadValue` whose message contains no part of the value, since any part
 * may be a mistyped password.
 */
export function parseRedisTarget(url: string): RedisTarget {
  const scheme = /^(rediss?|redis\+sentinel|redis\+cluster):\/\//.exec(url)?.[1];
  if (scheme === undefined) throw refused('the scheme is unknown');
  const rest = url.slice(scheme.length + 3);
  // The last @ ends the credentials, so a password may contain one.
  const at = rest.lastIndexOf('@');
  const credentials = at === -1 ? {} : parseCredentials(rest.slice(0, at));
  const location = rest.slice(at + 1);
  const slash = location.indexOf('/');
  const hosts = slash === -1 ? location : location.slice(0, slash);
  const path = slash === -1 ? '' : location.slice(slash + 1);

  if (scheme === 'redis+sentinel') {
    if (!/^[\w.-]+$/.test(path)) throw refused('the name of the master after the / is missing or invalid');
    return { kind: 'sentinel', sentinels: parseAddresses(hosts, 26379), name: path, ...credentials };
  }
  if (scheme === 'redis+cluster') {
    if (path !== '') throw refused('a cluster has no numbered databases, so nothing may follow the host names');
    return { kind: 'cluster', seeds: parseAddresses(hosts, 6379), ...credentials };
  }
  if (!/^\d{0,5}$/.test(path)) throw refused('the database after the / is not a number');
  if (hosts.includes(',')) throw refused('only redis+sentinel:// and redis+cluster:// accept several hosts');
  const address = parseAddress(hosts, 6379);
  return { kind: 'single', tls: scheme === 'rediss', db: Number(path), ...address, ...credentials };
}

/** The address without credentials, for logs and messages. */
export function describeRedisTarget(target: RedisTarget): string {
  switch (target.kind) {
    case 'single':
      return `${target.tls ? 'rediss' : 'redis'}://${addressText(target)}/${target.db}`;
    case 'sentinel':
      return `redis+sentinel://${target.sentinels.map(addressText).join(',')}/${target.name}`;
    case 'cluster':
      return `redis+cluster://${target.seeds.map(addressText).join(',')}`;
  }
}

function parseCredentials(text: string): Credentials {
  const colon = text.indexOf(':');
  const username = decode(colon === -1 ? text : text.slice(0, colon));
  const password = decode(colon === -1 ? '' : text.slice(colon + 1));
  if (username !== '' && password === '') throw refused('the password of the user is missing');
  return { ...(username === '' ? {} : { username }), ...(password === '' ? {} : { password }) };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw refused('a % in the password must be written as %25');
  }
}

function parseAddresses(text: string, defaultPort: number): Address[] {
  return text.split(',').map((part) => parseAddress(part, defaultPort));
}

function parseAddress(text: string, defaultPort: number): Address {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([\w.-]+))(?::(\d{1,5}))?$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  if (host === undefined) throw refused('a host name is missing or invalid');
  const port = Number(match?.[3] ?? defaultPort);
  if (port < 1 || port > 65_535) throw refused('a port is not a number from 1 to 65535');
  return { host, port };
}

function addressText({ host, port }: Address): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function refused(reason: string): BadValue {
  return new BadValue(`the address of a Redis: ${reason}; allowed: ${allowedForms}`);
}
