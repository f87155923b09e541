import { probeAnswer } from '../probes/readiness.ts';
import { json, type Response } from './http.ts';
import type { Routes } from './router.ts';

/** What probes ask: alive, and able to serve. */
export function probeRoutes(unready: () => string | null): Routes {
  const answer = (path: '/health' | '/ready') => (): Response => {
    const { status, body } = probeAnswer(path, unready());
    return json(body, status, status === 503 ? [['Retry-After', '1']] : []);
  };
  return { '/health': { GET: answer('/health') }, '/ready': { GET: answer('/ready') } };
}
