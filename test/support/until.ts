import { setTimeout as sleep } from 'node:timers/promises';
import { stopwatch } from './stopwatch.ts';

/** A test that fails waits this long; one that passes on a busy machine must not. */
const defaultLimitMs = 20_000;

/**
 * Polls `condition` until it returns a truthy value, and returns that. After `limitMs` throws an error that says
 * `what`.
 */
export async function until<T>(
  condition: () => T | Promise<T>,
  what: string,
  limitMs = defaultLimitMs,
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

/** Measures with a stopwatch how long `condition` takes to become truthy, in ms. */
export async function msUntil(condition: () => unknown, what: string): Promise<number> {
  const elapsedMs = stopwatch();
  await until(condition, what);
  return elapsedMs();
}

/** Waits for `ms`. Only for effects of time itself, such as the end of a lease; for all others use `until`. */
export async function passes(ms: number): Promise<void> {
  await sleep(ms);
}
