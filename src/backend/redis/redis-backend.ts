import { UserError } from '../../lifecycle.ts';
import { silentLogger, type Logger } from '../../logger.ts';
import { RemoteTime, type HouseTime } from '../../time/house-time.ts';
import {
  Unavailable,
  type Backend,
  type ConnectionReport,
  type DurabilityProblem,
  type Outage,
  type Roster,
  type RosterChanges,
  type SelfTestResult,
} from '../backend.ts';
import type { Limiter } from '../limiter.ts';
import type { Publications } from '../publications.ts';
import type { Records } from '../records.ts';
import type { Ticks } from '../ticks.ts';
import { Connector } from './connection.ts';
import { Keys } from './keys.ts';
import { RedisLimiter } from './limiter.ts';
import { ReconnectingConnection } from './reconnecting-connection.ts';
import { HealthCheck } from './health-check.ts';
import { isTimeout } from './outages.ts';
import { RedisPublications } from './publications.ts';
import { RedisRecords } from './records.ts';
import { RedisRoster } from './roster.ts';
import { selfTest } from './self-test.ts';
import { Subscriber } from './subscriber.ts';
import { describeRedisTarget, type RedisTarget } from './target.ts';
import { RedisTicks } from './ticks.ts';
import type { RedisTls } from './tls-files.ts';
import { withTimeout } from './with-timeout.ts';

export interface RedisBackendOptions {
  target: RedisTarget;
  /** The text before the name of every key. */
  prefix: string;
  /** The channels whose ticks `subscribe` delivers. */
  channels: readonly string[];
  log: Logger;
  tls?: RedisTls;
  /**
   * How long `start()` waits for Redis and each command for its answer, ms. The default lets an outage show within 2 s.
   * A command of a person can wait longer, for example while many processes start.
   */
  startTimeoutMs?: number;
  /** Part of all names, for the keys of the self-test. */
  scope?: string;
}

const defaultTimeoutMs = 1_000;

/** The resolution of TIME is a microsecond, about that of this host's monotonic clock. */
const precisionMs = 0.002;

/** Shares an installation between hosts through one Redis: a server, the master that sentinels name, or a cluster. */
export class RedisBackend implements Backend {
  readonly name = 'redis';
  readonly address: string;
  readonly time: HouseTime;
  readonly ticks: Ticks;
  readonly publications: Publications;
  readonly records: Records;
  readonly limiter: Limiter;
  readonly settings = null;
  readonly #options: RedisBackendOptions;
  readonly #keys: Keys;
  readonly #connector: Connector;
  readonly #commands: ReconnectingConnection;
  readonly #queue: ReconnectingConnection;
  readonly #subscriber: Subscriber;
  readonly #roster: RedisRoster;
  readonly #firstHealth = Promise.withResolvers<void>();
  #outage: Outage | null = 'starting';
  #reason: Error | null = null;
  #interruptReason: Error | null = null;
  #loggedOutage: Outage | null = null;

  constructor(options: RedisBackendOptions) {
    const { target, tls = {}, prefix, scope, channels, log, startTimeoutMs = defaultTimeoutMs } = options;
    this.#options = options;
    this.address = describeRedisTarget(target);
    const keys = new Keys(prefix, target.kind === 'single' ? target.db : 0, scope);
    this.#keys = keys;
    const connector = new Connector({ target, tls, keys, answerTimeoutMs: startTimeoutMs });
    this.#connector = connector;
    const time = new RemoteTime(precisionMs);
    this.time = time;

    const onMoved = (): void => this.#reconnectAll();
    const onError = (error: unknown): void => log.error({ err: error }, 'unexpected error in the Redis backend');
    this.#commands = new ReconnectingConnection({
      open: (signal) => connector.open('commands', signal),
      onUp: (_client, ended) => healthCheck.run(ended),
      onDown: (outage, reason) => this.#onHealth(outage, reason),
      onMoved,
      onError,
    });
    this.#queue = new ReconnectingConnection({ open: (signal) => connector.open('queue', signal), onMoved, onError });
    this.#subscriber = new Subscriber({
      keys,
      channels,
      open: (signal) => connector.open('subscription', signal),
      readLastTick: (channel) => this.ticks.last(channel),
      onSubscribed: () => this.#logChange(null),
      onMessage: () => healthCheck.postpone(),
      onInterrupted: (reason) => {
        this.#interruptReason = reason;
        this.#logChange(reason);
      },
      onError,
      log,
    });
    const healthCheck = new HealthCheck({
      keys,
      commands: this.#commands,
      time,
      log,
      answerTimeoutMs: startTimeoutMs,
      onHealth: (outage, reason) => this.#onHealth(outage, reason),
      onReplaced: () => this.#subscriber.notifyGap({ replaced: true }),
    });
    this.ticks = new RedisTicks({
      keys,
      time,
      commands: this.#commands,
      healthCheck,
      queue: this.#queue,
      canServe: () => this.#outage === null,
      onSubscriber: (deliver) => this.#subscriber.addSubscriber(deliver),
      log,
    });
    this.publications = new RedisPublications(this.#commands, keys, (deliver) =>
      this.#subscriber.addPublicationSubscriber(deliver),
    );
    this.records = new RedisRecords(this.#commands, keys, (listener) => this.#subscriber.addListener(listener));
    this.limiter = new RedisLimiter(this.#commands, keys);
    this.#roster = new RedisRoster(this.#commands, healthCheck, keys, time);
  }

  get outage(): Outage | null {
    return this.#outage ?? (this.#subscriber.isInterrupted ? 'redis-deaf' : null);
  }

  get outageReason(): string | null {
    const reason = this.#outage === null ? this.#interruptReason : this.#reason;
    return this.outage === null ? null : (reason?.message ?? null);
  }

  /**
   * Resolves after the first answer or definite failure, or after `startTimeoutMs`. Rejects if the data has a newer
   * schema.
   */
  async start(): Promise<void> {
    const { startTimeoutMs = defaultTimeoutMs } = this.#options;
    this.#commands.open();
    await withTimeout(Promise.all([this.#firstHealth.promise, this.#subscriber.start()]), startTimeoutMs);
    if (this.#outage === 'starting') {
      this.#onHealth('redis-down', new Error(`no answer within ${startTimeoutMs / 1_000} s`));
    }
    if (this.#outage === 'redis-schema') {
      await this.stop();
      throw new UserError(`${this.address}: ${this.#reason?.message}`);
    }
  }

  async stop(): Promise<void> {
    await Promise.all([this.#subscriber.stop(), this.#queue.close(), this.#commands.close()]);
  }

  reportConnections(owner: string, count: number, changes: RosterChanges): Promise<ConnectionReport> {
    return this.#roster.report(owner, count, changes);
  }

  readRoster(): Promise<Roster> {
    return this.#roster.read();
  }

  async checkDurability(): Promise<DurabilityProblem[]> {
    const problems: DurabilityProblem[] = [];
    const info = await this.#commands
      .run((client) => client.info())
      .catch((error: unknown) => {
        if (!(error instanceof Unavailable) || error.outage !== 'redis-refuses') throw error;
        const problem = `whether Redis persists its data is unknown: ${error.reason}`;
        problems.push({ name: 'persistence', problem });
        return null;
      });
    if (info === null) return problems;
    if (!/^aof_enabled:1\r?$/m.test(info)) {
      problems.push({ name: 'persistence', problem: 'Redis loses all data at a restart: set appendonly yes' });
    }
    if (!/^maxmemory_policy:noeviction\r?$/m.test(info)) {
      const problem = 'Redis deletes accounts when its memory is full: set maxmemory-policy noeviction';
      problems.push({ name: 'eviction', problem });
    }
    return problems;
  }

  selfTest(): Promise<SelfTestResult[]> {
    return selfTest({
      keys: this.#keys,
      channels: this.#options.channels,
      commands: this.#commands,
      openSubscription: (signal) => this.#connector.open('subscription', signal),
      createScoped: (scope) => {
        const backend = new RedisBackend({ ...this.#options, scope, log: silentLogger() });
        return { backend, keys: backend.#keys };
      },
    });
  }

  #onHealth(outage: Outage | null, reason: Error | null): void {
    this.#outage = outage;
    this.#reason = reason;
    // After a timeout, the next attempt may succeed.
    if (outage !== 'redis-down' || reason === null || !isTimeout(reason)) this.#firstHealth.resolve();
    if (outage === null) this.#subscriber.catchUp();
    // The subscription follows shortly after the commands. The outage lasts until both are ready.
    if (outage !== null || this.outage === null) this.#logChange(reason);
  }

  /** Logs each change of `outage` once. */
  #logChange(reason: Error | null): void {
    const { address, outage } = this;
    const { log } = this.#options;
    if (outage === this.#loggedOutage || outage === 'starting') return;
    this.#loggedOutage = outage;
    if (outage === null) log.info({ address }, 'Redis serves again');
    else log.warn({ address, outage, reason: reason?.message }, 'Redis cannot serve');
  }

  #reconnectAll(): void {
    const reason = new Error('another node serves the data now');
    this.#commands.reconnect('redis-down', reason);
    this.#queue.reconnect('redis-down', reason);
    this.#subscriber.reconnect('redis-down', reason);
  }
}
