import { randomUUID } from 'node:crypto';
import { Accounts } from './auth/accounts.ts';
import { FirstAccount, type FirstPassword } from './auth/first-account.ts';
import { Jwt } from './auth/jwt.ts';
import { Passwords } from './auth/passwords.ts';
import { Sessions } from './auth/sessions.ts';
import { Tokens } from './auth/tokens.ts';
import type { Backend } from './backend/backend.ts';
import { EmbeddedBackend } from './backend/embedded/embedded-backend.ts';
import { DurabilityCheck } from './backend/redis/durability-check.ts';
import { RedisBackend } from './backend/redis/redis-backend.ts';
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
import { build, buildInfo } from './build-info.ts';
import type { commonOptions, Environment, ValuesOf } from './config.ts';
import { announce, firstSignIn } from './first-start.ts';
import { UserError, type Service } from './lifecycle.ts';
import type { Logger } from './logger.ts';
import { Metrics, type MetricSources } from './metrics.ts';
import { InternalServer } from './probes/internal-server.ts';
import { unreadiness } from './probes/readiness.ts';
import { keptInFile, newSecret } from './secrets.ts';
import { tasks } from './tasks/index.ts';
import { isZone, Zone } from './time/zone.ts';
import type { webOptions } from './web/options.ts';
import { loadUws } from './web/uws.ts';
import { createWeb } from './web/create-web.ts';
import type { workerOptions } from './worker/options.ts';
import { Worker } from './worker/worker.ts';

type CommonConfig = ValuesOf<typeof commonOptions> & RedisConfig;
export type WebConfig = CommonConfig & ValuesOf<typeof webOptions>;
export type WorkerConfig = CommonConfig & ValuesOf<typeof workerOptions>;
export type BeatConfig = CommonConfig & ValuesOf<typeof beatOptions>;
export type AllConfig = WebConfig & WorkerConfig & BeatConfig & DataConfig;

type Secrets = () => readonly [string, ...string[]];

/** What every role is given beside its configuration. */
export interface RoleContext {
  stopping: AbortSignal;
  environment: Environment;
  assetsFolder: string;
  log: Logger;
}

/** A role, ready to be started. */
export interface Role {
  /** In the order of their start. */
  services: readonly Service[];
  /** Tells a person what to know once it runs. */
  onStarted: () => void;
}

/** A part of a role: its services in the order of their start, and what they count. */
interface RolePart {
  services: readonly Service[];
  sources: MetricSources;
}

export async function webRole(config: WebConfig, context: RoleContext): Promise<Role> {
  const { secrets, adminPassword } = config;
  if (secrets === undefined) {
    throw new UserError("CLOCK_SECRET: missing: set it, or CLOCK_SECRET_FILE; 'clock secret' makes one");
  }
  const backend = redisBackend(config, context.log);
  const password = (): FirstPassword | undefined => (adminPassword === undefined ? undefined : { text: adminPassword });
  const host = config.host ?? '::';
  const web = await webPart(backend, () => secrets, password, host, config, context);
  const services = compose('web', backend, [web], host, config, context);
  return { services, onStarted: () => context.log.info({ port: web.port(), build }, 'listening') };
}

export async function workerRole(config: WorkerConfig, context: RoleContext): Promise<Role> {
  const backend = redisBackend(config, context.log);
  const services = compose('worker', backend, [workerPart(backend, config, context)], '0.0.0.0', config, context);
  return { services, onStarted: () => context.log.info({ build }, 'working') };
}

export async function beatRole(config: BeatConfig, context: RoleContext): Promise<Role> {
  const backend = redisBackend(config, context.log);
  const services = compose('beat', backend, [beatPart(backend, config, context)], '0.0.0.0', config, context);
  return { services, onStarted: () => context.log.info({ build }, 'beating') };
}

/** The three roles in one process, over the embedded backend unless a Redis was named. */
export async function allRole(config: AllConfig, context: RoleContext): Promise<Role> {
  const { environment, log } = context;
  const folder = dataFolder(config, environment);
  const backend = namesRedis(config) ? redisBackend(config, log) : embeddedBackend(folder, true, log);
  const signIn = firstSignIn(config.adminPassword, folder);
  const secrets = givenOrKeptSecrets(config.secrets, backend, folder);
  const host = config.host ?? '127.0.0.1';
  const web = await webPart(backend, secrets, signIn.password, host, config, context);
  // Made before anybody needs it: commands use it, and make none.
  const secret: Service = { name: 'secret', start: async () => void secrets(), stop: async () => {} };
  // Web stops first: its screens are served while they are sent away.
  const parts = [
    { services: [secret], sources: {} },
    workerPart(backend, config, context),
    beatPart(backend, config, context),
    web,
  ];
  const scheme = config.tlsCert === undefined ? 'http' : 'https';
  return {
    services: compose('all', backend, parts, host, config, context),
    onStarted: () => announce({ scheme, host, port: web.port() }, signIn.words(), log),
  };
}

/** The accounts and what hangs on them, over any backend. */
export interface AuthServices {
  sessions: Sessions;
  accounts: Accounts;
  tokens: Tokens;
}

export function createAuthServices({ records, time }: Backend, secrets: Secrets): AuthServices {
  const jwt = new Jwt(secrets, () => time.now());
  const sessions = new Sessions({ records, time, jwt });
  const accounts = new Accounts({ records, time, passwords: new Passwords(), sessions });
  return { sessions, accounts, tokens: new Tokens({ records, time, jwt, sessions }) };
}

/** The secrets that were given, or the one that `clock all` keeps: in its file, or beside it when Redis has the rest. */
function givenOrKeptSecrets(given: WebConfig['secrets'], backend: Backend, folder: string): Secrets {
  if (given !== undefined) return () => given;
  return () => [keptSecret(backend, folder, newSecret)];
}

/** The secrets of a command: it makes none, since nobody else would know it. */
export function commandSecrets(given: WebConfig['secrets'], backend: Backend, folder: () => string): Secrets {
  if (given !== undefined) return () => given;
  const missing = (): never => {
    throw new UserError("CLOCK_SECRET: missing: set it, or CLOCK_SECRET_FILE, to what 'clock web' is given");
  };
  return () => [keptSecret(backend, folder(), missing)];
}

function keptSecret(backend: Backend, folder: string, make: () => string): string {
  return backend instanceof EmbeddedBackend ? backend.keep('secret', make) : keptInFile(folder, 'secret', make);
}

/** Puts the parts of a role between its backend and its internal server, which answers from first to last. */
function compose(
  role: string,
  backend: Backend,
  parts: readonly RolePart[],
  host: string,
  { internalPort, environment }: CommonConfig,
  { stopping, log }: RoleContext,
): Service[] {
  const services = [backend, ...parts.flatMap((part) => part.services)];
  if (internalPort === undefined) return services;
  const common: MetricSources = { backendIsUp: () => backend.outage === null, offsetMs: () => backend.time.offsetMs };
  const sources = Object.assign({}, common, ...parts.map((part) => part.sources)) as MetricSources;
  const metrics = new Metrics(sources, { ...buildInfo, environment, role });
  const unready = (): string | null => unreadiness(backend, stopping);
  return [new InternalServer({ host, port: internalPort, metrics, unready, log }), ...services];
}

async function webPart(
  backend: Backend,
  secrets: Secrets,
  password: () => FirstPassword | undefined,
  host: string,
  config: WebConfig,
  { stopping, assetsFolder, log }: RoleContext,
): Promise<RolePart & { port: () => number }> {
  const { accounts, sessions } = createAuthServices(backend, secrets);
  const owner = randomUUID();
  const web = createWeb({
    config,
    host,
    uws: await loadUws(),
    backend,
    accounts,
    sessions,
    channels,
    owner,
    assetsFolder,
    build,
    stopping,
    log,
  });
  const audit = backend instanceof RedisBackend ? [new DurabilityCheck(backend, log)] : [];
  const firstAccount = new FirstAccount({ records: backend.records, accounts, password, log });
  return { services: [...audit, web, firstAccount], sources: web.sources, port: () => web.port };
}

function workerPart({ ticks }: Backend, { zone }: WorkerConfig, { log }: RoleContext): RolePart {
  // A host without a usable zone has no name for it.
  const hostZone = Intl.DateTimeFormat().resolvedOptions().timeZone ?? '';
  const worker = new Worker({ ticks, tasks, zone: new Zone(zone ?? (isZone(hostZone) ? hostZone : 'UTC')), log });
  return { services: [worker], sources: { ticks: () => worker.published, expired: () => worker.expired } };
}

function beatPart({ ticks, time }: Backend, { intervalMs }: BeatConfig, { log }: RoleContext): RolePart {
  const schedules = tasks.map((task) => ({ task: task.name, everyMs: task.everyMs(intervalMs) }));
  const beat = new Beat({ ticks, time, schedules, owner: randomUUID(), log });
  return { services: [beat], sources: { missed: () => beat.missed, leads: () => beat.leads } };
}
