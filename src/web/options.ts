import { firstAccountName } from '../auth/first-account.ts';
import { passwordProblem } from '../auth/passwords.ts';
import { anyText, BadValue, commaList, durationBetween, integerBetween, port, type OptionTable } from '../config.ts';
import { parseOrigin } from './origin.ts';
import { minSecretBytes } from '../secrets.ts';
import { parseAddressRange } from '../addresses.ts';

function secretText(text: string): string {
  if (Buffer.byteLength(text) < minSecretBytes) {
    throw new BadValue(
      `at least ${minSecretBytes} bytes long, each of several between commas too; 'clock secret' makes one`,
    );
  }
  return text;
}

function secrets(text: string): [string, ...string[]] {
  const [first = '', ...others] = commaList(secretText)(text);
  return [secretText(first), ...others];
}

function oneWorker(text: string): number {
  if (text !== '1') throw new BadValue('1: more processes on one port are not built yet; run more of them');
  return 1;
}

function adminPassword(text: string): string {
  const problem = passwordProblem(text, firstAccountName);
  if (problem !== null) throw new BadValue(`a password that may be used: ${problem.replace(/\.$/, '')}`);
  return text;
}

export const webOptions = {
  port: {
    flag: '--port <port>',
    env: ['CLOCK_PORT', 'PORT'],
    parse: port,
    default: '8000',
    help: 'where pages, API and sockets are served; 0 for any free port',
  },
  host: {
    flag: '--host <address>',
    env: ['CLOCK_HOST'],
    parse: anyText,
    help: 'the address to listen on (default: 0.0.0.0; for all: 127.0.0.1)',
  },
  workers: {
    flag: '--workers <n>',
    env: ['CLOCK_WORKERS'],
    parse: oneWorker,
    default: '1',
    help: 'processes that share the port',
  },
  allowedOrigins: {
    flag: '--allowed-origins <origins>',
    env: ['CLOCK_ALLOWED_ORIGINS'],
    parse: commaList(parseOrigin),
    default: '',
    help: 'further origins whose pages may open sockets, between commas',
  },
  frameAncestors: {
    flag: '--frame-ancestors <origins>',
    env: ['CLOCK_FRAME_ANCESTORS'],
    parse: commaList(parseOrigin),
    default: '',
    help: 'origins of the same site whose pages may hold /embed in a frame, between commas',
  },
  trustedProxy: {
    flag: '--trusted-proxy <ranges>',
    env: ['CLOCK_TRUSTED_PROXY'],
    parse: commaList(parseAddressRange),
    default: '',
    help: 'proxies whose X-Forwarded headers count, as 10.0.0.0/8,fd00::/8',
  },
  maxSockets: {
    flag: '--max-sockets <n>',
    env: ['CLOCK_MAX_SOCKETS'],
    parse: integerBetween(0, 10_000_000),
    default: '100000',
    help: 'sockets at most; fewer where the limit of descriptors is lower',
  },
  drainMs: {
    flag: '--drain <duration>',
    env: ['CLOCK_DRAIN'],
    parse: durationBetween(0, 3_600_000, '5s'),
    help: 'over how long sockets are closed when stopping (default: 1s, or as long as screens spread their return)',
  },
  drainDelayMs: {
    flag: '--drain-delay <duration>',
    env: ['CLOCK_DRAIN_DELAY'],
    parse: durationBetween(0, 3_600_000, '5s'),
    default: '0',
    help: 'for how long to go on as before when stopping, while load balancers turn away',
  },
  tlsCert: {
    flag: '--tls-cert <file>',
    env: ['CLOCK_TLS_CERT'],
    parse: anyText,
    help: 'PEM file of the certificate, to serve https',
  },
  tlsKey: {
    flag: '--tls-key <file>',
    env: ['CLOCK_TLS_KEY'],
    parse: anyText,
    help: 'PEM file of its key',
  },
  secrets: {
    env: ['CLOCK_SECRET'],
    secret: true,
    parse: secrets,
    help: 'signs sessions and tokens; further ones, after commas, are still accepted',
  },
  adminPassword: {
    env: ['CLOCK_ADMIN_PASSWORD'],
    secret: true,
    parse: adminPassword,
    help: 'makes the account admin when there is none',
  },
} as const satisfies OptionTable;
