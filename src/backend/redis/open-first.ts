import type { Connection } from './connection.ts';

/** While a connection is being opened and says nothing, another one is begun this often, ms. */
const beginEveryMs = 250;

/**
 * Opens a connection, and meanwhile further ones: the first to be ready counts. What is sent while the network is away
 * is sent again only after a second, so that a new attempt is quicker than one that has begun. Rejects with the first
 * failure, and when `signal` aborts. `open` must close what it opens when the signal that it is given aborts.
 */
export function openFirst(
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
  const begin = (): void => {
    const attempt = new AbortController();
    attempts.add(attempt);
    open(attempt.signal).then(
      (connection) => {
        // Two may be ready at once.
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
  const timer = setInterval(begin, beginEveryMs);
  signal.addEventListener('abort', stop);
  if (signal.aborted) stop();
  else begin();
  return promise;
}
