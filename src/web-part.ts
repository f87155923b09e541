import { randomUUID } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { AuthorityCheck } from './authority/authority-check.ts';
import { onMachineClock, type AuthorityReading } from './authority/authority-reading.ts';
import type { authorityOptions } from './authority/options.ts';
import { SharedReading } from './authority/shared-reading.ts';
import { createAuthServices, type AuthServices } from './auth/auth-services.ts';
import { FirstAccount, type FirstPassword } from './auth/first-account.ts';
import type { Secrets } from './auth/secrets.ts';
import type { Backend } from './backend/backend.ts';
import { DurabilityCheck } from './backend/durability-check.ts';
import { channels } from './backends.ts';
import { build } from './build-info.ts';
import type { commonOptions, ValuesOf } from './config.ts';
import type { MetricSources } from './metrics.ts';
import { unreadyReason } from './probes/readiness.ts';
import type { RoleContext, RolePart } from './role-part.ts';
import { spawnChild } from './supervisor/child-process.ts';
import type { ParentChannel } from './supervisor/parent-channel.ts';
import { WebProcesses } from './supervisor/web-processes.ts';
import { machineClockOrigin } from './time/machine-clock.ts';
import { createWeb } from './web/create-web.ts';
import type { webOptions } from './web/options.ts';
import { loadUws } from './web/uws.ts';
import type { Web } from './web/web.ts';

export interface WebSetup {
  config: ValuesOf<typeof commonOptions> & ValuesOf<typeof webOptions> & ValuesOf<typeof authorityOptions>;
  backend: Backend;
  secrets: Secrets;
  /** Returns the password of the first account, if it has to be created; undefined if none is configured. */
  password: (() => FirstPassword) | undefined;
  /** The address to listen on. */
  host: string;
}

export type WebPart = RolePart & { port: () => number };

interface Setup extends WebSetup {
  auth: AuthServices;
}

/** The web role in this process, or in several that this one starts. */
export async function webPart(given: WebSetup, context: RoleContext): Promise<WebPart> {
  const { workers } = given.config;
  const count = workers === 0 ? availableParallelism() : workers;
  const setup = { ...given, auth: createAuthServices(given.backend, given.secrets, count) };
  if (context.parent !== null) return childPart(setup, context, context.parent);
  return count === 1 ? singlePart(setup, context) : parentPart(setup, context, count);
}

/** Web in one process. */
async function singlePart(setup: Setup, context: RoleContext): Promise<WebPart> {
  const { backend } = setup;
  const { stopping } = context;
  const { before, after, isStarting, utc } = installationServices(setup, context);
  const unready = (): string | null => unreadyReason({ backend, stopping, isStarting });
  const web = await webOf(setup, context, { isStarting, unready, utc, isPortShared: false });
  const sources = { ...web.sources, ...authoritySources(utc), workers: () => 1, configuredWorkers: () => 1 };
  return { services: [...before, web, ...after], sources, isStarting, port: () => web.port };
}

/** The parent of several web processes. What an installation needs once is here: the first account, and NTP. */
function parentPart(setup: Setup, context: RoleContext, count: number): WebPart {
  const { host, config } = setup;
  const { stopping, log } = context;
  const { before, after, isStarting, utc } = installationServices(setup, context);
  const originMs = machineClockOrigin();
  const processes = new WebProcesses({
    count,
    host,
    port: config.port,
    stopping,
    isStarting,
    utc: () => {
      const bounds = utc?.utcBounds ?? null;
      return { utc: bounds && onMachineClock(bounds, originMs), utcAlarm: utc?.alarm ?? null };
    },
    spawn: spawnChild,
    log,
  });
  // The ticks of `clock all` are counted where they are relayed.
  const workers = {
    workers: () => processes.serving,
    configuredWorkers: () => count,
    replacedWorkers: () => processes.replaced,
  };
  const sources = { ...authoritySources(utc), ...workers, relayedTicks: () => 0 };
  const services = [...before, processes, ...after];
  return { services, sources, processes, port: () => processes.port };
}

/** One of several web processes, which share a port. */
async function childPart(setup: Setup, context: RoleContext, parent: ParentChannel): Promise<WebPart> {
  const { backend, config } = setup;
  const { stopping } = context;
  const isStarting = (): boolean => parent.state.isStarting;
  const unready = (): string | null => (stopping.aborted ? 'draining' : parent.state.unready);
  const bounds = { bounds: () => parent.state.utc, alarm: () => parent.state.utcAlarm, time: backend.time };
  const utc = config.ntpServers === undefined ? undefined : new SharedReading(bounds);
  const shared = { ...setup, config: { ...config, port: parent.port } };
  const web = await webOf(shared, context, { isStarting, unready, utc, isPortShared: true });
  return { services: [web], sources: { ...web.sources, ...authoritySources(utc) }, port: () => web.port };
}

type WebServices = Pick<Parameters<typeof createWeb>[0], 'isStarting' | 'unready' | 'utc' | 'isPortShared'>;

async function webOf(setup: Setup, context: RoleContext, services: WebServices): Promise<Web> {
  const { config, host, backend, secrets, auth, password } = setup;
  const { assetsDirectory, log } = context;
  const uws = await loadUws();
  const process = { owner: randomUUID(), uws, assetsDirectory, build, log };
  const hasFirstPassword = password !== undefined;
  return createWeb({ config, host, backend, secrets, channels, hasFirstPassword, ...auth, ...process, ...services });
}

/** What an installation needs once, however many processes serve: services that start before web, and after it. */
function installationServices({ config, backend, auth, password }: Setup, { log }: RoleContext) {
  const firstAccount = new FirstAccount({ records: backend.records, accounts: auth.accounts, password, log });
  const { ntpServers, ntpAlarmMs } = config;
  const utc =
    ntpServers === undefined
      ? undefined
      : new AuthorityCheck({ servers: ntpServers, alarmMs: ntpAlarmMs, time: backend.time, log });
  const durabilityCheck = new DurabilityCheck(backend, log);
  return {
    before: [durabilityCheck, ...(utc === undefined ? [] : [utc])],
    after: [firstAccount],
    isStarting: () => !firstAccount.isSettled,
    utc,
  };
}

function authoritySources(utc: { readonly reading: AuthorityReading | null } | undefined): MetricSources {
  if (utc === undefined) return {};
  return {
    authorityOffsetMs: () => utc.reading?.offsetMs ?? null,
    authorityErrorMs: () => utc.reading?.boundMs ?? null,
  };
}
