import { SharedTimer } from './shared-timer.ts';

/** Resolves after `ms`, or as soon as `signal` aborts. Never rejects. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      timer.clear();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = new SharedTimer(done);
    timer.set(ms);
    signal?.addEventListener('abort', done);
    if (signal?.aborted) done();
  });
}
