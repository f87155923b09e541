import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** The delay of the next bytes, ms. Bytes never overtake earlier ones. */
export interface Delays {
  up: () => number;
  down: () => number;
}

/** A connection through the proxy: the sockets of both sides. */
export class Proxied {
  readonly #client: Socket;
  readonly #server: Socket;
  #firstBytes = '';
  #silent = false;

  constructor(client: Socket, server: Socket, onFirstBytes: () => void, delays: Delays | null) {
    const up = delayed(server, delays?.up);
    const down = delayed(client, delays?.down);
    this.#client = client;
    this.#server = server;
    client.on('data', (bytes) => {
      if (this.#firstBytes.length < 1_000) {
        this.#firstBytes += bytes.toString('latin1');
        onFirstBytes();
      }
      if (!this.#silent) up(bytes);
    });
    server.on('data', (bytes) => {
      if (!this.#silent) down(bytes);
    });
    // A silenced connection does not forward the end either, like a half-open one.
    client.on('close', () => this.#silent || server.destroy());
    server.on('close', () => this.#silent || client.destroy());
    for (const half of [client, server]) half.on('error', () => {});
  }

  get isOpen(): boolean {
    return !this.#client.destroyed;
  }

  /** Whether the first 1,000 bytes of the client contain `text`. */
  startsWithText(text: string): boolean {
    return this.#firstBytes.includes(text);
  }

  cut(): void {
    this.#client.destroy();
    this.#server.destroy();
  }

  /** Stops forwarding in both directions and stays open, like a half-open connection. */
  silence(): void {
    this.#silent = true;
  }
}

function delayed(to: Socket, delay: (() => number) | undefined): (bytes: Buffer) => void {
  if (delay === undefined) return (bytes) => to.write(bytes);
  let arrivesAt = 0;
  return (bytes) => {
    arrivesAt = Math.max(arrivesAt, performance.now() + delay());
    setTimeout(() => to.writable && to.write(bytes), arrivesAt - performance.now());
  };
}

/** Forwards connections on loopback and simulates network faults. */
export class TcpProxy {
  readonly #server: Server;
  readonly #connections = new Set<Proxied>();
  readonly #delays: Delays | null;
  #silencedText: string | null = null;

  private constructor(server: Server, delays: Delays | null) {
    this.#server = server;
    this.#delays = delays;
  }

  static async start(targetPort: number, delays: Delays | null = null): Promise<TcpProxy> {
    const server = createServer({ noDelay: true });
    const proxy = new TcpProxy(server, delays);
    server.on('connection', (client) => proxy.#accept(client, targetPort));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The open connections whose first bytes contain `text`, oldest first. */
  connections(text = ''): Proxied[] {
    return [...this.#connections].filter((one) => one.isOpen && one.startsWithText(text));
  }

  /** Silences all present and future connections whose first bytes contain `text`. */
  silence(text = ''): void {
    this.#silencedText = text;
    for (const one of this.connections(text)) one.silence();
  }

  /** Forwards new connections again. Silenced ones stay silenced. */
  restore(): void {
    this.#silencedText = null;
  }

  async stop(): Promise<void> {
    this.#server.close();
    for (const one of this.#connections) one.cut();
  }

  #accept(client: Socket, targetPort: number): void {
    const silenceIfMatched = (): void => {
      if (this.#silencedText !== null && one.startsWithText(this.#silencedText)) one.silence();
    };
    const server = connect({ port: targetPort, host: '127.0.0.1', noDelay: true });
    const one = new Proxied(client, server, silenceIfMatched, this.#delays);
    this.#connections.add(one);
    client.on('close', () => this.#connections.delete(one));
  }
}
