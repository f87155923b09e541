import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** One connection through the proxy: both of its halves. */
export class Proxied {
  readonly #client: Socket;
  readonly #server: Socket;
  #first = '';
  #silent = false;

  constructor(client: Socket, server: Socket, onSaid: () => void) {
    this.#client = client;
    this.#server = server;
    client.on('data', (bytes) => {
      if (this.#first.length < 1_000) {
        this.#first += bytes.toString('latin1');
        onSaid();
      }
      if (!this.#silent) server.write(bytes);
    });
    server.on('data', (bytes) => {
      if (!this.#silent) client.write(bytes);
    });
    // A silent connection passes no end on either: the other side cannot tell it from a slow one.
    client.on('close', () => this.#silent || server.destroy());
    server.on('close', () => this.#silent || client.destroy());
    for (const half of [client, server]) half.on('error', () => {});
  }

  get open(): boolean {
    return !this.#client.destroyed;
  }

  /** Whether the first bytes that the client sent hold this text. */
  says(text: string): boolean {
    return this.#first.includes(text);
  }

  cut(): void {
    this.#client.destroy();
    this.#server.destroy();
  }

  /** Forwards nothing from now on, either way, and stays open: a half-open connection. */
  silence(): void {
    this.#silent = true;
  }
}

/** Stands between a client and a server on loopback, to make faults that a network makes. */
export class TcpProxy {
  readonly #server: Server;
  readonly #connections = new Set<Proxied>();
  #silenced: string | null = null;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(targetPort: number): Promise<TcpProxy> {
    const server = createServer();
    const proxy = new TcpProxy(server);
    server.on('connection', (client) => proxy.#accept(client, targetPort));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The open connections whose client said this first, oldest first. */
  connections(saying = ''): Proxied[] {
    return [...this.#connections].filter((one) => one.open && one.says(saying));
  }

  /** Silences every connection whose client says this first, and those to come. */
  silence(saying = ''): void {
    this.#silenced = saying;
    for (const one of this.connections(saying)) one.silence();
  }

  /** Serves new connections again. Those that were silenced stay so. */
  restore(): void {
    this.#silenced = null;
  }

  async stop(): Promise<void> {
    this.#server.close();
    for (const one of this.#connections) one.cut();
  }

  #accept(client: Socket, targetPort: number): void {
    const one = new Proxied(client, connect(targetPort, '127.0.0.1'), () => {
      if (this.#silenced !== null && one.says(this.#silenced)) one.silence();
    });
    this.#connections.add(one);
    client.on('close', () => this.#connections.delete(one));
  }
}
