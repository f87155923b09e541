import type { Redis } from 'ioredis';
import { Unavailable, type Outage } from '../backend.ts';
import type { Connection } from './connection.ts';
import { openFirst } from './open-first.ts';
import { isMoved, outageOf, withoutArguments } from './outages.ts';
import { pause } from '../../time/pause.ts';

export interface ReconnectingConnectionOptions {
  open(signal: AbortSignal): Promise<Connection>;
  /** A new connection is there. The signal aborts when it is gone. */
  onUp?: (client: Redis, gone: AbortSignal) => void;
  /** There is none any more, or still none: called after each attempt that failed. */
  onDown?: (outage: Outage, reason: Error) => void;
  /** The data is served by another node or master now. */
  onMoved?: () => void;
}

/** A refused connection is tried again after this; one that Redis refuses in words less often, ms. */
const retryAfterMs = 120;
const retryRefusedAfterMs = 500;

/** One connection to Redis that is replaced whenever it ends. */
export class ReconnectingConnection {
  readonly #options: ReconnectingConnectionOptions;
  readonly #stopping = new AbortController();
  #connection: Connection | null = null;
  #gone = new AbortController();
  #outage: Outage = 'redis-down';
  #dropped: Unavailable | null = null;
  #running: Promise<void> | null = null;

  constructor(options: ReconnectingConnectionOptions) {
    this.#options = options;
  }

  /** The connection that is ready now, if there is one. */
  get client(): Redis | null {
    return this.#connection?.client ?? null;
  }

  /** Begins to connect. Safe twice. */
  open(): void {
    this.#running ??= this.#keepOpen();
  }

  async close(): Promise<void> {
    this.#stopping.abort();
    this.#connection?.close();
    this.#detach();
    await this.#running;
  }

  /** Ends the connection in favour of a new one; `outage` is why. */
  reconnect(outage: Outage, reason: Error): void {
    if (this.#connection === null) return;
    this.#dropped = new Unavailable(outage, { cause: reason });
    this.#outage = outage;
    this.#connection.close();
    this.#detach();
  }

  /** Asks Redis. Every failure, whatever its kind, is an Unavailable. */
  async run<T>(question: (client: Redis) => Promise<T>): Promise<T> {
    const client = this.client;
    if (client === null) throw new Unavailable(this.#outage);
    try {
      return await question(client);
    } catch (error) {
      const unavailable = new Unavailable(outageOf(error), { cause: withoutArguments(error) });
      if (isMoved(error) && this.client === client) {
        this.reconnect(unavailable.outage, withoutArguments(error));
        this.#options.onMoved?.();
      }
      throw unavailable;
    }
  }

  #attach(connection: Connection): void {
    this.#connection = connection;
    this.#gone = new AbortController();
  }

  #detach(): void {
    this.#connection = null;
    this.#gone.abort();
  }

  async #keepOpen(): Promise<void> {
    const { open, onUp, onDown } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      let reason: unknown;
      try {
        const connection = await openFirst(open, signal);
        if (signal.aborted) return connection.close();
        this.#attach(connection);
        onUp?.(connection.client, this.#gone.signal);
        reason = await connection.ended;
      } catch (error) {
        reason = error;
      }
      this.#detach();
      if (signal.aborted) return;
      const dropped = this.#dropped;
      this.#dropped = null;
      this.#outage = outageOf(dropped ?? reason);
      onDown?.(this.#outage, dropped === null ? withoutArguments(reason) : (dropped.cause as Error));
      const refused = this.#outage !== 'redis-down';
      await pause(refused ? retryRefusedAfterMs : retryAfterMs, signal);
    }
  }
}
