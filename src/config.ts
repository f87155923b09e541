import { readFileSync } from 'node:fs';
import { UserError } from './lifecycle.ts';
import { logLevels } from './logger.ts';
import { isZone } from './time/zone.ts';

/**
 * How an option is declared: once, and everything else (flag, environment name, default, help, refusal) follows.
 * A flag beats the environment, the environment beats the default.
 */
interface Option<T> {
  /** Commander's notation, as `--port <port>`; none for what is secret as a whole, since flags show in `ps`. */
  flag?: string;
  /** Environment variables, the first to be set counts. */
  env: readonly [string, ...string[]];
  /** Its value can stand in the file that `..._FILE` names, and is never shown. */
  secret?: boolean;
  /** Throws a `BadValue` that says what is allowed. */
  parse(text: string, source: Source): T;
  /** In words of the command line; undefined where the option may be left out. */
  default?: string;
  help: string;
}

/** Where a value came from: flags show in `ps`, so that not every value may stand in one. */
export type Source = 'flag' | 'environment' | 'file' | 'default';

export type OptionTable = Readonly<Record<string, Option<unknown>>>;

/** What a table of options reads as: those without a default may be undefined. */
export type ValuesOf<Table extends OptionTable> = {
  [Name in keyof Table]: Table[Name] extends { default: string }
    ? ReturnType<Table[Name]['parse']>
    : ReturnType<Table[Name]['parse']> | undefined;
};

/** What is allowed, as the end of "must be ...". */
export class BadValue extends Error {}

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads a table from the flags that were given and the environment. Throws a `Failure` of one line that names option,
 * value (never a secret) and what is allowed.
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
      return [name, declared.parse(given.text, given.source)];
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
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    throw new UserError(`${variable}: ${path} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

function flagName(declared: Option<unknown>): string {
  return declared.flag?.split(' ')[0] ?? '';
}

/**
 * The environment without Kubernetes' service links: a Service named `clock` or `redis` in the namespace sets
 * `CLOCK_PORT` or `REDIS_PORT` to `tcp://...`, and nobody meant us.
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

/** Variables that begin with `CLOCK_` and belong to no option: most likely misspelt. */
export function unknownVariables(environment: Environment, tables: readonly OptionTable[]): string[] {
  const known = new Set(
    tables.flatMap((table) =>
      Object.values(table).flatMap(({ env, secret }) => (secret ? env.flatMap((name) => [name, `${name}_FILE`]) : env)),
    ),
  );
  return Object.keys(environment).filter((name) => name.startsWith('CLOCK_') && !known.has(name));
}

// --- parsers ---

export function integerBetween(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most) {
      throw new BadValue(`a whole number from ${least} to ${most}`);
    }
    return value;
  };
}

export const port = integerBetween(0, 65_535);

const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Milliseconds, or a number with a unit: `500`, `500ms`, `1.5s`, `90d`. Bounds in ms. */
export function durationBetween(
  leastMs: number,
  mostMs: number,
  example = '500, 500ms or 2s',
): (text: string) => number {
  return (text) => {
    const [, digits, unit = 'ms'] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(text) ?? [];
    const valueMs = Number(digits) * unitMs[unit as keyof typeof unitMs];
    if (digits === undefined || !Number.isInteger(valueMs) || valueMs < leastMs || valueMs > mostMs) {
      throw new BadValue(`a duration from ${leastMs} to ${mostMs} ms, such as ${example}`);
    }
    return valueMs;
  };
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

/** Items between commas, without blanks around them. */
export function commaList<T>(parseItem: (text: string) => T): (text: string) => T[] {
  return (text) =>
    text
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== '')
      .map(parseItem);
}

export function zoneName(text: string): string {
  // POSIX allows a leading colon in TZ; Intl does not.
  const name = text.replace(/^:/, '');
  if (!isZone(name)) throw new BadValue('a time zone by its IANA name, such as Europe/Madrid');
  return name;
}

// --- what all roles share ---

export const commonOptions = {
  logLevel: {
    flag: '--log-level <level>',
    env: ['CLOCK_LOG_LEVEL'],
    parse: oneOf(logLevels),
    default: 'info',
    help: `one of ${logLevels.join(', ')}`,
  },
  environment: {
    env: ['ENVIRONMENT'],
    parse: anyText,
    default: 'local',
    help: 'a label in logs and build info; prod also means JSON logs on a terminal',
  },
  graceMs: {
    flag: '--grace <duration>',
    env: ['CLOCK_GRACE'],
    parse: durationBetween(0, 3_600_000, '10s'),
    help: 'how long stopping may take (default: 10s, or the drain and 2s if that is longer)',
  },
  internalPort: {
    flag: '--internal-port <port>',
    env: ['CLOCK_INTERNAL_PORT'],
    parse: port,
    help: 'serves /health, /ready and /metrics there',
  },
} as const satisfies OptionTable;
