import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { UserError } from './lifecycle.ts';
import { logLevels } from './logger.ts';
import { minSecretBytes, normalizeSecret } from './secrets.ts';
import { isZone } from './time/zone.ts';

/**
 * Declares an option: its flag, environment variables, default, help text and parser. A flag overrides the environment,
 * and the environment overrides the default.
 */
interface Option<T> {
  /** In Commander's notation, such as `--port <port>`. A secret has no flag, since `ps` shows flags. */
  flag?: string;
  /** Names of environment variables. The first one that is set counts. */
  env: readonly [string, ...string[]];
  /** Whether the value may also come from the file that `..._FILE` names, and is never printed. */
  secret?: boolean;
  /** Throws a `BadValue` that says what is allowed. */
  parse(text: string, source: Source): T;
  /** As written on the command line. An option without a default is optional. */
  default?: string;
  /** Describes the value in `--help` and in `docs/configuration.md`. */
  help: string;
}

/** Where a value came from. `ps` shows flags, so a parser may refuse a password in one. */
export type Source = 'flag' | 'environment' | 'file' | 'default';

export type OptionTable = Readonly<Record<string, Option<unknown>>>;

/** The values of a table of options. Options without a default may be undefined. */
export type ValuesOf<Table extends OptionTable> = {
  [Name in keyof Table]: Table[Name] extends { default: string }
    ? ReturnType<Table[Name]['parse']>
    : ReturnType<Table[Name]['parse']> | undefined;
};

/** A value that is not allowed. The message says what is, and completes the sentence "must be ...". */
export class BadValue extends Error {}

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the values of a table from flags and environment. Throws a `UserError` of one line that names the option, the
 * value (unless it is secret) and what is allowed.
 */
export function readOptions<Table extends OptionTable>(
  table: Table,
  flags: Readonly<Record<string, unknown>>,
  environment: Environment,
): ValuesOf<Table> {
  const entries = Object.entries(table).map(([name, declared]) => {
    const given = givenText(name, declared, flags, environment);
    if (given === undefined) return [name, undefined];
    try {
      return [name, declared.parse(declared.secret ? validSecret(given.text) : given.text, given.source)];
    } catch (error) {
      if (!(error instanceof BadValue)) throw error;
      const value = declared.secret ? 'its value' : JSON.stringify(given.text);
      throw new UserError(`${given.name}: ${value} must be ${error.message}`);
    }
  });
  return Object.fromEntries(entries) as ValuesOf<Table>;
}

function givenText(
  name: string,
  declared: Option<unknown>,
  flags: Readonly<Record<string, unknown>>,
  environment: Environment,
): { name: string; source: Source; text: string } | undefined {
  const flag = flags[name];
  if (typeof flag === 'string') return { name: flagName(declared), source: 'flag', text: flag };
  for (const variable of declared.env) {
    const text = environment[variable];
    if (text !== undefined && text !== '') return { name: variable, source: 'environment', text };
    const file = declared.secret ? environment[`${variable}_FILE`] : undefined;
    if (file) return { name: `${variable}_FILE`, source: 'file', text: readSecretFile(`${variable}_FILE`, file) };
  }
  return declared.default === undefined ? undefined : { name, source: 'default', text: declared.default };
}

function readSecretFile(variable: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UserError(`${variable}: ${path} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

function validSecret(text: string): string {
  const secret = normalizeSecret(text);
  if (secret === null) throw new BadValue('one line without control characters');
  if (secret === '') throw new BadValue('a value that is not blank');
  return secret;
}

function flagName(declared: Option<unknown>): string {
  return declared.flag?.split(' ')[0] ?? '';
}

/**
 * The environment without the service links of Kubernetes: for a Service named `clock` or `redis` it sets `CLOCK_PORT`
 * or `REDIS_PORT` to `tcp://...` in every pod of the namespace.
 */
export function withoutServiceLinks(environment: Environment): Environment {
  return Object.fromEntries(
    Object.entries(environment).filter(
      ([name, value]) =>
        !/_SERVICE_HOST$|_SERVICE_PORT(_\w+)?$|_PORT_\d+_/.test(name) &&
        !(name.endsWith('_PORT') && value?.startsWith('tcp://')),
    ),
  );
}

/** The variables that begin with `CLOCK_` and belong to no option. They are probably misspelled. */
export function unknownVariables(environment: Environment, tables: readonly OptionTable[]): string[] {
  const known = new Set(
    tables.flatMap((table) =>
      Object.values(table).flatMap(({ env, secret }) => (secret ? env.flatMap((name) => [name, `${name}_FILE`]) : env)),
    ),
  );
  return Object.keys(environment).filter((name) => name.startsWith('CLOCK_') && !known.has(name));
}

export function integerBetween(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max) {
      throw new BadValue(`a whole number from ${min} to ${max}`);
    }
    return value;
  };
}

export const port = integerBetween(0, 65_535);

const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Parses milliseconds, or a number with a unit: `500`, `500ms`, `1.5s`, `90d`. The bounds are in ms. */
export function durationBetween(minMs: number, maxMs: number, example = '500, 500ms or 2s'): (text: string) => number {
  return (text) => {
    const [, digits, unit = 'ms'] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(text) ?? [];
    const valueMs = Number(digits) * unitMs[unit as keyof typeof unitMs];
    if (digits === undefined || !Number.isInteger(valueMs) || valueMs < minMs || valueMs > maxMs) {
      throw new BadValue(`a duration from ${formatDuration(minMs)} to ${formatDuration(maxMs)}, such as ${example}`);
    }
    return valueMs;
  };
}

/** A duration in the largest unit of which it is a whole number. */
function formatDuration(ms: number): string {
  const [unit, size] = Object.entries(unitMs).findLast(([, size]) => ms >= size && ms % size === 0) ?? ['ms', 1];
  return `${ms / size}${unit}`;
}

function oneOf<const T extends string>(allowed: readonly T[]): (text: string) => T {
  return (text) => {
    const found = allowed.find((value) => value === text);
    if (found === undefined) throw new BadValue(`one of ${allowed.join(', ')}`);
    return found;
  };
}

export function anyText(text: string): string {
  return text;
}

export function filePath(text: string): string {
  if (text.trim() === '') throw new BadValue('a path that is not blank');
  return text;
}

/** An IP address or a host name. The resolver would accept `*` and an empty text as all addresses. */
export function listenAddress(text: string): string {
  if (isIP(text) === 0 && !/^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(text)) {
    throw new BadValue('an address of this host or its name, such as 192.0.2.1, ::1 or localhost; :: for all');
  }
  return text;
}

/** Parses items separated by commas, with optional blanks around each. A blank text is the empty list. */
export function commaList<T>(parseItem: (text: string) => T): (text: string) => T[] {
  return (text) => {
    const items = text
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== '');
    // Commas alone are a mistake, which the parser of an item reports.
    return (items.length === 0 && text.trim() !== '' ? [''] : items).map(parseItem);
  };
}

/** Parses signing secrets: the first signs, all verify. */
export function secretList(text: string): [string, ...string[]] {
  const [first = '', ...others] = commaList(secretText)(text);
  return [secretText(first), ...others];
}

function secretText(text: string): string {
  if (Buffer.byteLength(text) < minSecretBytes) {
    throw new BadValue(
      `at least ${minSecretBytes} bytes long, like each secret of a list; 'clock secret' generates one`,
    );
  }
  return text;
}

export function zoneName(text: string): string {
  // POSIX allows a leading colon in TZ; Intl does not.
  const name = text.replace(/^:/, '');
  if (!isZone(name)) throw new BadValue('the IANA name of a time zone, such as Europe/Madrid');
  return name;
}

/** The options of every role. */
export const commonOptions = {
  logLevel: {
    flag: '--log-level <level>',
    env: ['CLOCK_LOG_LEVEL'],
    parse: oneOf(logLevels),
    default: 'info',
    help: `lowest level of messages to log: ${logLevels.join(', ')}`,
  },
  environment: {
    env: ['ENVIRONMENT'],
    parse: anyText,
    default: 'local',
    help: 'label in logs and metrics; with prod the log is JSON on a terminal, too',
  },
  graceMs: {
    flag: '--grace <duration>',
    env: ['CLOCK_GRACE'],
    parse: durationBetween(0, 3_600_000, '10s'),
    help: 'time limit for stopping (default: 10s, or the drain plus 2s if that is longer)',
  },
  internalPort: {
    flag: '--internal-port <port>',
    env: ['CLOCK_INTERNAL_PORT'],
    parse: port,
    help: 'separate port for /health, /ready and /metrics (default: none; web serves the first two on --port as well)',
  },
  internalHost: {
    flag: '--internal-host <address>',
    env: ['CLOCK_INTERNAL_HOST'],
    parse: listenAddress,
    help: 'address for the internal port (default: that of --host; all addresses for worker and beat)',
  },
} as const satisfies OptionTable;
