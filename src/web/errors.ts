import { TooBusy } from '../auth/passwords.ts';
import { Unavailable } from '../backend/backend.ts';
import type { AssetUrls } from './assets.ts';
import { HttpError, reasonPhrases, unavailable, type Response } from './http.ts';
import { errorPage } from './pages/error-page.ts';

/** What went wrong as an `HttpError`; null for what nobody foresaw. */
export function asHttpError(error: unknown): HttpError | null {
  if (error instanceof HttpError) return error;
  if (error instanceof Unavailable)
    return unavailable('The clock cannot reach its data at the moment. Try again soon.');
  if (error instanceof TooBusy) return unavailable('Too many people are signing in at the moment. Try again soon.', 2);
  return null;
}

/** The answer to a request that failed: problem details (RFC 9457) under `/api/`, a page elsewhere. */
export function errorResponse(error: HttpError, path: string, assets: AssetUrls): Response {
  const { status, message, headers, close } = error;
  const title = reasonPhrases[status] ?? 'Error';
  const isApi = path.startsWith('/api/');
  const type = isApi ? 'application/problem+json' : 'text/html; charset=utf-8';
  const body = isApi
    ? JSON.stringify({ type: 'about:blank', title, status, detail: message })
    : errorPage({ assets, status, title, message }).toString();
  return { status, headers: [['Content-Type', type], ['Cache-Control', 'no-store'], ...headers], body, close };
}
