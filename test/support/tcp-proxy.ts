import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** How long the next bytes are on their way, ms. What was sent first arrives first all the same. */
export interface Delays {
  up: () => number;
  down: () => number;
}

/** One connection through the proxy: both of its halves. */
export class Proxied {
  readonly #client: Socket;
  readonly #server: Socket;
  #first = '';
  #silent = false;

  constructor(client: Socket, server: Socket, onSaid: () => void, delays: Delays | null) {
    const up = delayed(server, delays?.up);
    const down = delayed(client, delays?.down);
    this.#client = client;
    this.#server = server;
    client.on('data', (bytes) => {
      if (this.#first.length < 1_000) {
        this.#first += bytes.toString('latin1');
        onSaid();
      }
      if (!this.#silent) up(bytes);
    });
    server.on('data', (bytes) => {
      if (!this.#silent) down(bytes);
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

function delayed(to: Socket, delay: (() => number) | undefined): (bytes: Buffer) => void {
  if (delay === undefined) return (bytes) => to.write(bytes);
  let arrivesAt = 0;
  return (bytes) => {
    arrivesAt = Math.max(arrivesAt, performance.now() + delay());
    setTimeout(() => to.writable && to.write(bytes), arrivesAt - performance.now());
  };
}

/** Stands between a client and a server on loopback, to make faults that a network makes. */
export class TcpProxy {
  readonly #server: Server;
  readonly #connections = new Set<Proxied>();
  readonly #delays: Delays | null;
  #silenced: string | null = null;

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
    const said = (): void => {
      if (this.#silenced !== null && one.says(this.#silenced)) one.silence();
    };
    const server = connect({ port: targetPort, host: '127.0.0.1', noDelay: true });
    const one = new Proxied(client, server, said, this.#delays);
    this.#connections.add(one);
    client.on('close', () => this.#connections.delete(one));
  }
}
