import { probeResponse } from '../probes/readiness.ts';
import { json, type Response } from './http.ts';
import type { Routes } from './router.ts';
import type { WebContext } from './web-context.ts';

/** Liveness and readiness. */
export function probeRoutes({ unready }: WebContext): Routes {
  const answer = (path: '/health' | '/ready') => (): Response => {
    const { status, body } = probeResponse(path, unready());
    return json(body, status, status === 503 ? [['Retry-After', '1']] : []);
  };
  return { '/health': { GET: answer('/health') }, '/ready': { GET: answer('/ready') } };
}
