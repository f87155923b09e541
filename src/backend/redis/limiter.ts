import type { Redis } from 'ioredis';
import { RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { Limit, Limiter } from '../limiter.ts';
import type { Keys } from './keys.ts';
import type { ReconnectingConnection } from './reconnecting-connection.ts';

/** Counts in Redis, in one key per window that expires with it. */
export class RedisLimiter implements Limiter {
  readonly #commands: ReconnectingConnection;
  readonly #keys: Keys;
  #counters = new Map<string, RateLimiterRedis>();
  #client: Redis | null = null;

  constructor(commands: ReconnectingConnection, keys: Keys) {
    this.#commands = commands;
    this.#keys = keys;
  }

  async consume(limit: Limit, key: string): Promise<number | null> {
    const refusal = await this.#commands.run((client) =>
      this.#counter(client, limit)
        .consume(key)
        .then(() => null, refusalOrError),
    );
    return refusal === null ? null : refusal.msBeforeNext;
  }

  async check(limit: Limit, key: string): Promise<number | null> {
    const found = await this.#commands.run((client) => this.#counter(client, limit).get(key));
    if (found === null || found.consumedPoints < limit.maxAttempts || found.msBeforeNext <= 0) return null;
    return found.msBeforeNext;
  }

  async refund(limit: Limit, key: string): Promise<void> {
    await this.#commands.run(async (client) => {
      const counter = this.#counter(client, limit);
      const { consumedPoints } = await counter.reward(key);
      // The window of the attempt has ended. A negative count would allow more attempts than the limit.
      if (consumedPoints < 0) await counter.delete(key);
    });
  }

  async reset(limit: Limit, key: string): Promise<void> {
    await this.#commands.run((client) => this.#counter(client, limit).delete(key));
  }

  #counter(client: Redis, { name, maxAttempts, windowMs }: Limit): RateLimiterRedis {
    if (this.#client !== client) {
      this.#client = client;
      this.#counters = new Map();
    }
    let counter = this.#counters.get(name);
    if (counter === undefined) {
      counter = new RateLimiterRedis({
        storeClient: client,
        keyPrefix: this.#keys.limit(name),
        points: maxAttempts,
        duration: Math.ceil(windowMs / 1_000),
      });
      this.#counters.set(name, counter);
    }
    return counter;
  }
}

function refusalOrError(reason: unknown): RateLimiterRes {
  if (reason instanceof RateLimiterRes) return reason;
  throw reason;
}
