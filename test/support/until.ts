import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Polls `condition` until it returns a truthy value, and returns that. After `limitMs` throws an error that says
 * `what`.
 */
export async function until<T>(
  condition: () => T | Promise<T>,
  what: string,
  limitMs = 5_000,
  everyMs = 10,
): Promise<NonNullable<T>> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (performance.now() > deadline) throw new Error(`not within ${limitMs} ms: ${what}`);
    await sleep(everyMs);
  }
}

/** Measures how long `condition` takes to become truthy, in ms. */
export async function msUntil(condition: () => unknown, what: string, limitMs = 5_000): Promise<number> {
  const startedAt = performance.now();
  await until(condition, what, limitMs);
  return performance.now() - startedAt;
}

/** Waits for `ms`. Only for effects of time itself, such as the end of a lease; for all others use `until`. */
export async function passes(ms: number): Promise<void> {
  await sleep(ms);
}
