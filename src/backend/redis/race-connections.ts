import type { Connection } from './connection.ts';

/** The delay between the starts of two attempts, ms. */
const attemptEveryMs = 250;

/**
 * Starts further attempts while one is pending, and resolves to the first connection that is ready: TCP resends a lost
 * packet only after a second, so a new attempt can be faster. Rejects with the first failure, or once `signal` is
 * aborted. `open` must close its connection when its signal is aborted.
 */
export function raceConnections(
  open: (signal: AbortSignal) => Promise<Connection>,
  signal: AbortSignal,
): Promise<Connection> {
  const { promise, resolve, reject } = Promise.withResolvers<Connection>();
  const attempts = new Set<AbortController>();
  const finish = (winner?: AbortController): void => {
    clearInterval(timer);
    signal.removeEventListener('abort', stop);
    for (const attempt of attempts) if (attempt !== winner) attempt.abort();
    attempts.clear();
  };
  const stop = (): void => {
    finish();
    reject(new Error('stopping'));
  };
  const startAttempt = (): void => {
    const attempt = new AbortController();
    attempts.add(attempt);
    open(attempt.signal).then(
      (connection) => {
        // A second attempt may have become ready in the same turn of the event loop.
        if (!attempts.has(attempt)) return connection.close();
        finish(attempt);
        resolve(connection);
      },
      (error: unknown) => {
        if (!attempts.has(attempt)) return;
        finish();
        reject(error);
      },
    );
  };
  const timer = setInterval(startAttempt, attemptEveryMs);
  signal.addEventListener('abort', stop);
  if (signal.aborted) stop();
  else startAttempt();
  return promise;
}
