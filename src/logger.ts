import { pino, stdTimeFunctions, type Logger as PinoLogger, type LoggerOptions } from 'pino';
import { runInBackground } from './background.ts';

export type Logger = PinoLogger;

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Fields that carry secrets. No code logs them; redacting them as well guards against a mistake. */
const secretFields = ['password', 'secret', 'token', 'cookie', 'authorization'];

/** Writes a line of the audit elsewhere. Resolves to whether that was possible. */
export type AuditSink = (fields: object, message: string) => Promise<boolean>;

/**
 * Creates the log of the process, on standard output: JSON lines, or readable lines on a terminal. In the environment
 * `prod` it writes JSON lines on a terminal too. The lines of the audit go to `audit`, if it is given.
 */
export function createLogger(
  role: string,
  options: { level: LogLevel; environment: string; audit?: AuditSink | undefined },
): Logger {
  // A role continues after the reader of its log has exited.
  process.stdout.on('error', () => {});
  const readable = process.stdout.isTTY && options.environment !== 'prod';
  return pino(
    {
      level: options.level,
      base: { role, pid: process.pid, environment: options.environment },
      timestamp: stdTimeFunctions.isoTime,
      redact: { paths: secretFields.flatMap((name) => [name, `*.${name}`]), censor: '[hidden]' },
      formatters: { level: (label) => ({ level: label }) },
      ...(options.audit === undefined ? {} : { hooks: { logMethod: auditHook(options.audit) } }),
    },
    readable ? readableLines() : process.stdout,
  );
}

/** Passes lines with the field `audit` on; writes them here if that fails. */
function auditHook(audit: AuditSink): NonNullable<NonNullable<LoggerOptions['hooks']>['logMethod']> {
  return function (this: PinoLogger, args, method) {
    const [fields, message] = args as [unknown, unknown];
    const isAudit = typeof fields === 'object' && fields !== null && 'audit' in fields;
    if (!isAudit) return method.apply(this, args);
    const passedOn = audit(fields, String(message));
    runInBackground(passedOn.then((isPassedOn) => isPassedOn || method.apply(this, args)));
  };
}

/** The log of a command: JSON lines on standard error, since its output is on standard output. */
export function auditLogger(): Logger {
  return pino(
    { base: {}, timestamp: stdTimeFunctions.isoTime, formatters: { level: (label) => ({ level: label }) } },
    process.stderr,
  );
}

/** A log without output, for tests and for commands that print messages of their own. */
export function silentLogger(): Logger {
  return pino({ level: 'silent' });
}

// pino's transports run in worker threads, whose files a bundle does not contain.
function readableLines(): { write(line: string): void } {
  return {
    write(line) {
      const { time, level, role, msg, pid: _pid, environment: _environment, err, ...fields } = JSON.parse(line);
      const details = Object.entries({ ...fields, ...(err ? { error: err.message } : {}) })
        .map(([name, value]) => ` ${name}=${typeof value === 'string' ? printable(value) : JSON.stringify(value)}`)
        .join('');
      process.stdout.write(`${String(time).slice(11, 23)} ${String(level).padEnd(5)} ${role}: ${msg}${details}\n`);
    },
  };
}

/** Escapes control characters: clients choose some of the logged text, such as an Origin. */
function printable(text: string): string {
  return text.replaceAll(/\p{C}/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}
