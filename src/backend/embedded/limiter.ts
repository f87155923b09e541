import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import type { Limit, Limiter } from '../limiter.ts';

/** Counts in the memory of this process. */
export class EmbeddedLimiter implements Limiter {
  readonly #counters = new Map<string, RateLimiterMemory>();

  async consume(limit: Limit, key: string): Promise<number | null> {
    try {
      await this.#counter(limit).consume(key);
      return null;
    } catch (refusal) {
      if (!(refusal instanceof RateLimiterRes)) throw refusal;
      return refusal.msBeforeNext;
    }
  }

  async check(limit: Limit, key: string): Promise<number | null> {
    const found = await this.#counter(limit).get(key);
    if (found === null || found.consumedPoints < limit.maxAttempts || found.msBeforeNext <= 0) return null;
    return found.msBeforeNext;
  }

  async refund(limit: Limit, key: string): Promise<void> {
    const counter = this.#counter(limit);
    if ((await counter.get(key)) !== null) await counter.reward(key);
  }

  async reset(limit: Limit, key: string): Promise<void> {
    await this.#counter(limit).delete(key);
  }

  #counter({ name, maxAttempts, windowMs }: Limit): RateLimiterMemory {
    let counter = this.#counters.get(name);
    if (counter === undefined) {
      counter = new RateLimiterMemory({ points: maxAttempts, duration: Math.ceil(windowMs / 1_000) });
      this.#counters.set(name, counter);
    }
    return counter;
  }
}
