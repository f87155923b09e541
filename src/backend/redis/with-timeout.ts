import { pause } from '../../time/pause.ts';

/** Resolves with `promise`, after `ms` at the latest. */
export async function withTimeout(promise: Promise<unknown>, ms: number): Promise<void> {
  const done = new AbortController();
  await Promise.race([promise, pause(ms, done.signal)]);
  done.abort();
}
