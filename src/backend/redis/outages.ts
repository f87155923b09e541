import { Unavailable, type Outage } from '../backend.ts';

const redisWords: Readonly<Record<string, Outage>> = {
  READONLY: 'redis-readonly',
  OOM: 'redis-full',
  NOAUTH: 'redis-auth',
  WRONGPASS: 'redis-auth',
  AUTH: 'redis-auth',
  // It is there, but cannot be used from here now: as good as away.
  LOADING: 'redis-down',
  MASTERDOWN: 'redis-down',
  CLUSTERDOWN: 'redis-down',
  MOVED: 'redis-down',
  ASK: 'redis-down',
  TRYAGAIN: 'redis-down',
  UNBLOCKED: 'redis-down',
};

/** Why a command or a connection failed, in one word. */
export function outageOf(error: unknown): Outage {
  if (error instanceof Unavailable) return error.outage;
  // Redis refuses in words of its own; all else is the connection's failure.
  if (!(error instanceof Error) || error.name !== 'ReplyError') return 'redis-down';
  // Before Redis 7 an error within a script stands, with a hyphen, inside the script's own.
  const word = /(?:^|[\s-])([A-Z]{3,})\b(?<!ERR)/.exec(error.message)?.[1] ?? '';
  return redisWords[word] ?? 'redis-refuses';
}

/** Whether the answer means that the data is served elsewhere now: by another node, or another master. */
export function isMoved(error: unknown): boolean {
  return error instanceof Error && /\b(MOVED|READONLY|UNBLOCKED)\b/.test(error.message);
}

/** An error with the same words and nothing else: ioredis puts a command's arguments, passwords too, on its own. */
export function withoutArguments(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  // What a name with several addresses failed with has no message, only a code.
  const { message, code = error.name } = error as NodeJS.ErrnoException;
  return new Error(message === '' ? code : message);
}
