import { pino } from 'pino';
import type { Logger } from '../../src/logger.ts';

export interface LogLine {
  level: number;
  msg: string;
  [field: string]: unknown;
}

/** A log and the lines that were written to it. */
export function recordedLog(): { log: Logger; lines: LogLine[] } {
  const lines: LogLine[] = [];
  const log = pino({ level: 'trace' }, { write: (line) => lines.push(JSON.parse(line) as LogLine) });
  return { log, lines };
}
