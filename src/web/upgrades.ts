import { randomUUID } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import type { Service } from '../lifecycle.ts';
import type { Logger } from '../logger.ts';
import type { SocketData } from './hub.ts';
import {
  listen,
  type HttpResponse,
  type ListenSocket,
  type SocketContext,
  type TemplatedApp,
  type Uws,
} from './uws.ts';

/**
 * Upgrades requests to WebSockets, also long after they arrived. uWebSockets.js requires a cork for that, but at the end
 * of the response's own cork it mistakes the new socket for a response and cuts some of them (fixed by its pull request
 * 1929, which no build for our glibc contains). The cork of another response avoids that. This service holds one: the
 * response to a request that it sends itself over loopback, and that is never answered.
 */
export class Upgrades implements Service {
  readonly name = 'upgrades';
  readonly #uws: Uws;
  readonly #log: Pick<Logger, 'warn'>;
  #app: TemplatedApp | undefined;
  #client: Socket | undefined;
  #unanswered: HttpResponse | null = null;

  constructor(uws: Uws, log: Pick<Logger, 'warn'>) {
    this.#uws = uws;
    this.#log = log;
  }

  /** On a host without loopback, upgrades work without the other response: a few clients are cut, and reconnect. */
  async start(): Promise<void> {
    const app = this.#uws.App();
    const path = `/${randomUUID()}`;
    const { promise: done, resolve } = Promise.withResolvers<void>();
    app.get(path, (res) => {
      res.onAborted(() => (this.#unanswered = null));
      this.#unanswered = res;
      resolve();
    });
    this.#app = app;
    const loopback = await listenOnLoopback(app);
    if (loopback === null) {
      this.#log.warn('cannot listen on 127.0.0.1 or ::1; a few sockets are cut in the handshake and must reconnect');
      return;
    }
    const client = connect(this.#uws.us_socket_local_port(loopback.listening), loopback.address);
    this.#client = client;
    client.once('close', resolve);
    client.on('error', () => client.destroy());
    client.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    await done;
    this.#uws.us_listen_socket_close(loopback.listening);
  }

  async stop(): Promise<void> {
    this.#client?.destroy();
    this.#app?.close();
  }

  /** Answers a valid handshake with 101, without an extension or subprotocol. */
  upgrade(res: HttpResponse, key: string, data: SocketData, context: SocketContext): void {
    // In its own cork, so that the status line is sent in one piece.
    res.cork(() => res.writeStatus('101 Switching Protocols'));
    (this.#unanswered ?? res).cork(() => res.upgrade(data, key, '', '', context));
  }
}

async function listenOnLoopback(app: TemplatedApp): Promise<{ address: string; listening: ListenSocket } | null> {
  for (const address of ['127.0.0.1', '::1']) {
    const listening = await listen(app, { host: address, port: 0, isShared: false });
    if (listening !== false) return { address, listening };
  }
  return null;
}
