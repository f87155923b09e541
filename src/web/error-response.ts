import type { AssetUrls } from './assets.ts';
import type { HttpError } from './http-error.ts';
import { page, reasonPhrases, type Response } from './http.ts';
import type { Link } from './sign-in-redirect.ts';
import { errorPage } from './pages/error-page.ts';

/** The prefix of the `type` of each kind of error (RFC 9457, section 3.1.1), which is a name, not an address. */
const problemTypes = 'urn:problem-type:clock:';

/** A page without a script cannot retry by itself: a screen would show the error until somebody reloads it. */
const refresh = ['Refresh', '5'] as const;

/** The response for an error: problem details (RFC 9457) under `/api/`, a page with `links` elsewhere. */
export function errorResponse(
  error: HttpError,
  path: string,
  assets: AssetUrls,
  links: readonly Link[] = [],
): Response {
  const { kind, status, message, headers } = error;
  const title = reasonPhrases[status] ?? 'Error';
  if (!path.startsWith('/api/')) {
    const all = status === 503 ? [...headers, refresh] : headers;
    return page(errorPage({ assets, status, title, message, links }), status, all);
  }
  return {
    status,
    headers: [['Content-Type', 'application/problem+json'], ['Cache-Control', 'no-store'], ...headers],
    body: JSON.stringify({ type: problemTypes + kind, title, status, detail: message }),
  };
}
