import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Backend } from './backend/backend.ts';
import { databaseFile, EmbeddedBackend } from './backend/embedded/embedded-backend.ts';
import type { dataOptions, redisOptions } from './backend/options.ts';
import { RedisBackend } from './backend/redis/redis-backend.ts';
import type { RedisTarget } from './backend/redis/target.ts';
import type { Environment, ValuesOf } from './config.ts';
import { UserError } from './lifecycle.ts';
import type { Logger } from './logger.ts';
import { tasks } from './tasks/index.ts';

export type RedisConfig = ValuesOf<typeof redisOptions>;
export type DataConfig = ValuesOf<typeof dataOptions>;

/** Every channel there is: one for each task. */
export const channels: readonly string[] = tasks.map(({ name }) => name);

/** The Redis that was named, or the one on this host. */
export function redisBackend(config: RedisConfig, log: Logger): RedisBackend {
  return new RedisBackend({ target: redisTarget(config), prefix: config.redisPrefix, channels, log });
}

function redisTarget({ redisUrl, redisHost, redisPort, redisPassword }: RedisConfig): RedisTarget {
  if (redisUrl !== undefined) return redisUrl;
  const address = { host: redisHost ?? '127.0.0.1', port: redisPort ?? 6_379 };
  const credentials = redisPassword === undefined ? {} : { password: redisPassword };
  return { kind: 'single', tls: false, db: 0, ...address, ...credentials };
}

/** Whether the person who started this named a Redis at all. */
export function namesRedis({ redisUrl, redisHost, redisPort }: RedisConfig): boolean {
  return redisUrl !== undefined || redisHost !== undefined || redisPort !== undefined;
}

/** The data of one process; `exclusive` when it is the one that serves it. */
export function embeddedBackend(dataDir: string, exclusive: boolean, log: Logger): EmbeddedBackend {
  return new EmbeddedBackend({ dataDir, channels, log, exclusive });
}

/** The folder of the embedded data. Throws a `Failure` when none was named and there is no home. */
export function dataFolder({ dataDir }: DataConfig, environment: Environment): string {
  if (dataDir !== undefined) return resolve(dataDir);
  const state = environment['XDG_STATE_HOME'];
  if (state?.startsWith('/')) return join(state, 'clock');
  try {
    return join(homedir(), '.local', 'state', 'clock');
  } catch {
    throw new UserError('--data-dir: there is no home folder to keep data in: name a folder');
  }
}

/** The store that commands work on: the Redis that was named, else the embedded file if there is one. */
export function existingStore(config: RedisConfig & DataConfig, environment: Environment, log: Logger): Backend {
  if (namesRedis(config)) return redisBackend(config, log);
  const folder = dataFolder(config, environment);
  if (existsSync(join(folder, databaseFile))) return embeddedBackend(folder, false, log);
  throw new UserError(
    `no data found: name the Redis with CLOCK_REDIS_URL, or the folder of 'clock all' with --data-dir (not in ${folder})`,
  );
}
