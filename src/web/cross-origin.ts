import type { RequestHead } from './http.ts';
import type { Route } from './router.ts';

/** Whether a page of an origin that may request this route sent the request. */
export function isPageOrigin({ headers }: RequestHead, { pageOrigins = [] }: Route = {}): boolean {
  return pageOrigins.includes(headers.get('origin') ?? '');
}

/** The CORS headers of a response, including those of errors, which the page must be able to read. Never credentials. */
export function corsHeaders(head: RequestHead, route: Route | undefined): readonly (readonly [string, string])[] {
  if (!isPageOrigin(head, route)) return [];
  return [
    ['Access-Control-Allow-Origin', head.headers.get('origin') ?? ''],
    ['Vary', 'Origin'],
    ['Access-Control-Allow-Headers', 'authorization, content-type'],
    ['Access-Control-Expose-Headers', 'Retry-After'],
  ];
}
