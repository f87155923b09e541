import { randomUUID } from 'node:crypto';
import type { alertOptions } from './alerts/options.ts';
import { ScreenAlerts } from './alerts/screen-alerts.ts';
import { postAlert } from './alerts/webhook.ts';
import type { authorityOptions } from './authority/options.ts';
import type { FirstPassword } from './auth/first-account.ts';
import { configuredOrStoredSecrets, requiredSecrets } from './auth/secrets.ts';
import type { Backend } from './backend/backend.ts';
import {
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
import type { commonOptions, ValuesOf } from './config.ts';
import { announce, firstSignIn } from './first-start.ts';
import { UserError, type Service } from './lifecycle.ts';
import { textOf } from './metrics-total.ts';
import { Metrics, type MetricSources } from './metrics.ts';
import { InternalServer } from './probes/internal-server.ts';
import { unreadyReason } from './probes/readiness.ts';
import type { RoleContext, RolePart } from './role-part.ts';
import { RosterView } from './screens/roster-view.ts';
import { Screens } from './screens/screens.ts';
import { ChildReport } from './supervisor/child-report.ts';
import { tasks } from './tasks/index.ts';
import { hostZoneName, Zone } from './time/zone.ts';
import { webPart } from './web-part.ts';
import type { webOptions } from './web/options.ts';
import type { workerOptions } from './worker/options.ts';
import { Worker } from './worker/worker.ts';

type CommonConfig = ValuesOf<typeof commonOptions> & RedisConfig;
export type WebConfig = CommonConfig & ValuesOf<typeof webOptions> & ValuesOf<typeof authorityOptions>;
export type WorkerConfig = CommonConfig & ValuesOf<typeof workerOptions>;
export type BeatConfig = CommonConfig & ValuesOf<typeof beatOptions> & ValuesOf<typeof alertOptions>;
export type AllConfig = WebConfig & WorkerConfig & BeatConfig & DataConfig;

/** All addresses of this host, IPv4 and IPv6. */
const allAddresses = '::';

/** A role that is composed and not yet started. */
export interface Role {
  /** In start order; they stop in reverse. */
  services: readonly Service[];
  /** Logs that the role has started. */
  onStarted: () => void;
}

export async function webRole(config: WebConfig, context: RoleContext): Promise<Role> {
  const { adminPassword } = config;
  const secrets = requiredSecrets(config.secrets);
  const backend = await redisBackend(config, context.log);
  const password = adminPassword === undefined ? undefined : (): FirstPassword => ({ text: adminPassword });
  const host = config.host ?? allAddresses;
  const web = await webPart({ backend, secrets, password, host, config }, context);
  const services = compose('web', backend, [web], host, config, context);
  const onListening = (): void => context.log.info({ port: web.port(), build }, 'listening');
  return { services, onStarted: context.parent === null ? onListening : () => {} };
}

export async function workerRole(config: WorkerConfig, context: RoleContext): Promise<Role> {
  const backend = await redisBackend(config, context.log);
  const services = compose('worker', backend, [workerPart(backend, config, context)], allAddresses, config, context);
  return { services, onStarted: () => context.log.info({ build }, 'started') };
}

export async function beatRole(config: BeatConfig, context: RoleContext): Promise<Role> {
  const backend = await redisBackend(config, context.log);
  const services = compose('beat', backend, [beatPart(backend, config, context)], allAddresses, config, context);
  return { services, onStarted: () => context.log.info({ build }, 'started') };
}

/** The three roles in one process. They use the embedded backend unless a Redis is configured. */
export async function allRole(config: AllConfig, context: RoleContext): Promise<Role> {
  const { environment, parent, log } = context;
  if (config.workers !== 1 && !isRedisConfigured(config)) {
    throw new UserError('--workers: several processes need a Redis to share; set CLOCK_REDIS_URL, or use --workers 1');
  }
  const directory = dataDirectory(config, environment);
  const backend = isRedisConfigured(config) ? await redisBackend(config, log) : embeddedBackend(directory, true, log);
  const signIn = firstSignIn(config.adminPassword, directory);
  const secrets = configuredOrStoredSecrets(config.secrets, backend, directory);
  const host = config.host ?? '127.0.0.1';
  const web = await webPart({ backend, secrets, password: signIn.password, host, config }, context);
  if (parent !== null) {
    return { services: compose('all', backend, [web], host, config, context), onStarted: () => {} };
  }
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
  { stopping, parent, log }: RoleContext,
): Service[] {
  const services = [backend, ...parts.flatMap((part) => part.services)];
  const common: MetricSources = { isBackendUp: () => backend.outage === null, offsetMs: () => backend.time.offsetMs };
  const sources = Object.assign({}, common, ...parts.map((part) => part.sources)) as MetricSources;
  const metrics = internalPort === undefined ? null : new Metrics(sources, { ...buildInfo, environment, role });
  const isStarting = (): boolean => parts.some((part) => part.isStarting?.());
  if (parent !== null) {
    const unready = (): string | null => unreadyReason({ backend, stopping });
    return [...services, new ChildReport({ parent, unready, snapshot: async () => metrics?.snapshot() ?? [] })];
  }
  if (internalPort === undefined || metrics === null) return services;
  const host = internalHost ?? defaultHost;
  const processes = parts.find((part) => part.processes !== undefined)?.processes;
  const answers =
    processes === undefined
      ? { metrics, unready: () => unreadyReason({ backend, stopping, isStarting }) }
      : {
          metrics: {
            contentType: metrics.contentType,
            text: async () => textOf(await processes.total(await metrics.snapshot())),
          },
          unready: () => (stopping.aborted ? 'draining' : processes.unready),
        };
  return [new InternalServer({ host, port: internalPort, ...answers, log }), ...services];
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
