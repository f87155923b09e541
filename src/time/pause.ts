import { Deadline } from './deadline.ts';

/** Resolves after `ms`, or as soon as `signal` aborts. Never rejects. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      deadline.clear();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const deadline = new Deadline(done);
    deadline.set(ms);
    signal?.addEventListener('abort', done);
    if (signal?.aborted) done();
  });
}
