import { describe, expect, test } from 'vitest';
import { Attempts, type Attempt } from '../../src/auth/attempts.ts';
import type { Limit, Limiter } from '../../src/backend/limiter.ts';

/** A limiter whose windows end when a test calls `end`. */
class FakeLimiter implements Limiter {
  readonly #tries = new Map<string, number>();

  async consume(limit: Limit, key: string): Promise<number | null> {
    const tries = this.#count(limit, key) + 1;
    this.#tries.set(`${limit.name} ${key}`, tries);
    return tries > limit.maxAttempts ? limit.windowMs : null;
  }

  async check(limit: Limit, key: string): Promise<number | null> {
    return this.#count(limit, key) >= limit.maxAttempts ? limit.windowMs : null;
  }

  async refund(limit: Limit, key: string): Promise<void> {
    this.#tries.set(`${limit.name} ${key}`, this.#count(limit, key) - 1);
  }

  async reset(limit: Limit, key: string): Promise<void> {
    this.#tries.delete(`${limit.name} ${key}`);
  }

  /** Ends all windows of this length, ms. */
  end(windowMs: number): void {
    for (const key of this.#tries.keys()) {
      if ((key.startsWith('address ') ? 60_000 : 900_000) === windowMs) this.#tries.delete(key);
    }
  }

  #count({ name }: Limit, key: string): number {
    return this.#tries.get(`${name} ${key}`) ?? 0;
  }
}

const minuteMs = 60_000;

function guarded() {
  const limiter = new FakeLimiter();
  const attempts = new Attempts(limiter);
  return { limiter, attempts, fail: (name: string, network: string) => attempts.begin(name, network) };
}

async function begun(attempt: Promise<Attempt | number>): Promise<Attempt> {
  const result = await attempt;
  if (typeof result === 'number') throw new Error(`refused for ${result} ms`);
  return result;
}

describe('Attempts', () => {
  test('allows ten failures in 15 minutes per account and address', async () => {
    const { fail } = guarded();
    for (let tries = 0; tries < 10; tries += 1) await begun(fail('ana', '192.0.2.1'));
    expect(await fail('ana', '192.0.2.1')).toBe(15 * minuteMs);
    await begun(fail('ana', '192.0.2.2'));
    await begun(fail('bob', '192.0.2.1'));
  });

  test('counts the names of an account together, however they are written', async () => {
    const { fail } = guarded();
    for (let tries = 0; tries < 10; tries += 1) await begun(fail(tries % 2 === 0 ? 'ANA' : 'ana', '192.0.2.1'));
    expect(await fail('Ana', '192.0.2.1')).toBe(15 * minuteMs);
    expect(await fail(`${' '.repeat(100)}\uff21na`, '192.0.2.1')).toBe(15 * minuteMs);
  });

  test('allows thirty failures a minute per address, whatever the names', async () => {
    const { fail, limiter } = guarded();
    for (let tries = 0; tries < 30; tries += 1) await begun(fail(`name${tries}`, '192.0.2.1'));
    expect(await fail('another', '192.0.2.1')).toBe(minuteMs);
    await begun(fail('another', '192.0.2.2'));
    limiter.end(minuteMs);
    await begun(fail('another', '192.0.2.1'));
  });

  test('allows a hundred failures in 15 minutes per account, from all addresses', async () => {
    const { fail } = guarded();
    for (let tries = 0; tries < 100; tries += 1) await begun(fail('ana', `192.0.2.${tries}`));
    expect(await fail('ana', '198.51.100.1')).toBe(15 * minuteMs);
    await begun(fail('bob', '198.51.100.1'));
  });

  test('counts an attempt above one limit against no other limit', async () => {
    const { fail, limiter } = guarded();
    for (let tries = 0; tries < 10; tries += 1) await begun(fail('ana', '192.0.2.1'));
    for (let tries = 0; tries < 200; tries += 1) expect(await fail('ana', '192.0.2.1')).toBe(15 * minuteMs);
    limiter.end(minuteMs);
    for (let tries = 0; tries < 20; tries += 1) await begun(fail(`name${tries}`, '192.0.2.1'));
    await begun(fail('ana', '192.0.2.2'));
  });

  test('allows no more concurrent attempts than successive ones, and does not count the rest against the account', async () => {
    const { fail } = guarded();
    const results = await Promise.all(Array.from({ length: 200 }, () => fail('ana', '192.0.2.1')));
    expect(results.filter((result) => typeof result !== 'number').length).toBeLessThanOrEqual(10);
    for (let tries = 0; tries < 80; tries += 1) await begun(fail('ana', `198.51.100.${tries}`));
  });

  test('counts over-long names by their first 64 characters', async () => {
    const { fail } = guarded();
    for (let tries = 0; tries < 10; tries += 1) await begun(fail('a'.repeat(64 + tries), '192.0.2.1'));
    expect(await fail('a'.repeat(5_000), '192.0.2.1')).toBe(15 * minuteMs);
  });

  test('forgets the failures of an account and address after a success', async () => {
    const { fail } = guarded();
    for (let tries = 0; tries < 9; tries += 1) await begun(fail('ana', '192.0.2.1'));
    await (await begun(fail('ana', '192.0.2.1'))).succeed();
    for (let tries = 0; tries < 10; tries += 1) await begun(fail('ana', '192.0.2.1'));
    expect(await fail('ana', '192.0.2.1')).toBe(15 * minuteMs);
  });

  test('does not count a success, so that an office can share an address', async () => {
    const { attempts } = guarded();
    for (let people = 0; people < 200; people += 1) {
      await (await begun(attempts.begin(`name${people}`, '192.0.2.1'))).succeed();
    }
    for (let times = 0; times < 200; times += 1) await (await begun(attempts.begin('ana', '192.0.2.1'))).succeed();
    expect(await attempts.begin('ana', '192.0.2.1')).not.toBeTypeOf('number');
  });

  test('does not count an attempt that was withdrawn', async () => {
    const { fail } = guarded();
    for (let times = 0; times < 200; times += 1) await (await begun(fail('ana', '192.0.2.1'))).withdraw();
    for (let tries = 0; tries < 10; tries += 1) await begun(fail('ana', '192.0.2.1'));
    expect(await fail('ana', '192.0.2.1')).toBe(15 * minuteMs);
  });
});
