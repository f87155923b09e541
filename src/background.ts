/**
 * Runs work that nothing awaits. If the promise rejects, the error is thrown outside of it: the process logs it as
 * uncaught, drains and exits with 1 (see `Shutdown`). Errors that are expected are handled in `work`.
 */
export function runInBackground(work: Promise<unknown>): void {
  work.catch((error: unknown) => {
    queueMicrotask(() => {
      throw error;
    });
  });
}
