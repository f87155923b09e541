import { UserError } from '../../lifecycle.ts';
import type { Logger } from '../../logger.ts';
import { RemoteTime, type HouseTime } from '../../time/house-time.ts';
import {
  Unavailable,
  type Backend,
  type Durability,
  type Limiter,
  type Records,
  type Ticks,
  type Outage,
} from '../backend.ts';
import { Connector, answerWithinMs } from './connection.ts';
import { Keys } from './keys.ts';
import { RedisLimiter } from './limiter.ts';
import { ReconnectingConnection } from './reconnecting-connection.ts';
import { HealthCheck } from './health-check.ts';
import { RedisRecords } from './records.ts';
import { connectionsScript } from './scripts.ts';
import { Subscriber } from './subscriber.ts';
import { describeRedisTarget, type RedisTarget } from './target.ts';
import { RedisTicks } from './ticks.ts';
import { withTimeout } from './with-timeout.ts';

export interface RedisBackendOptions {
  target: RedisTarget;
  /** Put before the name of every key. */
  prefix: string;
  /** The channels that `subscribe` hands on. */
  channels: readonly string[];
  log: Logger;
}

/** TIME has microseconds, this host's monotonic clock about as much. */
const precisionMs = 0.002;

/** Shares an installation between hosts, over one Redis: a server, what sentinels name as master, or a cluster. */
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
  readonly #judged = Promise.withResolvers<void>();
  #outage: Outage | null = 'starting';
  #reason: Error | null = null;
  #logged: Outage | null = null;

  constructor({ target, prefix, channels, log }: RedisBackendOptions) {
    this.address = describeRedisTarget(target);
    this.#log = log;
    const keys = new Keys(prefix, target.kind === 'single' ? target.db : 0);
    this.#keys = keys;
    const connector = new Connector(target, keys);
    const time = new RemoteTime(precisionMs);
    this.time = time;

    const onServedElsewhere = (): void => this.#moveAll();
    this.#commands = new ReconnectingConnection({
      open: (signal) => connector.open('commands', signal),
      onUp: (client, gone) => void pulse.run(client, gone),
      onDown: (outage, reason) => this.#judge(outage, reason),
      onMoved: onServedElsewhere,
    });
    this.#queue = new ReconnectingConnection({
      open: (signal) => connector.open('queue', signal),
      onMoved: onServedElsewhere,
    });
    this.#subscriber = new Subscriber({
      keys,
      channels,
      open: (signal) => connector.open('subscription', signal),
      last: (channel) => this.ticks.last(channel),
      onHearing: () => this.#report(null),
      onDeaf: (reason) => this.#report(reason),
      log,
    });
    const pulse = new HealthCheck({
      keys,
      link: this.#commands,
      time,
      log,
      onHealth: (outage, reason) => this.#judge(outage, reason),
      onReplaced: () => this.#subscriber.missed(true),
    });
    this.ticks = new RedisTicks({
      keys,
      time,
      commands: this.#commands,
      queue: this.#queue,
      serves: () => this.#outage === null,
      onSubscriber: (deliver) => this.#subscriber.subscribe(deliver),
      log,
    });
    this.records = new RedisRecords(this.#commands, keys, (listener) => this.#subscriber.hear(listener));
    this.limiter = new RedisLimiter(this.#commands, keys);
  }

  get outage(): Outage | null {
    return this.#outage ?? (this.#subscriber.deaf ? 'redis-deaf' : null);
  }

  /** Resolves once Redis has answered or failed to, within about a second; rejects when its data is too new. */
  async start(): Promise<void> {
    this.#commands.open();
    await withTimeout(Promise.all([this.#judged.promise, this.#subscriber.start()]), answerWithinMs);
    if (this.#outage === 'starting') this.#judge('redis-down', new Error('no answer'));
    if (this.#outage === 'redis-schema') {
      await this.stop();
      throw new UserError(`${this.address}: ${this.#reason?.message}`);
    }
  }

  async stop(): Promise<void> {
    await Promise.all([this.#subscriber.stop(), this.#queue.close(), this.#commands.close()]);
  }

  async reportConnections(owner: string, sockets: number): Promise<number> {
    const sum = await this.#commands.run((client) =>
      connectionsScript.run(client, [this.#keys.connections], [owner, sockets]),
    );
    return Number(sum);
  }

  async checkDurability(): Promise<Durability> {
    const info = await this.#commands.run((client) => client.info());
    const persists = /^aof_enabled:1\r?$/m.test(info);
    const evicts = !/^maxmemory_policy:noeviction\r?$/m.test(info);
    return {
      persistence: persists ? null : 'Redis keeps nothing over a restart: set appendonly yes',
      eviction: evicts ? 'Redis may throw accounts away: set maxmemory-policy noeviction' : null,
    };
  }

  #judge(outage: Outage | null, reason: Error | null): void {
    this.#outage = outage;
    this.#reason = reason;
    this.#judged.resolve();
    if (outage === null) void this.#subscriber.catchUp();
    // After an outage the subscription follows at once: until it does, nothing is back.
    if (outage !== null || this.outage === null) this.#report(reason);
  }

  /** Logs each change, once. */
  #report(reason: Error | null): void {
    const { address, outage } = this;
    if (outage === this.#logged || outage === 'starting') return;
    this.#logged = outage;
    if (outage === null) this.#log.info({ address }, 'redis back');
    else this.#log.warn({ address, outage, reason: reason?.message }, 'redis lost');
  }

  #moveAll(): void {
    const moved = new Unavailable('redis-down', { cause: new Error('served by another node now') });
    this.#commands.reconnect(moved.outage, moved);
    this.#queue.reconnect(moved.outage, moved);
    this.#subscriber.move(moved);
  }
}
