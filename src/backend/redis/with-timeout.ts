import { pause } from '../../time/pause.ts';

/** Resolves with `promise`, or after `ms`. */
export async function withTimeout(promise: Promise<unknown>, ms: number): Promise<void> {
  const done = new AbortController();
  try {
    await Promise.race([promise, pause(ms, done.signal)]);
  } finally {
    done.abort();
  }
}
