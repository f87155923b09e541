/**
 * Runs with a signal that aborts as soon as `stopping` does, or after `ms` with a `TimeoutError`. Nothing of it remains
 * on `stopping`, which lives as long as the process: `AbortSignal.any` leaves some 180 bytes there at each call.
 */
export async function withDeadline<Result>(
  stopping: AbortSignal,
  ms: number,
  run: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const ending = new AbortController();
  const onStop = (): void => ending.abort(stopping.reason);
  const timer = setTimeout(() => ending.abort(new DOMException(`not done within ${ms} ms`, 'TimeoutError')), ms);
  stopping.addEventListener('abort', onStop);
  if (stopping.aborted) onStop();
  try {
    return await run(ending.signal);
  } finally {
    clearTimeout(timer);
    stopping.removeEventListener('abort', onStop);
  }
}
