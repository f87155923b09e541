import { randomUUID } from 'node:crypto';
import { accessSync, constants } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { Accounts } from './auth/accounts.ts';
import { FirstAccount, firstAccountName, type FirstPassword } from './auth/first-account.ts';
import { Jwt } from './auth/jwt.ts';
import { Passwords } from './auth/passwords.ts';
import { Sessions } from './auth/sessions.ts';
import { Tokens } from './auth/tokens.ts';
import type { Backend } from './backend/backend.ts';
import { EmbeddedBackend } from './backend/embedded/embedded-backend.ts';
import {
  channels,
  dataFolder,
  embeddedBackend,
  namesRedis,
  redisBackend,
  type DataConfig,
  type RedisConfig,
} from './backends.ts';
import { Beat } from './beat/beat.ts';
import type { beatOptions } from './beat/options.ts';
import { build } from './build-info.ts';
import type { commonOptions, Environment, ValuesOf } from './config.ts';
import { Failure, type Service } from './lifecycle.ts';
import type { Logger } from './logger.ts';
import { keptInFile, newPassword, newSecret, writeSecretFile } from './secrets.ts';
import { tasks } from './tasks/index.ts';
import { Zone } from './time/zone.ts';
import type { webOptions } from './web/options.ts';
import { loadUws } from './web/uws.ts';
import { Web } from './web/web.ts';
import type { workerOptions } from './worker/options.ts';
import { Worker } from './worker/worker.ts';

type CommonConfig = ValuesOf<typeof commonOptions> & RedisConfig;
export type WebConfig = CommonConfig & ValuesOf<typeof webOptions>;
export type WorkerConfig = CommonConfig & ValuesOf<typeof workerOptions>;
export type BeatConfig = CommonConfig & ValuesOf<typeof beatOptions>;
export type AllConfig = WebConfig & WorkerConfig & BeatConfig & DataConfig;

/** What every role is given beside its configuration. */
export interface Surroundings {
  stopping: AbortSignal;
  environment: Environment;
  assetsFolder: string;
  log: Logger;
}

/** A role, ready to be started. */
export interface Role {
  /** In the order of their start. */
  services: readonly Service[];
  /** What a person should know once it runs. */
  announce: () => void;
}

export async function webRole(config: WebConfig, around: Surroundings): Promise<Role> {
  if (config.secrets === undefined) {
    throw new Failure("CLOCK_SECRET: missing: set it, or CLOCK_SECRET_FILE; 'clock secret' makes one");
  }
  const backend = redisBackend(config, around.log);
  const { secrets, adminPassword } = config;
  const password = (): FirstPassword | undefined => (adminPassword === undefined ? undefined : { text: adminPassword });
  const web = await webService(backend, () => secrets, password, '0.0.0.0', config, around);
  return {
    services: [backend, ...web.services],
    announce: () => around.log.info({ port: web.port(), build }, 'listening'),
  };
}

export async function workerRole(config: WorkerConfig, around: Surroundings): Promise<Role> {
  const backend = redisBackend(config, around.log);
  const worker = workerService(backend, config, around);
  return { services: [backend, worker], announce: () => around.log.info({ build }, 'working') };
}

export async function beatRole(config: BeatConfig, around: Surroundings): Promise<Role> {
  const backend = redisBackend(config, around.log);
  const beat = beatService(backend, config, around);
  return { services: [backend, beat], announce: () => around.log.info({ build }, 'beating') };
}

/** The three roles in one process, over the embedded backend unless a Redis was named. */
export async function allRole(config: AllConfig, around: Surroundings): Promise<Role> {
  const { environment, log } = around;
  const folder = dataFolder(config, environment);
  const backend = namesRedis(config) ? redisBackend(config, log) : embeddedBackend(folder, true, log);
  const secrets = (): readonly [string, ...string[]] => config.secrets ?? [keptSecret(backend, folder)];
  const first = firstPassword(config, folder);
  const web = await webService(backend, secrets, first.password, '127.0.0.1', config, around);
  return {
    // Web is stopped first: its screens are served while they are sent away.
    services: [backend, workerService(backend, config, around), beatService(backend, config, around), ...web.services],
    announce: () => announceAll(web.port(), config, first.words(), log),
  };
}

/** Where the secret is kept that signs the sessions of `clock all` when none is given. */
function keptSecret(backend: Backend, folder: string): string {
  return backend instanceof EmbeddedBackend ? backend.keep('secret', newSecret) : keptInFile(folder, 'secret');
}

/** The secrets that a command signs and checks with: those that were given, or those that `clock all` keeps. */
export function commandSecrets(
  store: Backend,
  { secrets, dataDir }: Pick<WebConfig, 'secrets'> & DataConfig,
  environment: Environment,
): () => readonly [string, ...string[]] {
  return () => secrets ?? [keptSecret(store, dataFolder({ dataDir }, environment))];
}

/** The accounts and what hangs on them, over any backend. */
export function people(backend: Backend, secrets: () => readonly [string, ...string[]]): People {
  const { records, time } = backend;
  const jwt = new Jwt(secrets, () => time.now());
  const sessions = new Sessions({ records, time, jwt });
  const passwords = new Passwords();
  return {
    sessions,
    accounts: new Accounts({ records, time, passwords, sessions }),
    tokens: new Tokens({ records, time, jwt, sessions }),
  };
}

export interface People {
  sessions: Sessions;
  accounts: Accounts;
  tokens: Tokens;
}

async function webService(
  backend: Backend,
  secrets: () => readonly [string, ...string[]],
  password: () => FirstPassword | undefined,
  defaultHost: string,
  config: WebConfig,
  { stopping, assetsFolder, log }: Surroundings,
): Promise<{ services: readonly Service[]; port: () => number }> {
  const { accounts, sessions } = people(backend, secrets);
  const web = new Web({
    ...{ config, backend, accounts, sessions, channels, assetsFolder, build, stopping, log },
    tls: tlsFiles(config),
    host: config.host ?? defaultHost,
    uws: await loadUws(),
    owner: randomUUID(),
  });
  const firstAccount = new FirstAccount({ records: backend.records, accounts, password, log });
  return { services: [firstAccount, web], port: () => web.port };
}

function workerService(backend: Backend, { zone }: WorkerConfig, { log }: Surroundings): Worker {
  const name = zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  return new Worker({ ticks: backend.ticks, tasks, zone: new Zone(name), log });
}

function beatService(backend: Backend, { intervalMs }: BeatConfig, { log }: Surroundings): Beat {
  const schedules = tasks.map((task) => ({ task: task.name, everyMs: task.everyMs(intervalMs) }));
  return new Beat({ ticks: backend.ticks, time: backend.time, schedules, owner: randomUUID(), log });
}

function tlsFiles({ tlsCert, tlsKey }: WebConfig): { certFile: string; keyFile: string } | null {
  if (tlsCert === undefined && tlsKey === undefined) return null;
  if (tlsCert === undefined || tlsKey === undefined)
    throw new Failure('--tls-cert and --tls-key: name both, or neither');
  for (const [option, file] of Object.entries({ '--tls-cert': tlsCert, '--tls-key': tlsKey })) {
    try {
      accessSync(file, constants.R_OK);
    } catch {
      throw new Failure(`${option}: ${file} cannot be read`);
    }
  }
  return { certFile: tlsCert, keyFile: tlsKey };
}

/** The first account's password in `clock all`: the one that was given, or an invented one that is shown once. */
function firstPassword(
  { adminPassword }: WebConfig,
  folder: string,
): { password: () => FirstPassword; words: () => string } {
  const renew = "a new password: 'clock user passwd admin'";
  let words = `sign in as an account you know; ${renew}`;
  const password = (): FirstPassword => {
    if (adminPassword !== undefined) {
      words = `sign in as ${firstAccountName} with the password that you gave`;
      return { text: adminPassword };
    }
    const text = newPassword();
    if (process.stdout.isTTY) {
      // Straight to the terminal: a password never goes through the log.
      const onUsed = (): void =>
        void process.stdout.write(`\n  Name      ${firstAccountName}\n  Password  ${text}\n\n`);
      words = `sign in as ${firstAccountName} with the password above, which is not shown again; ${renew}`;
      return { text, onUsed };
    }
    const file = writeSecretFile(folder, 'admin-password', text, 0o600);
    words = `sign in as ${firstAccountName}; the password is in ${file}; ${renew}`;
    return { text };
  };
  return { password, words: () => words };
}

function announceAll(port: number, { host = '127.0.0.1', tlsCert }: AllConfig, words: string, log: Logger): void {
  const scheme = tlsCert === undefined ? 'http' : 'https';
  const isLoopback = host === '127.0.0.1' || host === 'localhost' || host === '::1';
  const hosts = isLoopback ? [host] : ['127.0.0.1', ...lanAddresses()];
  const urls = hosts.map((name) => `${scheme}://${name.includes(':') ? `[${name}]` : name}:${port}/`);
  log.info({ port, build }, `the clock is at ${urls.join(' and ')}`);
  log.info({}, words);
}

function lanAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, family }) => !internal && family === 'IPv4')
    .map(({ address }) => address);
}
