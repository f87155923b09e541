import { listenError, publicOptions, tryToListen } from '../listening.ts';
import { listen, type ListenSocket, type TemplatedApp, type Uws } from './uws.ts';

/** How long a replaced app may continue to serve requests on keep-alive connections. */
const retiredForMs = 60_000;

/** An app of uWebSockets.js and the number of its open WebSockets. */
export interface ServedApp {
  readonly app: TemplatedApp;
  sockets: number;
}

export interface ListenerOptions {
  uws: Uws;
  host: string;
  port: number;
  /** Whether other processes of the same parent listen on the port, too. */
  isShared: boolean;
  createApp: () => TemplatedApp;
  /** Adds the routes to an app. */
  register: (served: ServedApp) => void;
}

/**
 * The apps behind one port. A certificate belongs to an app, so a new one needs a new app: it takes over the port, and
 * the app that it replaces keeps its open sockets.
 */
export class Listener {
  readonly #options: ListenerOptions;
  readonly #retired: { served: ServedApp; closeAfter: number }[] = [];
  #current: ServedApp;
  #listening: ListenSocket | undefined;
  /** With `--port 0`: 0 until the system assigns a port in `start`. */
  #port: number;

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#port = options.port;
    this.#current = this.#create();
  }

  /** The port it listens on; 0 while it does not listen. */
  get port(): number {
    return this.#listening === undefined ? 0 : this.#port;
  }

  async start(): Promise<void> {
    if (await this.#listen()) {
      if (this.#options.port !== 0) return;
      // uWebSockets.js sets SO_REUSEADDR only for an explicit port. Without it, a new app could not take over the port
      // while there are connections.
      this.stopListening();
      if (await this.#listen()) return;
    }
    const address = { host: this.#options.host, port: this.#port };
    // uWebSockets.js does not say why. If the port is free by now, another process used it before.
    throw listenError((await tryToListen(address)) ?? { code: 'EADDRINUSE', message: '' }, address, publicOptions);
  }

  /**
   * Replaces the current app by a new one. Throws a `UserError`, and changes nothing, if none can be created. Resolves
   * to false if another process took the port in between; then `listenAgain` can be called until it succeeds.
   */
  async replace(): Promise<boolean> {
    const next = this.#create();
    this.#retired.push({ served: this.#current, closeAfter: performance.now() + retiredForMs });
    this.#current = next;
    if (!this.#options.isShared) this.stopListening();
    // On a shared port the new app listens before the old one stops, so that no client is refused.
    const previous = this.#listening;
    this.#listening = undefined;
    const isListening = await this.#listen();
    if (previous !== undefined) this.#options.uws.us_listen_socket_close(previous);
    return isListening;
  }

  /** Listens after a `replace` that could not. Resolves to whether it listens now. */
  async listenAgain(): Promise<boolean> {
    return this.#listening !== undefined || (await this.#listen());
  }

  /** Closes the apps that were replaced and have no sockets any more. */
  closeRetired(): void {
    const now = performance.now();
    for (const [index, { served, closeAfter }] of [...this.#retired.entries()].toReversed()) {
      if (served.sockets > 0 || now < closeAfter) continue;
      this.#retired.splice(index, 1);
      served.app.close();
    }
  }

  /** Sends a text frame to all subscribers of a topic; returns how many there are. */
  publish(topic: string, frame: Uint8Array): number {
    let subscribers = 0;
    for (const { app } of this.#apps()) {
      const count = app.numSubscribers(topic);
      if (count > 0) app.publish(topic, frame, false);
      subscribers += count;
    }
    return subscribers;
  }

  /** Refuses new connections; those that are open stay. */
  stopListening(): void {
    if (this.#listening !== undefined) this.#options.uws.us_listen_socket_close(this.#listening);
    this.#listening = undefined;
  }

  /** Stops listening and closes all connections at once. */
  close(): void {
    this.stopListening();
    for (const { app } of this.#apps()) app.close();
  }

  async #listen(): Promise<boolean> {
    const { host, uws, isShared } = this.#options;
    const listening = await listen(this.#current.app, { host, port: this.#port, isShared });
    if (listening === false) return false;
    this.#listening = listening;
    this.#port = uws.us_socket_local_port(listening);
    return true;
  }

  #create(): ServedApp {
    const served: ServedApp = { app: this.#options.createApp(), sockets: 0 };
    this.#options.register(served);
    return served;
  }

  *#apps(): Iterable<ServedApp> {
    yield this.#current;
    for (const { served } of this.#retired) yield served;
  }
}
