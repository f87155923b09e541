import type { Backend } from '../backend/backend.ts';

/** The reason why a process should not receive traffic, in one word; null if it should. */
export function unreadiness(backend: Pick<Backend, 'outage'>, stopping: AbortSignal): string | null {
  return stopping.aborted ? 'draining' : backend.outage;
}

/** The response to a probe. A process is healthy if it can respond, and ready if `unready` is null. */
export function probeAnswer(path: '/health' | '/ready', unready: string | null): { status: number; body: object } {
  if (path === '/health') return { status: 200, body: { status: 'ok' } };
  return unready === null
    ? { status: 200, body: { status: 'ready' } }
    : { status: 503, body: { status: 'unready', reason: unready } };
}
