import { setTimeout as sleep } from 'node:timers/promises';

/** Waits for a fact: asks until the answer is truthy, and returns it. The error after `limitMs` names what was awaited. */
export async function until<T>(
  fact: () => T | Promise<T>,
  what: string,
  limitMs = 5_000,
  everyMs = 10,
): Promise<NonNullable<T>> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const answer = await fact();
    if (answer) return answer;
    if (performance.now() > deadline) throw new Error(`not within ${limitMs} ms: ${what}`);
    await sleep(everyMs);
  }
}

/** How long `fact` takes to become true, ms. */
export async function msUntil(fact: () => unknown, what: string, limitMs = 5_000): Promise<number> {
  const begin = performance.now();
  await until(fact, what, limitMs);
  return performance.now() - begin;
}

/** Lets time pass. Only for what time itself does: a lease that ends, a lifetime that is over. */
export async function passes(ms: number): Promise<void> {
  await sleep(ms);
}
