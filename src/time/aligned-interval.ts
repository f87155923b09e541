import { Deadline } from './deadline.ts';

/**
 * Calls `run` at each multiple of `everyMs` of the time since the epoch, as the clock of this host had it at the start of
 * the process, so that the intervals of a process wake it up together, and with the ticks. Returns the function that ends
 * the interval.
 */
export function alignedInterval(run: () => void, everyMs: number): () => void {
  let next = 0;
  const schedule = (): void => {
    const now = performance.timeOrigin + performance.now();
    // A deadline may be early.
    next = Math.max(next, Math.floor(now / everyMs) * everyMs) + everyMs;
    deadline.set(next - now);
  };
  const deadline = new Deadline(() => {
    schedule();
    run();
  });
  schedule();
  return () => deadline.clear();
}
