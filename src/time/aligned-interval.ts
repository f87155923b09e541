import { SharedTimer } from './shared-timer.ts';

/**
 * Calls `run` at each multiple of `everyMs` of the time since the epoch, as the clock of this host had it at the start of
 * the process, so that the intervals of a process wake it up together, and with the ticks. Returns the function that ends
 * the interval.
 */
export function alignedInterval(run: () => void, everyMs: number): () => void {
  let next = 0;
  const schedule = (): void => {
    const now = performance.timeOrigin + performance.now();
    // A timer may fire early.
    next = Math.max(next, Math.floor(now / everyMs) * everyMs) + everyMs;
    timer.set(next - now);
  };
  const timer = new SharedTimer(() => {
    schedule();
    run();
  });
  schedule();
  return () => timer.clear();
}
