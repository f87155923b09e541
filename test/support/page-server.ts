import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { close, listen } from './http-server.ts';

/** A web server of another origin than the clock's. */
export class PageServer implements AsyncDisposable {
  readonly origin: string;
  readonly #server: Server;

  private constructor(server: Server, origin: string) {
    this.#server = server;
    this.origin = origin;
  }

  static async start(
    handle: (request: IncomingMessage, response: ServerResponse) => void | Promise<void>,
  ): Promise<PageServer> {
    const server = createServer((request, response) => void handle(request, response));
    return new PageServer(server, await listen(server));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await close(this.#server);
  }
}
