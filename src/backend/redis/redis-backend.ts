import { UserError } from '../../lifecycle.ts';
import type { Logger } from '../../logger.ts';
import { RemoteTime, type HouseTime } from '../../time/house-time.ts';
import {
  Unavailable,
  type Backend,
  type DurabilityProblem,
  type Limiter,
  type Outage,
  type Records,
  type Ticks,
} from '../backend.ts';
import { answerTimeoutMs, Connector } from './connection.ts';
import { Keys } from './keys.ts';
import { RedisLimiter } from './limiter.ts';
import { ReconnectingConnection } from './reconnecting-connection.ts';
import { HealthCheck } from './health-check.ts';
import { RedisRecords } from './records.ts';
import { Subscriber } from './subscriber.ts';
import { describeRedisTarget, type RedisTarget } from './target.ts';
import { RedisTicks } from './ticks.ts';
import { withTimeout } from './with-timeout.ts';

export interface RedisBackendOptions {
  target: RedisTarget;
  /** The text before the name of every key. */
  prefix: string;
  /** The channels whose ticks `subscribe` delivers. */
  channels: readonly string[];
  log: Logger;
}

/** The resolution of TIME is a microsecond, about that of this host's monotonic clock. */
const precisionMs = 0.002;

/** Shares an installation between hosts through one Redis: a server, the master that sentinels name, or a cluster. */
export class RedisBackend implements Backend {
  readonly name = 'redis';
  readonly address: string;
  readonly time: HouseTime;
  readonly ticks: Ticks;
  readonly records: Records;
  readonly limiter: Limiter;
  readonly settings = null;
  readonly #log: Logger;
  readonly #keys: Keys;
  readonly #commands: ReconnectingConnection;
  readonly #queue: ReconnectingConnection;
  readonly #subscriber: Subscriber;
  readonly #firstHealth = Promise.withResolvers<void>();
  #outage: Outage | null = 'starting';
  #reason: Error | null = null;
  #loggedOutage: Outage | null = null;

  constructor({ target, prefix, channels, log }: RedisBackendOptions) {
    this.address = describeRedisTarget(target);
    this.#log = log;
    const keys = new Keys(prefix, target.kind === 'single' ? target.db : 0);
    this.#keys = keys;
    const connector = new Connector(target, keys);
    const time = new RemoteTime(precisionMs);
    this.time = time;

    const onMoved = (): void => this.#reconnectAll();
    this.#commands = new ReconnectingConnection({
      open: (signal) => connector.open('commands', signal),
      onUp: (_client, ended) => void healthCheck.run(ended),
      onDown: (outage, reason) => this.#onHealth(outage, reason),
      onMoved,
    });
    this.#queue = new ReconnectingConnection({ open: (signal) => connector.open('queue', signal), onMoved });
    this.#subscriber = new Subscriber({
      keys,
      channels,
      open: (signal) => connector.open('subscription', signal),
      readLastTick: (channel) => this.ticks.last(channel),
      onSubscribed: () => this.#logChange(null),
      onInterrupted: (reason) => this.#logChange(reason),
      log,
    });
    const healthCheck = new HealthCheck({
      keys,
      commands: this.#commands,
      time,
      log,
      onHealth: (outage, reason) => this.#onHealth(outage, reason),
      onReplaced: () => this.#subscriber.notifyGap({ replaced: true }),
    });
    this.ticks = new RedisTicks({
      keys,
      time,
      commands: this.#commands,
      queue: this.#queue,
      canServe: () => this.#outage === null,
      onSubscriber: (deliver) => this.#subscriber.addSubscriber(deliver),
      log,
    });
    this.records = new RedisRecords(this.#commands, keys, (listener) => this.#subscriber.addListener(listener));
    this.limiter = new RedisLimiter(this.#commands, keys);
  }

  get outage(): Outage | null {
    return this.#outage ?? (this.#subscriber.isInterrupted ? 'redis-deaf' : null);
  }

  /** Resolves after the first answer or failure, within about a second. Rejects if the data has a newer schema. */
  async start(): Promise<void> {
    this.#commands.open();
    await withTimeout(Promise.all([this.#firstHealth.promise, this.#subscriber.start()]), answerTimeoutMs);
    if (this.#outage === 'starting') this.#onHealth('redis-down', new Error('no answer'));
    if (this.#outage === 'redis-schema') {
      await this.stop();
      throw new UserError(`${this.address}: ${this.#reason?.message}`);
    }
  }

  async stop(): Promise<void> {
    await Promise.all([this.#subscriber.stop(), this.#queue.close(), this.#commands.close()]);
  }

  reportConnections(owner: string, count: number): Promise<number> {
    return this.#commands.run((client) => client.reportConnections(this.#keys.connections, owner, count));
  }

  async checkDurability(): Promise<DurabilityProblem[]> {
    const info = await this.#commands.run((client) => client.info());
    const problems: DurabilityProblem[] = [];
    if (!/^aof_enabled:1\r?$/m.test(info)) {
      problems.push({ name: 'persistence', problem: 'Redis loses all data at a restart: set appendonly yes' });
    }
    if (!/^maxmemory_policy:noeviction\r?$/m.test(info)) {
      const problem = 'Redis deletes accounts when its memory is full: set maxmemory-policy noeviction';
      problems.push({ name: 'eviction', problem });
    }
    return problems;
  }

  #onHealth(outage: Outage | null, reason: Error | null): void {
    this.#outage = outage;
    this.#reason = reason;
    this.#firstHealth.resolve();
    if (outage === null) void this.#subscriber.catchUp();
    // The subscription follows shortly after the commands. The outage lasts until both are ready.
    if (outage !== null || this.outage === null) this.#logChange(reason);
  }

  /** Logs each change of `outage` once. */
  #logChange(reason: Error | null): void {
    const { address, outage } = this;
    if (outage === this.#loggedOutage || outage === 'starting') return;
    this.#loggedOutage = outage;
    if (outage === null) this.#log.info({ address }, 'Redis serves again');
    else this.#log.warn({ address, outage, reason: reason?.message }, 'Redis cannot serve');
  }

  #reconnectAll(): void {
    const moved = new Unavailable('redis-down', { cause: new Error('another node serves the data now') });
    this.#commands.reconnect(moved.outage, moved);
    this.#queue.reconnect(moved.outage, moved);
    this.#subscriber.reconnect(moved);
  }
}
