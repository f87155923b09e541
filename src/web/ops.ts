import type { Backend } from '../backend/backend.ts';
import { json } from './http.ts';
import type { Routes } from './router.ts';

/** Why a process should get no traffic, in one word; null while it should. */
export function unreadiness(backend: Pick<Backend, 'trouble'>, stopping: AbortSignal): string | null {
  return stopping.aborted ? 'draining' : backend.trouble;
}

/** What probes ask: alive, and able to serve. */
export function probeRoutes(unready: () => string | null): Routes {
  return {
    '/health': { GET: () => json({ status: 'ok' }) },
    '/ready': {
      GET: () => {
        const reason = unready();
        return reason === null
          ? json({ status: 'ready' })
          : json({ status: 'unready', reason }, 503, [['Retry-After', '1']]);
      },
    },
  };
}
