import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Backend } from './backend/backend.ts';
import { databaseFile } from './backend/embedded/data-file.ts';
import { EmbeddedBackend } from './backend/embedded/embedded-backend.ts';
import type { dataOptions, redisOptions } from './backend/options.ts';
import { RedisBackend } from './backend/redis/redis-backend.ts';
import type { RedisTarget } from './backend/redis/target.ts';
import { readTlsFiles } from './backend/redis/tls-files.ts';
import type { Environment, ValuesOf } from './config.ts';
import { UserError } from './lifecycle.ts';
import type { Logger } from './logger.ts';
import { tasks } from './tasks/index.ts';

export type RedisConfig = ValuesOf<typeof redisOptions>;
export type DataConfig = ValuesOf<typeof dataOptions>;

/** A command waits longer for Redis than a role, since nobody is shown its outage in the meantime. */
const commandTimeoutMs = 10_000;

/** The names of all channels. Each task has one. */
export const channels: readonly string[] = tasks.map(({ name }) => name);

/**
 * The Redis that the options name; without any, the one on this host. Throws a `UserError` for a TLS file that cannot be
 * used.
 */
export function redisBackend(config: RedisConfig, log: Logger, timeouts: { startTimeoutMs?: number } = {}): Backend {
  const target = redisTarget(config);
  const tls = readTlsFiles(config, target);
  return new RedisBackend({ target, tls, prefix: config.redisPrefix, channels, log, ...timeouts });
}

function redisTarget({ redisUrl, redisHost, redisPort, redisPassword }: RedisConfig): RedisTarget {
  if (redisUrl !== undefined) return redisUrl;
  const address = { host: redisHost ?? '127.0.0.1', port: redisPort ?? 6_379 };
  const credentials = redisPassword === undefined ? {} : { password: redisPassword };
  return { kind: 'single', tls: false, db: 0, ...address, ...credentials };
}

/** Whether an option names a Redis. */
export function namesRedis({ redisUrl, redisHost, redisPort }: RedisConfig): boolean {
  return redisUrl !== undefined || redisHost !== undefined || redisPort !== undefined;
}

/** The data in a folder. `exclusive`: this process serves it, which only one at a time can. */
export function embeddedBackend(dataDir: string, exclusive: boolean, log: Logger): Backend {
  return new EmbeddedBackend({ dataDir, channels, log, exclusive });
}

/** Returns the folder of the embedded data. Throws a `UserError` if no option names it and there is no home folder. */
export function dataFolder({ dataDir }: DataConfig, environment: Environment): string {
  if (dataDir !== undefined) return resolve(dataDir);
  const state = environment['XDG_STATE_HOME'];
  if (state?.startsWith('/')) return join(state, 'clock');
  try {
    return join(homedir(), '.local', 'state', 'clock');
  } catch {
    throw new UserError('--data-dir: missing, and this user has no home folder: name a folder');
  }
}

/** Whether a folder contains embedded data. */
export function hasEmbeddedData(folder: string): boolean {
  return existsSync(join(folder, databaseFile));
}

/** Returns the data for commands: the Redis that the options name, else the embedded file. Throws a `UserError` without either. */
export function existingStore(config: RedisConfig & DataConfig, environment: Environment, log: Logger): Backend {
  if (namesRedis(config)) return redisBackend(config, log, { startTimeoutMs: commandTimeoutMs });
  const folder = dataFolder(config, environment);
  if (hasEmbeddedData(folder)) return embeddedBackend(folder, false, log);
  throw new UserError(
    `no data in ${folder}: name the Redis with CLOCK_REDIS_URL, or the folder of 'clock all' with --data-dir`,
  );
}
