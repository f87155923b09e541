import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Backend } from './backend/backend.ts';
import { databaseFile } from './backend/embedded/data-file.ts';
import { EmbeddedBackend } from './backend/embedded/embedded-backend.ts';
import type { dataOptions, redisOptions } from './backend/options.ts';
import type { RedisTarget } from './backend/redis/target.ts';
import { readTlsFiles } from './backend/redis/tls-files.ts';
import type { Environment, ValuesOf } from './config.ts';
import { UserError } from './lifecycle.ts';
import type { Logger } from './logger.ts';
import { tasks } from './tasks/index.ts';

export type RedisConfig = ValuesOf<typeof redisOptions>;
export type DataConfig = ValuesOf<typeof dataOptions>;

/** The names of all channels. Each task has one. */
export const channels: readonly string[] = tasks.map(({ name }) => name);

/**
 * Creates a backend for the configured Redis, by default the one on this host. Rejects with a `UserError` if a TLS file
 * cannot be used.
 */
export async function redisBackend(
  config: RedisConfig,
  log: Logger,
  timeouts: { startTimeoutMs?: number } = {},
): Promise<Backend> {
  const target = redisTarget(config);
  const tls = readTlsFiles(config, target);
  // The executable then loads no client for Redis unless one is configured.
  const { RedisBackend } = await import('./backend/redis/redis-backend.ts');
  return new RedisBackend({ target, tls, prefix: config.redisPrefix, channels, log, ...timeouts });
}

function redisTarget({ redisUrl, redisHost, redisPort, redisPassword }: RedisConfig): RedisTarget {
  if (redisUrl !== undefined) return redisUrl;
  const address = { host: redisHost ?? '127.0.0.1', port: redisPort ?? 6_379 };
  const credentials = redisPassword === undefined ? {} : { password: redisPassword };
  return { kind: 'single', tls: false, db: 0, ...address, ...credentials };
}

/** Longer than for a role, which can serve while Redis is busy. A command can only fail. */
const commandTimeoutMs = 10_000;

/** Creates the backend of a command, which waits longer for an answer than a role does. */
export function commandRedisBackend(config: RedisConfig, log: Logger): Promise<Backend> {
  return redisBackend(config, log, { startTimeoutMs: commandTimeoutMs });
}

/** Whether a Redis is configured. */
export function isRedisConfigured({ redisUrl, redisHost, redisPort }: RedisConfig): boolean {
  return redisUrl !== undefined || redisHost !== undefined || redisPort !== undefined;
}

/** Creates a backend for the data in a directory. `exclusive`: this process serves it, as one process at most can. */
export function embeddedBackend(dataDir: string, exclusive: boolean, log: Logger): Backend {
  return new EmbeddedBackend({ dataDir, channels, log, exclusive });
}

/** Returns the data directory. Throws a `UserError` if it is not configured and the user has no home directory. */
export function dataDirectory({ dataDir }: DataConfig, environment: Environment): string {
  if (dataDir !== undefined) return resolve(dataDir);
  const state = environment['XDG_STATE_HOME'];
  if (state?.startsWith('/')) return join(state, 'clock');
  try {
    return join(homedir(), '.local', 'state', 'clock');
  } catch {
    throw new UserError('--data-dir: required, because this user has no home directory');
  }
}

/** Whether a directory contains embedded data. */
export function hasEmbeddedData(directory: string): boolean {
  return existsSync(join(directory, databaseFile));
}

/**
 * Returns the data for commands: the Redis that the options name, else the embedded file. Rejects with a `UserError`
 * without either.
 */
export async function existingBackend(
  config: RedisConfig & DataConfig,
  environment: Environment,
  log: Logger,
): Promise<Backend> {
  if (isRedisConfigured(config)) return commandRedisBackend(config, log);
  const directory = dataDirectory(config, environment);
  if (hasEmbeddedData(directory)) return embeddedBackend(directory, false, log);
  throw new UserError(
    `no data in ${directory}: set CLOCK_REDIS_URL to the Redis, or --data-dir to the data directory of 'clock all'`,
  );
}
