import { randomUUID } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import type { Service } from '../lifecycle.ts';
import type { SocketData } from './hub.ts';
import { listenExclusively, type HttpResponse, type SocketContext, type TemplatedApp, type Uws } from './uws.ts';

/**
 * Makes sockets of requests, also long after they came. uWebSockets.js wants that within a cork; but at the end of a
 * response's own cork it takes the new socket for the response that it was, and cuts some (its pull request 1929, in no
 * build for our glibc). Within the cork of another response it does not: here is one, never sent, to ourselves.
 */
export class Upgrades implements Service {
  readonly name = 'upgrades';
  readonly #uws: Uws;
  #app: TemplatedApp | undefined;
  #client: Socket | undefined;
  #unsent: HttpResponse | null = null;

  constructor(uws: Uws) {
    this.#uws = uws;
  }

  /** Where there is no loopback it does without: then a client is cut now and then, and comes again. */
  async start(): Promise<void> {
    const app = this.#uws.App();
    const path = `/${randomUUID()}`;
    const { promise: done, resolve } = Promise.withResolvers<void>();
    app.get(path, (res) => {
      res.onAborted(() => (this.#unsent = null));
      this.#unsent = res;
      resolve();
    });
    this.#app = app;
    const listening = await listenExclusively(app, '127.0.0.1', 0);
    if (listening === false) return;
    const client = connect(this.#uws.us_socket_local_port(listening), '127.0.0.1');
    this.#client = client;
    client.once('close', resolve);
    client.on('error', () => client.destroy());
    client.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    await done;
    this.#uws.us_listen_socket_close(listening);
  }

  async stop(): Promise<void> {
    this.#client?.destroy();
    this.#app?.close();
  }

  /** Answers a good handshake with 101, and neither extension nor subprotocol, whatever was asked for. */
  upgrade(res: HttpResponse, key: string, data: SocketData, context: SocketContext): void {
    // What follows goes out in pieces; nobody should have to read half a status.
    res.cork(() => res.writeStatus('101 Switching Protocols'));
    (this.#unsent ?? res).cork(() => res.upgrade(data, key, '', '', context));
  }
}
