/**
 * Calls `run` at each multiple of `everyMs` of the monotonic clock, so that the intervals of a process wake it up
 * together. Returns the function that ends the interval.
 */
export function alignedInterval(run: () => void, everyMs: number): () => void {
  let timer: NodeJS.Timeout | undefined;
  let next = 0;
  const schedule = (): void => {
    const now = performance.now();
    // A timer may fire early.
    next = Math.max(next, Math.floor(now / everyMs) * everyMs) + everyMs;
    timer = setTimeout(onTimeout, Math.ceil(next - now));
  };
  const onTimeout = (): void => {
    schedule();
    run();
  };
  schedule();
  return () => clearTimeout(timer);
}
