import { Failure } from '../../lifecycle.ts';
import type { Logger } from '../../logger.ts';
import { RemoteTime, type HouseTime } from '../../time/house-time.ts';
import { Unavailable, type Backend, type Limiter, type Records, type Ticks, type Trouble } from '../backend.ts';
import { Connector, answerWithinMs } from './connection.ts';
import { Keys } from './keys.ts';
import { RedisLimiter } from './limiter.ts';
import { Link } from './link.ts';
import { Pulse } from './pulse.ts';
import { RedisRecords } from './records.ts';
import { censusScript } from './scripts.ts';
import { Subscriber } from './subscriber.ts';
import { describeRedisTarget, type RedisTarget } from './target.ts';
import { RedisTicks } from './ticks.ts';
import { atMost } from './waiting.ts';

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
  readonly #log: Logger;
  readonly #keys: Keys;
  readonly #commands: Link;
  readonly #queue: Link;
  readonly #subscriber: Subscriber;
  readonly #judged = Promise.withResolvers<void>();
  #trouble: Trouble | null = 'starting';
  #reason: Error | null = null;
  #logged: Trouble | null = null;

  constructor({ target, prefix, channels, log }: RedisBackendOptions) {
    this.address = describeRedisTarget(target);
    this.#log = log;
    const keys = new Keys(prefix, target.kind === 'single' ? target.db : 0);
    this.#keys = keys;
    const connector = new Connector(target, keys);
    const time = new RemoteTime(precisionMs);
    this.time = time;

    const onServedElsewhere = (): void => this.#moveAll();
    this.#commands = new Link({
      open: (signal) => connector.open('commands', signal),
      onUp: (client, gone) => void pulse.run(client, gone),
      onDown: (trouble, reason) => this.#judge(trouble, reason),
      onServedElsewhere,
    });
    this.#queue = new Link({ open: (signal) => connector.open('queue', signal), onServedElsewhere });
    this.#subscriber = new Subscriber({
      keys,
      channels,
      open: (signal) => connector.open('subscription', signal),
      last: (channel) => this.ticks.last(channel),
      onHearing: () => this.#report(null),
      onDeaf: (reason) => this.#report(reason),
      log,
    });
    const pulse = new Pulse({
      keys,
      link: this.#commands,
      time,
      log,
      onVerdict: (trouble, reason) => this.#judge(trouble, reason),
      onReplaced: () => this.#subscriber.missed(true),
    });
    this.ticks = new RedisTicks({
      keys,
      time,
      commands: this.#commands,
      queue: this.#queue,
      serves: () => this.#trouble === null,
      onSubscriber: (deliver) => this.#subscriber.subscribe(deliver),
      log,
    });
    this.records = new RedisRecords(this.#commands, keys, (listener) => this.#subscriber.hear(listener));
    this.limiter = new RedisLimiter(this.#commands, keys);
  }

  get trouble(): Trouble | null {
    return this.#trouble ?? (this.#subscriber.deaf ? 'redis-deaf' : null);
  }

  /** Resolves once Redis has answered or failed to, within about a second; rejects when its data is too new. */
  async start(): Promise<void> {
    this.#commands.open();
    await atMost(Promise.all([this.#judged.promise, this.#subscriber.start()]), answerWithinMs);
    if (this.#trouble === 'starting') this.#judge('redis-down', new Error('no answer'));
    if (this.#trouble === 'redis-schema') {
      await this.stop();
      throw new Failure(`${this.address}: ${this.#reason?.message}`);
    }
  }

  async stop(): Promise<void> {
    await Promise.all([this.#subscriber.stop(), this.#queue.close(), this.#commands.close()]);
  }

  async census(owner: string, sockets: number): Promise<number> {
    const sum = await this.#commands.ask((client) => censusScript.run(client, [this.#keys.census], [owner, sockets]));
    return Number(sum);
  }

  /** Whether Redis may lose what it holds, at a restart or when it is full: what to set, for a person, or null. */
  async audit(): Promise<{ persistence: string | null; eviction: string | null }> {
    const info = await this.#commands.ask((client) => client.info());
    const persists = /^aof_enabled:1\r?$/m.test(info);
    const evicts = !/^maxmemory_policy:noeviction\r?$/m.test(info);
    return {
      persistence: persists ? null : 'Redis keeps nothing over a restart: set appendonly yes',
      eviction: evicts ? 'Redis may throw accounts away: set maxmemory-policy noeviction' : null,
    };
  }

  #judge(trouble: Trouble | null, reason: Error | null): void {
    this.#trouble = trouble;
    this.#reason = reason;
    this.#judged.resolve();
    if (trouble === null) void this.#subscriber.catchUp();
    // After an outage the subscription follows at once: until it does, nothing is back.
    if (trouble !== null || this.trouble === null) this.#report(reason);
  }

  /** Logs each change, once. */
  #report(reason: Error | null): void {
    const { address, trouble } = this;
    if (trouble === this.#logged || trouble === 'starting') return;
    this.#logged = trouble;
    if (trouble === null) this.#log.info({ address }, 'redis back');
    else this.#log.warn({ address, trouble, reason: reason?.message }, 'redis lost');
  }

  #moveAll(): void {
    const moved = new Unavailable('redis-down', { cause: new Error('served by another node now') });
    this.#commands.drop(moved.trouble, moved);
    this.#queue.drop(moved.trouble, moved);
    this.#subscriber.move(moved);
  }
}
