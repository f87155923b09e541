import { isIPv6 } from 'node:net';
import type { OptionTable, Source } from '../config.ts';
import { anyText, BadValue, filePath, integerBetween } from '../option-parsers.ts';
import { parseRedisTarget, type RedisTarget } from './redis/target.ts';

export const redisOptions = {
  redisUrl: {
    flag: '--redis-url <url>',
    env: ['CLOCK_REDIS_URL'],
    secret: true,
    parse: redisUrl,
    help:
      'address of Redis: redis:// or rediss:// (TLS) [user:password@]host:port/db, redis+sentinel:// or ' +
      'redis+cluster://; replaces the options --redis-host, --redis-port and CLOCK_REDIS_PASSWORD',
  },
  redisHost: {
    flag: '--redis-host <host>',
    env: ['REDIS_HOST'],
    parse: hostName,
    help: 'host name or address of Redis (default: 127.0.0.1); ignored if --redis-url is set',
  },
  redisPort: {
    flag: '--redis-port <port>',
    env: ['REDIS_PORT'],
    parse: integerBetween(1, 65_535),
    help: 'TCP port of Redis (default: 6379); ignored if --redis-url is set',
  },
  redisPassword: {
    env: ['CLOCK_REDIS_PASSWORD'],
    secret: true,
    parse: anyText,
    help: 'password of the Redis that --redis-host and --redis-port name; ignored if --redis-url is set',
  },
  redisCa: {
    flag: '--redis-ca <file>',
    env: ['CLOCK_REDIS_CA'],
    parse: filePath,
    help:
      'PEM file of the CAs to trust for rediss:// to a single server; replaces the CAs of Node.js (to add a CA to ' +
      'them instead, set NODE_EXTRA_CA_CERTS)',
  },
  redisCert: {
    flag: '--redis-cert <file>',
    env: ['CLOCK_REDIS_CERT'],
    parse: filePath,
    help: 'PEM file of the client certificate for rediss:// to a single server; requires --redis-key',
  },
  redisKey: {
    flag: '--redis-key <file>',
    env: ['CLOCK_REDIS_KEY'],
    parse: filePath,
    help: 'PEM file of the private key of --redis-cert',
  },
  redisPrefix: {
    flag: '--redis-prefix <text>',
    env: ['CLOCK_REDIS_PREFIX'],
    parse: prefix,
    default: '',
    help: 'text before the name of every Redis key; lets several installations share one Redis',
  },
} as const satisfies OptionTable;

export const dataOptions = {
  dataDir: {
    flag: '--data-dir <directory>',
    env: ['CLOCK_DATA_DIR'],
    parse: filePath,
    help: "data directory, used if no Redis is configured (default: 'clock' in the XDG state directory)",
  },
} as const satisfies OptionTable;

function prefix(text: string): string {
  // Braces would start another hash tag. All keys of one script must share the same one.
  if (!/^[^{}\s]{0,64}$/.test(text)) throw new BadValue('up to 64 characters without white space and braces');
  return text;
}

function redisUrl(text: string, source: Source): RedisTarget {
  if (source === 'flag' && text.includes('@')) {
    throw new BadValue("without a password, which 'ps' shows to every user of this host: set CLOCK_REDIS_URL instead");
  }
  return parseRedisTarget(text);
}

function hostName(text: string): string {
  if (!/^[\w.-]+$/.test(text) && !isIPv6(text)) throw new BadValue('the name or address of a host');
  return text;
}
