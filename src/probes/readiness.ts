import type { Backend } from '../backend/backend.ts';

export interface ReadinessSources {
  backend: Pick<Backend, 'outage'>;
  /** Aborts when the process begins to stop. */
  stopping: AbortSignal;
  /** Whether the process is still starting, although the backend serves. */
  isStarting?: (() => boolean) | undefined;
}

/** The reason why a process should not receive traffic, in one word; null if it should. */
export function unreadyReason({ backend, stopping, isStarting }: ReadinessSources): string | null {
  if (stopping.aborted) return 'draining';
  return backend.outage ?? (isStarting?.() ? 'starting' : null);
}

/**
 * The reason why several processes that serve as one should not receive traffic, from the reasons of each; null while
 * one can serve and none drains. `isStarting`: whether they are still starting, although their backends serve.
 */
export function commonUnreadyReason(reasons: readonly (string | null)[], isStarting: boolean): string | null {
  if (reasons.includes('draining')) return 'draining';
  if (!reasons.includes(null)) return reasons[0] ?? 'starting';
  return isStarting ? 'starting' : null;
}

/** The response to a probe. A process is healthy if it can respond, and ready if `unready` is null. */
export function probeResponse(path: '/health' | '/ready', unready: string | null): { status: number; body: object } {
  if (path === '/health') return { status: 200, body: { status: 'ok' } };
  return unready === null
    ? { status: 200, body: { status: 'ready' } }
    : { status: 503, body: { status: 'unready', reason: unready } };
}
