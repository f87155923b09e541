import { readFileSync } from 'node:fs';
import { UserError } from './lifecycle.ts';
import { logLevels } from './logger.ts';
import { anyText, BadValue, durationBetween, listenAddress, oneOf, port } from './option-parsers.ts';
import { normalizeSecret } from './secrets.ts';

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
