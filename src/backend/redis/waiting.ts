import { setTimeout as sleep } from 'node:timers/promises';

/** Resolves after `ms`, or at once when aborted. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {});
}

/** Resolves with `promise`, after `ms` at the latest. */
export async function atMost(promise: Promise<unknown>, ms: number): Promise<void> {
  const done = new AbortController();
  await Promise.race([promise, pause(ms, done.signal)]);
  done.abort();
}
