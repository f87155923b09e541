import type { Backend } from '../backend/backend.ts';

/** Why a process should get no traffic, in one word; null while it should. */
export function unreadiness(backend: Pick<Backend, 'outage'>, stopping: AbortSignal): string | null {
  return stopping.aborted ? 'draining' : backend.outage;
}

/** What a probe is answered: alive while this runs at all, ready while nothing speaks against it. */
export function probeAnswer(path: '/health' | '/ready', unready: string | null): { status: number; body: object } {
  if (path === '/health') return { status: 200, body: { status: 'ok' } };
  return unready === null
    ? { status: 200, body: { status: 'ready' } }
    : { status: 503, body: { status: 'unready', reason: unready } };
}
