import { firstAccountName } from '../auth/first-account.ts';
import { passwordProblem } from '../auth/passwords.ts';
import { parseAddressRange } from '../addresses.ts';
import type { OptionTable, ValuesOf } from '../config.ts';
import {
  BadValue,
  commaList,
  durationBetween,
  filePath,
  integerBetween,
  listenAddress,
  port,
  secretList,
} from '../option-parsers.ts';
import { parseFrameAncestor, parseOrigin } from './origin.ts';
import { ssoOptions } from './sso-options.ts';

function adminPassword(text: string): string {
  const problem = passwordProblem(text, firstAccountName);
  if (problem !== null) throw new BadValue(`an acceptable password; it ${problem}`);
  return text;
}

/** Characters that a cookie name may contain. Names that start with `__` can have a special meaning in browsers. */
function cookiePrefix(text: string): string {
  if (!/^(?!__)[A-Za-z0-9_-]{0,32}$/.test(text)) {
    throw new BadValue('up to 32 letters, digits, - and _, and must not start with __');
  }
  return text;
}

export const webOptions = {
  port: {
    flag: '--port <port>',
    env: ['CLOCK_PORT', 'PORT'],
    parse: port,
    default: '8000',
    help: 'the port of pages, API and sockets; 0 for any free port',
  },
  host: {
    flag: '--host <address>',
    env: ['CLOCK_HOST'],
    parse: listenAddress,
    help: 'the address to listen on (default: all, IPv4 and IPv6; with clock all: 127.0.0.1)',
  },
  workers: {
    flag: '--workers <n>',
    env: ['CLOCK_WORKERS'],
    parse: integerBetween(0, 256),
    default: '1',
    help: 'number of processes that share the port, 0 for one per core; more than one needs Redis and Linux',
  },
  allowedOrigins: {
    flag: '--allowed-origins <origins>',
    env: ['CLOCK_ALLOWED_ORIGINS'],
    parse: commaList(parseOrigin),
    default: '',
    help: 'other origins whose pages may open sockets, separated by commas',
  },
  pageOrigins: {
    flag: '--page-origins <origins>',
    env: ['CLOCK_PAGE_ORIGINS'],
    parse: commaList(parseOrigin),
    default: '',
    help: 'origins whose pages may read the clock with a token or ticket, without cookies, separated by commas',
  },
  frameAncestors: {
    flag: '--frame-ancestors <origins>',
    env: ['CLOCK_FRAME_ANCESTORS'],
    parse: commaList(parseFrameAncestor),
    default: '',
    help: 'origins whose pages may show /embed in a frame, such as https://*.example.org, separated by commas',
  },
  publicUrl: {
    flag: '--public-url <origin>',
    env: ['CLOCK_PUBLIC_URL'],
    parse: parseOrigin,
    help: 'the origin under which phones and screens reach the clock (default: that of each request)',
  },
  trustedProxy: {
    flag: '--trusted-proxy <ranges>',
    env: ['CLOCK_TRUSTED_PROXY'],
    parse: commaList(parseAddressRange),
    default: '',
    help: 'addresses of proxies whose X-Forwarded headers are trusted, such as 10.0.0.0/8,fd00::/8',
  },
  maxSockets: {
    flag: '--max-sockets <n>',
    env: ['CLOCK_MAX_SOCKETS'],
    parse: integerBetween(0, 10_000_000),
    default: '100000',
    help: 'maximum number of open sockets; lower if the limit of open files (ulimit -n) is lower',
  },
  drainMs: {
    flag: '--drain <duration>',
    env: ['CLOCK_DRAIN'],
    parse: durationBetween(0, 3_600_000, '5s'),
    help: 'period over which open sockets are closed at shutdown (default: 1s, longer with many screens)',
  },
  drainDelayMs: {
    flag: '--drain-delay <duration>',
    env: ['CLOCK_DRAIN_DELAY'],
    parse: durationBetween(0, 3_600_000, '5s'),
    default: '0',
    help: 'how long to continue serving at shutdown, so that load balancers stop routing here first',
  },
  tlsCert: {
    flag: '--tls-cert <file>',
    env: ['CLOCK_TLS_CERT'],
    parse: filePath,
    help: 'PEM file with the certificate and its chain; serves https',
  },
  tlsKey: {
    flag: '--tls-key <file>',
    env: ['CLOCK_TLS_KEY'],
    parse: filePath,
    help: 'PEM file with the private key of the certificate',
  },
  cookiePrefix: {
    flag: '--cookie-prefix <text>',
    env: ['CLOCK_COOKIE_PREFIX'],
    parse: cookiePrefix,
    help: 'prefix of the cookie names, one per installation on a host name (default: none; clock_ with a shared sign-in)',
  },
  secrets: {
    env: ['CLOCK_SECRET'],
    secret: true,
    parse: secretList,
    help: 'secret that signs sessions and tokens; to rotate it, set NEW,OLD until the old credentials expire',
  },
  adminPassword: {
    env: ['CLOCK_ADMIN_PASSWORD'],
    secret: true,
    parse: adminPassword,
    help: 'password of the account admin, which is created if there is no local account',
  },
  ...ssoOptions,
} as const satisfies OptionTable;

export type WebSettings = ValuesOf<typeof webOptions>;
