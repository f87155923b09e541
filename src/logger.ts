import { pino, stdTimeFunctions, type Logger as PinoLogger } from 'pino';

export type Logger = PinoLogger;

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Fields that carry secrets. No code logs them; redacting them as well guards against a mistake. */
const secretFields = ['password', 'secret', 'token', 'cookie', 'authorization'];

/**
 * Creates the log of the process, on standard output: JSON lines, or readable lines on a terminal. In the environment
 * `prod` it writes JSON lines on a terminal too.
 */
export function createLogger(role: string, options: { level: LogLevel; environment: string }): Logger {
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
    },
    readable ? readableLines() : process.stdout,
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
