import { UserError, type Service } from '../lifecycle.ts';
import type { Logger } from '../logger.ts';
import type { AssetUrls } from './assets.ts';
import { pause } from '../time/pause.ts';
import { embedPath } from './embed-routes.ts';
import { asHttpError, errorResponse } from './errors.ts';
import { bodyBytesAtMost, peerOf, readHead, RefusedRequest } from './guard.ts';
import { HttpError, reasonPhrases, type RequestHead, type Request, type Response } from './http.ts';
import type { Proxies } from './proxies.ts';
import { findHandler, type Route, type Routes } from './router.ts';
import {
  listenExclusively,
  type HttpRequest,
  type HttpResponse,
  type ListenSocket,
  type TemplatedApp,
  type Uws,
} from './uws.ts';

const requestWithinMs = 15_000;
/** What is being answered when the server stops may take this long: a password's check, a second of a silent Redis. */
const finishWithinMs = 2_000;
const forbidden = "default-src 'none'; base-uri 'none'";
const fromUs = ['script', 'style', 'img', 'font', 'connect', 'manifest', 'worker'].map((kind) => `${kind}-src 'self'`);
const unframed = contentPolicy([]);
const everyAnswerHas: readonly (readonly [string, string])[] = [
  ['X-Content-Type-Options', 'nosniff'],
  ['Referrer-Policy', 'same-origin'],
];
const overTlsHas = ['Strict-Transport-Security', 'max-age=31536000'] as const;

export interface ServerOptions {
  app: TemplatedApp;
  uws: Uws;
  host: string;
  port: number;
  /** Named in the refusal of a port that is taken. */
  portOption: string;
  routes: Routes;
  proxies: Proxies;
  assets: AssetUrls;
  /** The origins whose pages may hold `/embed` in a frame. */
  frameAncestors: readonly string[];
  log: Logger;
}

/** A request and the way to answer it. Plain fields: an AbortSignal a handshake was a tenth of its cost. */
export interface Exchange {
  readonly res: HttpResponse;
  readonly head: RequestHead;
  /** Nothing may be answered any more: `res` is dead. */
  aborted: boolean;
  onAborted: (() => void) | null;
}

/** Serves HTTP: copies and checks each request, finds its handler and sends the whole answer. */
export class Server implements Service {
  readonly name = 'server';
  readonly #options: ServerOptions;
  readonly #routes: ReadonlyMap<string, Route>;
  readonly #exchanges = new Set<Exchange>();
  #listening: ListenSocket | undefined;

  constructor(options: ServerOptions) {
    this.#options = options;
    this.#routes = new Map(Object.entries(options.routes));
    options.app.any('/*', (res, req) => this.#serve(res, req));
  }

  /** The port it listens on; 0 before it does. */
  get port(): number {
    return this.#listening === undefined ? 0 : this.#options.uws.us_socket_local_port(this.#listening);
  }

  async start(): Promise<void> {
    const { app, host, port, portOption } = this.#options;
    const listening = await listenExclusively(app, host, port);
    if (listening === false) {
      throw new UserError(
        `${portOption}: cannot listen on ${host}:${port}: the port is in use, or --host is no address of this host`,
      );
    }
    this.#listening = listening;
  }

  /** Takes no new connections; those there are go on. */
  stopListening(): void {
    if (this.#listening !== undefined) this.#options.uws.us_listen_socket_close(this.#listening);
    this.#listening = undefined;
  }

  /** Resolves when every request that has come is answered, or after a while. */
  async finish(): Promise<void> {
    const deadline = performance.now() + finishWithinMs;
    while (this.#exchanges.size > 0 && performance.now() < deadline) await pause(10);
  }

  async stop(): Promise<void> {
    this.stopListening();
    this.#options.app.close();
  }

  #serve(res: HttpResponse, req: HttpRequest): void {
    const exchange = this.open(res, req);
    if (exchange !== null) void this.respond(exchange, this.#answer(exchange));
  }

  /** Begins an exchange whose request passed the guard; null when it did not, and was answered. */
  open(res: HttpResponse, req: HttpRequest): Exchange | null {
    try {
      const exchange: Exchange = {
        res,
        head: readHead(req, res, this.#options.proxies),
        aborted: false,
        onAborted: null,
      };
      this.#exchanges.add(exchange);
      res.onAborted(() => {
        exchange.aborted = true;
        this.end(exchange);
        exchange.onAborted?.();
      });
      return exchange;
    } catch (error) {
      if (!(error instanceof RefusedRequest)) throw error;
      send(res, error.head, errorResponse(error, error.head.path, this.#options.assets));
      return null;
    }
  }

  /** Nothing more is owed to this exchange: it was aborted, or became a socket. */
  end(exchange: Exchange): void {
    this.#exchanges.delete(exchange);
  }

  /** Ends an exchange with what `answer` comes to. */
  async respond(exchange: Exchange, answer: Promise<Response>): Promise<void> {
    const { res, head } = exchange;
    const response = await answer.catch((error: unknown) => this.#failed(error, head));
    this.end(exchange);
    if (!exchange.aborted) res.cork(() => send(res, head, response));
  }

  async #answer(exchange: Exchange): Promise<Response> {
    const { res, head } = exchange;
    const { address } = this.#options.proxies.clientOf(peerOf(res), head.headers);
    const handler = findHandler(this.#routes, head.method, head.path);
    const body = head.method === 'POST' ? await readBody(exchange) : '';
    return handler({ ...head, address, body } satisfies Request);
  }

  #failed(error: unknown, head: RequestHead): Response {
    const { log, assets, frameAncestors } = this.#options;
    const known = asHttpError(error);
    if (known === null) log.error({ err: error, method: head.method, path: head.path }, 'request failed');
    const response = errorResponse(known ?? new HttpError(500, 'Something went wrong here.'), head.path, assets);
    // In a frame that may hold the clock, its errors can be read, too.
    return head.path === embedPath ? { ...response, frameAncestors } : response;
  }
}

/** The whole body as text. A connection on which it does not come in time is cut. */
function readBody(exchange: Exchange): Promise<string> {
  const { res, head } = exchange;
  if (!head.headers.has('content-length')) return Promise.resolve('');
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const late = setTimeout(() => res.close(), requestWithinMs);
    exchange.onAborted = () => clearTimeout(late);
    res.onData((chunk, isLast) => {
      bytes += chunk.byteLength;
      if (bytes > bodyBytesAtMost) {
        clearTimeout(late);
        reject(new HttpError(413, 'The body of this request is too large.', [], { close: true }));
        return;
      }
      // uWebSockets.js takes the chunk's memory back when this returns.
      chunks.push(Buffer.from(Buffer.from(chunk)));
      if (!isLast) return;
      clearTimeout(late);
      resolve(Buffer.concat(chunks).toString('utf8'));
    });
  });
}

function contentPolicy(frameAncestors: readonly string[]): string {
  const ancestors = `frame-ancestors ${frameAncestors.join(' ') || "'none'"}`;
  return [forbidden, ancestors, ...fromUs, "form-action 'self'"].join('; ');
}

function send(res: HttpResponse, head: RequestHead, response: Response): void {
  const { status, headers = [], body = '', frameAncestors, close = false } = response;
  res.writeStatus(`${status} ${reasonPhrases[status] ?? ''}`);
  res.writeHeader('Content-Security-Policy', frameAncestors === undefined ? unframed : contentPolicy(frameAncestors));
  for (const [name, value] of everyAnswerHas) res.writeHeader(name, value);
  if (head.secure) res.writeHeader(...overTlsHas);
  for (const [name, value] of headers) res.writeHeader(name, value);
  if (head.method !== 'HEAD' && status !== 304) {
    res.end(body, close);
  } else if (close) {
    res.endWithoutBody(0, true);
  } else {
    // Told of a length, uWebSockets.js would wait for that many bytes and never read from the connection again: the
    // length goes out as a header of ours.
    if (status !== 304) res.writeHeader('Content-Length', String(Buffer.byteLength(body)));
    res.endWithoutBody();
  }
}
