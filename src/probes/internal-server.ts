import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { runInBackground } from '../background.ts';
import type { Service } from '../lifecycle.ts';
import { internalOptions, listenError, listenOptions } from '../listening.ts';
import type { Logger } from '../logger.ts';
import type { Metrics } from '../metrics.ts';
import { probeResponse } from './readiness.ts';

export interface InternalServerOptions {
  /** An address or a name; `::` for all addresses of both families. */
  host: string;
  port: number;
  metrics: Pick<Metrics, 'contentType' | 'text'>;
  /** Why the process is not ready; null if it is. */
  unready: () => string | null;
  log: Logger;
}

/** Serves `/health`, `/ready` and `/metrics` on a separate port. */
export class InternalServer implements Service {
  readonly name = 'internal server';
  readonly #options: InternalServerOptions;
  readonly #server = createServer((request, response) => runInBackground(this.#answer(request, response)));

  constructor(options: InternalServerOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { host, port, log } = this.#options;
    await new Promise<void>((resolve, reject) => {
      const address = { host, port };
      this.#server.on('error', (error) => reject(listenError(error, address, internalOptions)));
      this.#server.listen(listenOptions(address), resolve);
    });
    log.info({ port: (this.#server.address() as AddressInfo).port }, 'internal server listening');
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async #answer({ method, url }: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path] = (url ?? '').split('?');
    response.setHeader('Cache-Control', 'no-store');
    if (path !== '/metrics' && path !== '/health' && path !== '/ready') {
      response.writeHead(404).end();
    } else if (method !== 'GET' && method !== 'HEAD') {
      response.writeHead(405, { Allow: 'GET, HEAD' }).end();
    } else if (path === '/metrics') {
      const { metrics } = this.#options;
      response.writeHead(200, { 'Content-Type': metrics.contentType }).end(await metrics.text());
    } else {
      const { status, body } = probeResponse(path, this.#options.unready());
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
    }
  }
}
