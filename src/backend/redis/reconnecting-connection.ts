import { Unavailable, type Outage } from '../backend.ts';
import type { Connection } from './connection.ts';
import { isMoved, outageOf, withoutArguments } from './outages.ts';
import { raceConnections } from './race-connections.ts';
import type { RedisClient } from './redis-client.ts';
import { pause } from '../../time/pause.ts';

export interface ReconnectingConnectionOptions {
  open(signal: AbortSignal): Promise<Connection>;
  /** Called with each new connection. The signal is aborted when that connection ends. */
  onUp?: (client: RedisClient, ended: AbortSignal) => Promise<void>;
  /** Called when the connection ends and after each failed attempt. */
  onDown?: (outage: Outage, reason: Error) => void;
  /** Called when a command reveals that another node or master serves the data now. */
  onMoved?: () => void;
  /** Called with an error of the callbacks. If `onUp` fails, the connection is replaced. */
  onError: (error: unknown) => void;
}

/** The delay before the next attempt, ms. */
const retryAfterMs = 120;
/** The delay if Redis refused the connection with an error reply, ms. */
const retryRefusedAfterMs = 500;

/** A connection to Redis that is replaced whenever it ends. */
export class ReconnectingConnection {
  readonly #options: ReconnectingConnectionOptions;
  readonly #stopping = new AbortController();
  #connection: Connection | null = null;
  #ended = new AbortController();
  /** Why there is no connection. */
  #outage = new Unavailable('redis-down');
  /** Why `reconnect` closed the connection. */
  #closeReason: Unavailable | null = null;
  #running: Promise<void> | null = null;

  constructor(options: ReconnectingConnectionOptions) {
    this.#options = options;
  }

  /** The current connection; null while there is none. */
  get client(): RedisClient | null {
    return this.#connection?.client ?? null;
  }

  /** Starts to connect. Further calls have no effect. */
  open(): void {
    this.#running ??= this.#keepOpen().catch(this.#options.onError);
  }

  async close(): Promise<void> {
    this.#stopping.abort();
    this.#connection?.close();
    this.#detach();
    await this.#running;
  }

  /** Replaces the connection. Until the next one is ready, commands fail with `outage`. */
  reconnect(outage: Outage, reason: Error): void {
    if (this.#connection === null) return;
    this.#closeReason = new Unavailable(outage, { cause: reason });
    this.#outage = this.#closeReason;
    this.#connection.close();
    this.#detach();
  }

  /** Runs commands on the current connection. Rejects with `Unavailable` for every failure. */
  async run<T>(command: (client: RedisClient) => Promise<T>): Promise<T> {
    const client = this.client;
    if (client === null) throw new Unavailable(this.#outage.outage, { cause: this.#outage.cause });
    try {
      return await command(client);
    } catch (error) {
      const cause = withoutArguments(error);
      const unavailable = new Unavailable(outageOf(error), { cause });
      if (isMoved(error) && this.client === client) {
        this.reconnect(unavailable.outage, cause);
        this.#options.onMoved?.();
      }
      throw unavailable;
    }
  }

  #attach(connection: Connection): void {
    this.#connection = connection;
    this.#ended = new AbortController();
  }

  #detach(): void {
    this.#connection = null;
    this.#ended.abort();
  }

  async #keepOpen(): Promise<void> {
    const { open, onUp, onDown, onError } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      let reason: unknown;
      try {
        const connection = await raceConnections(open, signal);
        if (signal.aborted) return connection.close();
        this.#attach(connection);
        onUp?.(connection.client, this.#ended.signal).catch((error: unknown) => {
          onError(error);
          connection.close();
        });
        reason = await connection.ended;
      } catch (error) {
        reason = error;
      }
      this.#detach();
      if (signal.aborted) return;
      this.#outage = this.#closeReason ?? new Unavailable(outageOf(reason), { cause: withoutArguments(reason) });
      this.#closeReason = null;
      const { outage, cause } = this.#outage;
      onDown?.(outage, cause as Error);
      await pause(outage === 'redis-down' ? retryAfterMs : retryRefusedAfterMs, signal);
    }
  }
}
