import { randomUUID } from 'node:crypto';
import type { alertOptions } from './alerts/options.ts';
import { ScreenAlerts } from './alerts/screen-alerts.ts';
import { postAlert } from './alerts/webhook.ts';
import { AuthorityCheck } from './authority/authority-check.ts';
import type { authorityOptions } from './authority/options.ts';
import { createAuthServices } from './auth/auth-services.ts';
import { FirstAccount, type FirstPassword } from './auth/first-account.ts';
import { configuredOrStoredSecrets, requiredSecrets, type Secrets } from './auth/secrets.ts';
import type { Backend } from './backend/backend.ts';
import { DurabilityCheck } from './backend/durability-check.ts';
import {
  channels,
  dataDirectory,
  embeddedBackend,
  isRedisConfigured,
  redisBackend,
  type DataConfig,
  type RedisConfig,
} from './backends.ts';
import { Beat } from './beat/beat.ts';
import type { beatOptions } from './beat/options.ts';
import { build, buildInfo } from './build-info.ts';
import type { commonOptions, Environment, ValuesOf } from './config.ts';
import { announce, firstSignIn } from './first-start.ts';
import type { Service } from './lifecycle.ts';
import type { Logger } from './logger.ts';
import { Metrics, type MetricSources } from './metrics.ts';
import { InternalServer } from './probes/internal-server.ts';
import { unreadyReason } from './probes/readiness.ts';
import { RosterView } from './screens/roster-view.ts';
import { Screens } from './screens/screens.ts';
import { tasks } from './tasks/index.ts';
import { hostZoneName, Zone } from './time/zone.ts';
import type { webOptions } from './web/options.ts';
import { loadUws } from './web/uws.ts';
import { createWeb } from './web/create-web.ts';
import type { workerOptions } from './worker/options.ts';
import { Worker } from './worker/worker.ts';

type CommonConfig = ValuesOf<typeof commonOptions> & RedisConfig;
export type WebConfig = CommonConfig & ValuesOf<typeof webOptions> & ValuesOf<typeof authorityOptions>;
export type WorkerConfig = CommonConfig & ValuesOf<typeof workerOptions>;
export type BeatConfig = CommonConfig & ValuesOf<typeof beatOptions> & ValuesOf<typeof alertOptions>;
export type AllConfig = WebConfig & WorkerConfig & BeatConfig & DataConfig;

/** All addresses of this host, IPv4 and IPv6. */
const allAddresses = '::';

/** What every role gets in addition to its configuration. */
export interface RoleContext {
  /** Aborts when the process begins to stop. */
  stopping: AbortSignal;
  environment: Environment;
  assetsDirectory: string;
  log: Logger;
}

/** A role that is composed and not yet started. */
export interface Role {
  /** In start order; they stop in reverse. */
  services: readonly Service[];
  /** Logs that the role has started. */
  onStarted: () => void;
}

/** A part of a role. `clock all` has three. */
interface RolePart {
  /** In start order. */
  services: readonly Service[];
  sources: MetricSources;
  /** Whether `/ready` says that the part is still starting. */
  isStarting?: () => boolean;
}

export async function webRole(config: WebConfig, context: RoleContext): Promise<Role> {
  const { adminPassword } = config;
  const secrets = requiredSecrets(config.secrets);
  const backend = redisBackend(config, context.log);
  const password = (): FirstPassword | undefined => (adminPassword === undefined ? undefined : { text: adminPassword });
  const host = config.host ?? allAddresses;
  const web = await webPart(backend, secrets, password, host, config, context);
  const services = compose('web', backend, [web], host, config, context);
  return { services, onStarted: () => context.log.info({ port: web.port(), build }, 'listening') };
}

export async function workerRole(config: WorkerConfig, context: RoleContext): Promise<Role> {
  const backend = redisBackend(config, context.log);
  const services = compose('worker', backend, [workerPart(backend, config, context)], allAddresses, config, context);
  return { services, onStarted: () => context.log.info({ build }, 'started') };
}

export async function beatRole(config: BeatConfig, context: RoleContext): Promise<Role> {
  const backend = redisBackend(config, context.log);
  const services = compose('beat', backend, [beatPart(backend, config, context)], allAddresses, config, context);
  return { services, onStarted: () => context.log.info({ build }, 'started') };
}

/** The three roles in one process. They use the embedded backend unless a Redis is configured. */
export async function allRole(config: AllConfig, context: RoleContext): Promise<Role> {
  const { environment, log } = context;
  const directory = dataDirectory(config, environment);
  const backend = isRedisConfigured(config) ? redisBackend(config, log) : embeddedBackend(directory, true, log);
  const signIn = firstSignIn(config.adminPassword, directory);
  const secrets = configuredOrStoredSecrets(config.secrets, backend, directory);
  const host = config.host ?? '127.0.0.1';
  const web = await webPart(backend, secrets, signIn.password, host, config, context);
  // Creates the secret at the start, since commands read it and never create one.
  const createSecret = async (): Promise<void> => {
    secrets();
  };
  const secret: Service = { name: 'secret', start: createSecret, stop: async () => {} };
  // Web starts last and so stops first: ticks continue until its last socket is closed.
  const parts = [
    { services: [secret], sources: {} },
    workerPart(backend, config, context),
    beatPart(backend, config, context),
    web,
  ];
  const scheme = config.tlsCert === undefined ? 'http' : 'https';
  return {
    services: compose('all', backend, parts, host, config, context),
    onStarted: () => announce({ scheme, host, port: web.port() }, signIn.instructions(), log),
  };
}

/**
 * The services of a role in start order: the internal server, which answers probes while the others start and stop, the
 * backend, and the parts.
 */
function compose(
  role: string,
  backend: Backend,
  parts: readonly RolePart[],
  defaultHost: string,
  { internalPort, internalHost, environment }: CommonConfig,
  { stopping, log }: RoleContext,
): Service[] {
  const services = [backend, ...parts.flatMap((part) => part.services)];
  if (internalPort === undefined) return services;
  const common: MetricSources = { isBackendUp: () => backend.outage === null, offsetMs: () => backend.time.offsetMs };
  const sources = Object.assign({}, common, ...parts.map((part) => part.sources)) as MetricSources;
  const host = internalHost ?? defaultHost;
  const metrics = new Metrics(sources, { ...buildInfo, environment, role });
  const isStarting = (): boolean => parts.some((part) => part.isStarting?.());
  const unready = (): string | null => unreadyReason({ backend, stopping, isStarting });
  return [new InternalServer({ host, port: internalPort, metrics, unready, log }), ...services];
}

async function webPart(
  backend: Backend,
  secrets: Secrets,
  password: () => FirstPassword | undefined,
  host: string,
  config: WebConfig,
  { stopping, assetsDirectory, log }: RoleContext,
): Promise<RolePart & { port: () => number }> {
  const { accounts, sessions, tokens, tickets } = createAuthServices(backend, secrets);
  const firstAccount = new FirstAccount({ records: backend.records, accounts, password, log });
  const isStarting = (): boolean => !firstAccount.isSettled;
  const { ntpServers, ntpAlarmMs } = config;
  const utc =
    ntpServers === undefined
      ? undefined
      : new AuthorityCheck({ servers: ntpServers, alarmMs: ntpAlarmMs, time: backend.time, log });
  const owner = randomUUID();
  const web = createWeb({
    config,
    host,
    uws: await loadUws(),
    backend,
    accounts,
    sessions,
    tokens,
    tickets,
    secrets,
    channels,
    owner,
    assetsDirectory,
    build,
    stopping,
    isStarting,
    utc,
    log,
  });
  const durabilityCheck = new DurabilityCheck(backend, log);
  const services = [durabilityCheck, ...(utc === undefined ? [] : [utc]), web, firstAccount];
  const sources = { ...web.sources, ...(utc === undefined ? {} : authoritySources(utc)) };
  return { services, sources, isStarting, port: () => web.port };
}

function authoritySources(utc: AuthorityCheck): MetricSources {
  return {
    authorityOffsetMs: () => utc.reading?.offsetMs ?? null,
    authorityErrorMs: () => utc.reading?.boundMs ?? null,
  };
}

function workerPart({ ticks }: Backend, { zone }: WorkerConfig, { log }: RoleContext): RolePart {
  const worker = new Worker({ ticks, tasks, zone: new Zone(zone ?? hostZoneName()), log });
  return {
    services: [worker],
    sources: { publishedTicks: () => worker.published, expiredTasks: () => worker.expired },
  };
}

function beatPart(backend: Backend, config: BeatConfig, { log }: RoleContext): RolePart {
  const { ticks, time } = backend;
  const { intervalMs, alertWebhook, alertAfterMs } = config;
  const scheduled = tasks.map((task) => ({
    name: task.name,
    everyMs: task.everyMs(intervalMs),
    expiryMs: task.expiryMs(intervalMs),
  }));
  const beat = new Beat({ ticks, time, tasks: scheduled, owner: randomUUID(), log });
  const alerts =
    alertWebhook === undefined
      ? []
      : [
          new ScreenAlerts({
            backend,
            view: new RosterView({ backend, screens: new Screens({ records: backend.records, time }) }),
            isLeader: () => beat.isLeader,
            afterMs: alertAfterMs,
            post: (body, stopping) => postAlert(alertWebhook, body, stopping),
            log,
          }),
        ];
  return { services: [beat, ...alerts], sources: { missedInstants: () => beat.missed, isLeader: () => beat.isLeader } };
}
