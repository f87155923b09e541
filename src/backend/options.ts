import { isIPv6 } from 'node:net';
import { anyText, BadValue, integerBetween, type OptionTable, type Source } from '../config.ts';
import { parseRedisTarget, type RedisTarget } from './redis/target.ts';

/** Which Redis, if any. */
export const redisOptions = {
  redisUrl: {
    flag: '--redis-url <url>',
    env: ['CLOCK_REDIS_URL'],
    secret: true,
    parse: redisUrl,
    help: 'redis:// or rediss://[user:password@]host:port/db, redis+sentinel://, redis+cluster://',
  },
  redisHost: { flag: '--redis-host <host>', env: ['REDIS_HOST'], parse: hostName, help: 'without a URL (127.0.0.1)' },
  redisPort: {
    flag: '--redis-port <port>',
    env: ['REDIS_PORT'],
    parse: integerBetween(1, 65_535),
    help: 'without a URL (6379)',
  },
  redisPassword: { env: ['CLOCK_REDIS_PASSWORD'], secret: true, parse: anyText, help: 'without a URL' },
  redisPrefix: {
    flag: '--redis-prefix <text>',
    env: ['CLOCK_REDIS_PREFIX'],
    parse: prefix,
    default: '',
    help: 'stands before every key, for several installations on one Redis',
  },
} as const satisfies OptionTable;

/** Where the embedded backend keeps its file. */
export const dataOptions = {
  dataDir: {
    flag: '--data-dir <folder>',
    env: ['CLOCK_DATA_DIR'],
    parse: anyText,
    help: 'folder of the embedded data (default: clock in the XDG state folder)',
  },
} as const satisfies OptionTable;

function prefix(text: string): string {
  // Braces would make a hash tag of their own, and keys of one script must share theirs.
  if (!/^[^{}\s]{0,64}$/.test(text)) throw new BadValue('up to 64 characters without blanks and braces');
  return text;
}

function redisUrl(text: string, source: Source): RedisTarget {
  if (source === 'flag' && text.includes('@')) {
    throw new BadValue(
      "without a password, which everybody on this host would see in 'ps': set CLOCK_REDIS_URL instead",
    );
  }
  return parseRedisTarget(text);
}

function hostName(text: string): string {
  if (!/^[\w.-]+$/.test(text) && !isIPv6(text)) throw new BadValue('the name or address of a host');
  return text;
}
