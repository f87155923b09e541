import type { Redis } from 'ioredis';
import { RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { Limit, Limiter } from '../backend.ts';
import type { Keys } from './keys.ts';
import type { ReconnectingConnection } from './reconnecting-connection.ts';

/** Counts in Redis: one key a window, which dies with it. Windows last whole seconds. */
export class RedisLimiter implements Limiter {
  readonly #link: ReconnectingConnection;
  readonly #keys: Keys;
  #counters = new Map<string, RateLimiterRedis>();
  #client: Redis | null = null;

  constructor(link: ReconnectingConnection, keys: Keys) {
    this.#link = link;
    this.#keys = keys;
  }

  async consume(limit: Limit, key: string): Promise<number | null> {
    const refusal = await this.#link.run((client) =>
      this.#counter(client, limit)
        .consume(key)
        .then(() => null, refusalOrError),
    );
    return refusal === null ? null : refusal.msBeforeNext;
  }

  async check(limit: Limit, key: string): Promise<number | null> {
    const found = await this.#link.run((client) => this.#counter(client, limit).get(key));
    if (found === null || found.consumedPoints < limit.maxAttempts || found.msBeforeNext <= 0) return null;
    return found.msBeforeNext;
  }

  async refund(limit: Limit, key: string): Promise<void> {
    await this.#link.run(async (client) => {
      const counter = this.#counter(client, limit);
      const { consumedPoints } = await counter.reward(key);
      // Its window ended meanwhile: there is nothing to give back, and no try to be had beyond the limit.
      if (consumedPoints < 0) await counter.delete(key);
    });
  }

  async reset(limit: Limit, key: string): Promise<void> {
    await this.#link.run((client) => this.#counter(client, limit).delete(key));
  }

  #counter(client: Redis, { name, maxAttempts: tries, windowMs }: Limit): RateLimiterRedis {
    if (this.#client !== client) {
      this.#client = client;
      this.#counters = new Map();
    }
    let counter = this.#counters.get(name);
    if (counter === undefined) {
      counter = new RateLimiterRedis({
        storeClient: client,
        keyPrefix: this.#keys.limit(name),
        points: tries,
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
