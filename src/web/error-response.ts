import type { AssetUrls } from './assets.ts';
import type { HttpError } from './http-error.ts';
import { page, reasonPhrases, type Response } from './http.ts';
import type { Link } from './sign-in-redirect.ts';
import { errorPage } from './pages/error-page.ts';

/** The prefix of the `type` of each kind of error (RFC 9457, section 3.1.1), which is a name, not an address. */
const problemTypes = 'urn:problem-type:clock:';

/** A page without a script cannot retry by itself: a screen would show the error until somebody reloads it. */
const refresh = ['Refresh', '5'] as const;

/** The responses for errors: problem details (RFC 9457) under `/api/`, a page elsewhere. */
export class ErrorResponses {
  readonly #assets: AssetUrls;
  /** The pages of errors that are thrown again, as `signedOut` is for each handshake without a session. */
  readonly #pages = new WeakMap<HttpError, Response>();

  constructor(assets: AssetUrls) {
    this.#assets = assets;
  }

  /** `links`: what the visitor may do, on a page. */
  responseTo(error: HttpError, path: string, links: readonly Link[] = []): Response {
    if (path.startsWith('/api/')) return problemDetails(error);
    const known = links.length === 0 ? this.#pages.get(error) : undefined;
    if (known !== undefined) return known;
    const response = this.#page(error, links);
    if (links.length === 0) this.#pages.set(error, response);
    return response;
  }

  #page({ status, message, headers }: HttpError, links: readonly Link[]): Response {
    const assets = this.#assets;
    const all = status === 503 ? [...headers, refresh] : headers;
    return page(errorPage({ assets, status, title: titleOf(status), message, links }), status, all);
  }
}

function problemDetails({ kind, status, message, headers }: HttpError): Response {
  return {
    status,
    headers: [['Content-Type', 'application/problem+json'], ['Cache-Control', 'no-store'], ...headers],
    body: JSON.stringify({ type: problemTypes + kind, title: titleOf(status), status, detail: message }),
  };
}

function titleOf(status: number): string {
  return reasonPhrases[status] ?? 'Error';
}
