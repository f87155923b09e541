import { pino, stdTimeFunctions, type Logger as PinoLogger } from 'pino';

export type Logger = PinoLogger;

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Fields that carry secrets. Nothing of ours logs them; this is the second lock on the same door. */
const secretFields = ['password', 'secret', 'token', 'cookie', 'authorization'];

/**
 * The process's log, on standard output: JSON lines, or readable ones on a terminal.
 * `prod` as environment means JSON lines even there.
 */
export function createLogger(role: string, options: { level: LogLevel; environment: string }): Logger {
  // Who read the log may go; the role stays.
  process.stdout.on('error', () => {});
  const readable = process.stdout.isTTY && options.environment !== 'prod';
  return pino(
    {
      level: options.level,
      base: { role, pid: process.pid, environment: options.environment },
      timestamp: stdTimeFunctions.isoTime,
      redact: { paths: secretFields.flatMap((name) => [name, `*.${name}`]), censor: '[hidden]' },
      formatters: { level: (label) => ({ level: label }) },
    },
    readable ? readableLines() : process.stdout,
  );
}

/** A log that says nothing, for tests and for commands that print their own words. */
export function silentLogger(): Logger {
  return pino({ level: 'silent' });
}

// pino's own transports run in worker threads, which do not survive being bundled.
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

/** Strangers choose some of what is logged, an Origin among it: a terminal must not obey it. */
function printable(text: string): string {
  return text.replaceAll(/\p{C}/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}
