import { once } from 'node:events';
import { WebSocket } from 'ws';

interface Reply {
  id?: number;
  result?: Record<string, unknown>;
  error?: unknown;
  message?: string;
  method?: string;
}

const timeoutMs = 60_000;

/** Commands and their results over a WebSocket, framed as the DevTools protocol and WebDriver BiDi both do. */
export class CommandSocket {
  readonly #socket: WebSocket;
  #lastId = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data) => {
      const reply: Reply = JSON.parse(String(data));
      socket.emit(reply.id === undefined ? `event:${reply.method}` : `reply:${reply.id}`, reply);
    });
  }

  static async connect(url: string): Promise<CommandSocket> {
    const socket = new WebSocket(url, { handshakeTimeout: timeoutMs });
    await once(socket, 'open');
    return new CommandSocket(socket);
  }

  async run(method: string, params: Readonly<Record<string, unknown>> = {}): Promise<Record<string, unknown>> {
    const id = ++this.#lastId;
    this.#socket.send(JSON.stringify({ id, method, params }));
    const reply = await this.#next(`reply:${id}`, method);
    if (reply.error !== undefined) throw new Error(`${method}: ${JSON.stringify(reply.error)} ${reply.message ?? ''}`);
    return reply.result ?? {};
  }

  /** Resolves at the next event of that name. */
  async event(name: string): Promise<void> {
    await this.#next(`event:${name}`, name);
  }

  close(): void {
    this.#socket.terminate();
  }

  async #next(name: string, what: string): Promise<Reply> {
    const waiting = once(this.#socket, name, { signal: AbortSignal.timeout(timeoutMs) });
    const [reply] = await waiting.catch((cause: unknown) => {
      throw new Error(`the browser did not answer ${what}`, { cause });
    });
    return reply as Reply;
  }
}
