import { runInBackground } from '../background.ts';
import type { Logger } from '../logger.ts';
import { pause } from '../time/pause.ts';
import type { AssetUrls } from './assets.ts';
import { acceptedEncoding, compress } from './content-encoding.ts';
import { contentSecurityPolicy, loadsNothing } from './content-policy.ts';
import { ErrorResponses } from './error-response.ts';
import { isHost, peerOf, readHead, RefusedRequest } from './guard.ts';
import { asHttpError, HttpError } from './http-error.ts';
import { corsHeaders, isPageOrigin } from './cross-origin.ts';
import { reasonPhrases, type Request, type RequestHead, type Response } from './http.ts';
import type { Proxies } from './proxies.ts';
import { findHandler, type Route, type Routes } from './router.ts';
import type { SignInRedirect } from './sign-in-redirect.ts';
import type { HttpRequest, HttpResponse } from './uws.ts';

const bodyTimeoutMs = 15_000;
/** How long a request in progress, such as a password check, may still take when the server stops. */
const finishTimeoutMs = 2_000;
const commonHeaders: readonly (readonly [string, string])[] = [
  ['X-Content-Type-Options', 'nosniff'],
  ['Referrer-Policy', 'same-origin'],
];
const noBytes = Buffer.alloc(0);
const tlsHeader = ['Strict-Transport-Security', 'max-age=31536000'] as const;

export interface ServerOptions {
  routes: Routes;
  proxies: Proxies;
  assets: AssetUrls;
  signInRedirect: Pick<SignInRedirect, 'links'>;
  log: Logger;
}

/** A request that is not yet answered. Plain fields: an AbortSignal would be a tenth of the cost of a handshake. */
export interface Exchange {
  readonly res: HttpResponse;
  readonly head: RequestHead;
  /** The client has gone, and `res` must not be used any more. */
  aborted: boolean;
  onAborted: (() => void) | null;
}

/** Answers HTTP requests: copies and checks each, calls the handler of its route and sends the complete response. */
export class Server {
  readonly #options: ServerOptions;
  readonly #routes: ReadonlyMap<string, Route>;
  readonly #errors: ErrorResponses;
  readonly #exchanges = new Set<Exchange>();

  constructor(options: ServerOptions) {
    this.#options = options;
    this.#routes = new Map(Object.entries(options.routes));
    this.#errors = new ErrorResponses(options.assets);
  }

  /** Handles a request that is not a handshake. */
  handle(res: HttpResponse, req: HttpRequest): void {
    const head = this.read(res, req);
    if (head === null) return;
    const exchange = this.begin(res, head);
    runInBackground(this.respond(exchange, this.#answer(exchange)));
  }

  /** The head of a request that passes the guard. Refuses any other request and returns null. */
  read(res: HttpResponse, req: HttpRequest): RequestHead | null {
    try {
      return readHead(req, res, this.#options.proxies);
    } catch (error) {
      if (!(error instanceof RefusedRequest)) throw error;
      this.#refuseAndClose(this.begin(res, error.head), error);
      return null;
    }
  }

  /** Begins an exchange, which is answered after the turn of its request. */
  begin(res: HttpResponse, head: RequestHead): Exchange {
    const exchange: Exchange = { res, head, aborted: false, onAborted: null };
    this.#exchanges.add(exchange);
    res.onAborted(() => {
      exchange.aborted = true;
      this.end(exchange);
      exchange.onAborted?.();
    });
    return exchange;
  }

  /** Removes an exchange that needs no response: it was aborted, or it became a WebSocket. */
  end(exchange: Exchange): void {
    this.#exchanges.delete(exchange);
  }

  /** The IP address of the client, as trusted proxies report it. Not to be called after the client has gone. */
  addressOf({ res, head }: Pick<Exchange, 'res' | 'head'>): string {
    return this.#options.proxies.clientOf(peerOf(res), head.headers).address;
  }

  /** Sends the response that `answer` resolves to. If it rejects, sends the page or problem details of the error. */
  async respond(exchange: Exchange, answer: Promise<Response>): Promise<void> {
    const { res, head } = exchange;
    const response = await answer.catch((error: unknown) => this.#errorResponse(error, head));
    this.end(exchange);
    if (!exchange.aborted) res.cork(() => this.#send(exchange, response, false));
  }

  /** Sends the page or problem details of an error, in the turn of the request. */
  refuse(res: HttpResponse, head: RequestHead, error: unknown): void {
    this.#send({ res, head }, this.#errorResponse(error, head), false);
  }

  /** Resolves when all requests are answered, or after two seconds. */
  async finish(): Promise<void> {
    const deadline = performance.now() + finishTimeoutMs;
    while (this.#exchanges.size > 0 && performance.now() < deadline) await pause(10);
  }

  /**
   * Answers and closes the connection, but not in the request's own turn of the event loop: uWebSockets.js is still
   * parsing then, ignores the close, and serves what follows in the same packet. By a later turn it has already cut a
   * connection on which anything follows.
   */
  #refuseAndClose(exchange: Exchange, error: RefusedRequest): void {
    setImmediate(() => {
      this.end(exchange);
      if (exchange.aborted) return;
      const response = this.#errors.responseTo(error, error.head.path);
      exchange.res.cork(() => this.#send(exchange, response, true));
    });
  }

  async #answer(exchange: Exchange): Promise<Response> {
    const { head } = exchange;
    const address = this.addressOf(exchange);
    const route = this.#routes.get(head.path);
    if (head.method === 'OPTIONS' && isPageOrigin(head, route)) return { status: 204 };
    const handler = findHandler(route, head.method);
    const bytes = head.method === 'POST' ? await readBody(exchange) : noBytes;
    return handler({ ...head, address, body: bytes.toString('utf8'), bytes } satisfies Request);
  }

  #errorResponse(error: unknown, head: RequestHead): Response {
    const { log, signInRedirect } = this.#options;
    const { method, path } = head;
    const expected = asHttpError(error);
    if (expected === null) log.error({ err: error, method, path }, 'request failed');
    const links = expected?.kind === 'sign-in-refused' ? signInRedirect.links(head) : [];
    return this.#errors.responseTo(expected ?? new HttpError('internal-error', 'Something went wrong.'), path, links);
  }

  #send({ res, head }: Pick<Exchange, 'res' | 'head'>, response: Response, close: boolean): void {
    const { status, headers = [] } = response;
    // No browser shows the body of a refused handshake, and its compression would take most of the time.
    const isCompressible = response.isCompressible === true && !head.headers.has('sec-websocket-key');
    const encoding = isCompressible ? acceptedEncoding(head.headers.get('accept-encoding')) : null;
    const body = encoding === null ? (response.body ?? '') : compress(response.body ?? '', encoding);
    res.writeStatus(`${status} ${reasonPhrases[status] ?? ''}`);
    res.writeHeader('Content-Security-Policy', this.#policyOf(head, status));
    for (const [name, value] of commonHeaders) res.writeHeader(name, value);
    if (head.secure) res.writeHeader(...tlsHeader);
    for (const [name, value] of headers) res.writeHeader(name, value);
    for (const [name, value] of corsHeaders(head, this.#routes.get(head.path))) res.writeHeader(name, value);
    if (isCompressible) res.writeHeader('Vary', 'Accept-Encoding');
    if (encoding !== null) res.writeHeader('Content-Encoding', encoding);
    const hasBody = status !== 204 && status !== 304;
    if (head.method !== 'HEAD' && hasBody) {
      res.end(body, close);
    } else if (close) {
      res.endWithoutBody(0, true);
    } else {
      // Not `endWithoutBody(length)`: uWebSockets.js waits for that many bytes and never reads the connection again.
      if (hasBody) res.writeHeader('Content-Length', String(Buffer.byteLength(body)));
      res.endWithoutBody();
    }
  }

  #policyOf({ path, headers }: RequestHead, status: number): string {
    // The other policy would add 0.7 kB to a first visit, for responses that load nothing.
    if (path.startsWith('/api/') || (path.startsWith('/static/') && status < 400)) return loadsNothing;
    const host = headers.get('host');
    const { frameAncestors = [] } = this.#routes.get(path) ?? {};
    return contentSecurityPolicy(isHost(host) ? { host, frameAncestors } : { frameAncestors });
  }
}

/** The whole body. Cuts the connection if the body is not complete within 15 s. */
function readBody(exchange: Exchange): Promise<Buffer> {
  const { res, head } = exchange;
  if (!head.headers.has('content-length')) return Promise.resolve(noBytes);
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const timeout = setTimeout(() => res.close(), bodyTimeoutMs);
    exchange.onAborted = () => clearTimeout(timeout);
    res.onData((chunk, isLast) => {
      // Copied: uWebSockets.js reuses the memory of the chunk.
      chunks.push(Buffer.from(Buffer.from(chunk)));
      if (!isLast) return;
      clearTimeout(timeout);
      resolve(Buffer.concat(chunks));
    });
  });
}
