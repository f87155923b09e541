import { Unavailable, type Outage } from '../backend.ts';

const outageOfErrorCode: Readonly<Record<string, Outage>> = {
  READONLY: 'redis-readonly',
  OOM: 'redis-full',
  NOAUTH: 'redis-auth',
  WRONGPASS: 'redis-auth',
  AUTH: 'redis-auth',
  // Redis runs but cannot serve this connection now.
  LOADING: 'redis-down',
  MASTERDOWN: 'redis-down',
  CLUSTERDOWN: 'redis-down',
  MOVED: 'redis-down',
  ASK: 'redis-down',
  TRYAGAIN: 'redis-down',
  UNBLOCKED: 'redis-down',
};

/** Classifies the failure of a command or a connection. */
export function outageOf(error: unknown): Outage {
  if (error instanceof Unavailable) return error.outage;
  // Only error replies come from Redis itself. All other errors are failures of the connection.
  if (!(error instanceof Error) || error.name !== 'ReplyError') return 'redis-down';
  // Before Redis 7, a script's error reply contains the original error code with a hyphen.
  const code = /(?:^|[\s-])([A-Z]{3,})\b(?<!ERR)/.exec(error.message)?.[1] ?? '';
  return outageOfErrorCode[code] ?? 'redis-refuses';
}

/** Whether the error means that another node or another master serves the data now. */
export function isMoved(error: unknown): boolean {
  return error instanceof Error && /\b(MOVED|READONLY|UNBLOCKED)\b/.test(error.message);
}

/** Whether an answer did not arrive in time. */
export function isTimeout(error: Error): boolean {
  return /time(d ?)?out/i.test(error.message);
}

/** Copies the message alone: an ioredis error contains the arguments of its command, which may be passwords. */
export function withoutArguments(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  // If a host has several addresses, the error of Node.js has no message, only a code. OpenSSL adds file and line.
  const { message, code = error.name, reason } = error as NodeJS.ErrnoException & { reason?: unknown };
  if (typeof reason === 'string' && code.startsWith('ERR_SSL')) return new Error(reason);
  return new Error(message === '' ? code : message);
}
