import type { Redis } from 'ioredis';
import { Unavailable, type LastTick, type MessageListener } from '../backend.ts';
import type { Logger } from '../../logger.ts';
import { Listeners } from '../listeners.ts';
import type { Connection } from './connection.ts';
import { Delivery, type Deliver } from './delivery.ts';
import type { Keys } from './keys.ts';
import { ReconnectingConnection } from './reconnecting-connection.ts';
import { healthCheckEveryMs } from './health-check.ts';
import { pause } from '../../time/pause.ts';

export interface SubscriberOptions {
  keys: Keys;
  channels: readonly string[];
  open(signal: AbortSignal): Promise<Connection>;
  last(channel: string): Promise<LastTick | null>;
  onHearing(): void;
  /** It does not hear, and a new connection did not help or was not tried yet. */
  onDeaf(reason: Error): void;
  log: Logger;
}

/**
 * The connection that hears what is published, for all subscribers and listeners of the process. It exists once there
 * is one of them. Pub/sub forgets what is sent while nobody hears, so after a gap it reads what there is to know.
 */
export class Subscriber {
  readonly #options: SubscriberOptions;
  readonly #link: ReconnectingConnection;
  readonly #channelOf: ReadonlyMap<string, string>;
  readonly #deliveries: Listeners<Delivery>;
  readonly #listeners: Listeners<MessageListener>;
  readonly #tried = Promise.withResolvers<void>();
  #started = false;
  #hears = false;
  /** The last ticks have to be read. */
  #behind = true;
  /** Listeners may have missed a message. */
  #gap = false;

  constructor(options: SubscriberOptions) {
    this.#options = options;
    this.#deliveries = new Listeners(options.log);
    this.#listeners = new Listeners(options.log);
    this.#channelOf = new Map(options.channels.map((channel) => [options.keys.ticks(channel), channel]));
    this.#link = new ReconnectingConnection({
      open: options.open,
      onUp: (client, gone) => void this.#hear(client, gone),
      onDown: (_trouble, reason) => {
        // That a connection ends is no news while the next one may be there at once.
        if (!this.#hears) options.onDeaf(reason);
        this.#lost();
      },
    });
  }

  /** Somebody wants to hear, but what is published does not come in. */
  get deaf(): boolean {
    return this.#wanted && !this.#hears;
  }

  subscribe(deliver: Deliver): void {
    this.#deliveries.add(new Delivery(deliver));
    this.#behind = true;
    this.#openIfWanted();
    void this.catchUp();
  }

  hear(listener: MessageListener): void {
    this.#listeners.add(listener);
    this.#openIfWanted();
  }

  /** Resolves when it hears, or could not at the first try, or nobody wants to. */
  async start(): Promise<void> {
    this.#started = true;
    this.#openIfWanted();
    if (this.#wanted) await this.#tried.promise;
  }

  async stop(): Promise<void> {
    await this.#link.close();
  }

  /** Looks for the node or master that serves now. */
  move(outage: Unavailable): void {
    this.#link.reconnect(outage.outage, outage);
  }

  /** Reads the last ticks, if something may have been missed. To be called when commands are answered again. */
  async catchUp(): Promise<void> {
    if (!this.#hears || !this.#behind) return;
    const { channels, last } = this.#options;
    const gap = this.#gap;
    this.#behind = false;
    this.#gap = false;
    try {
      const ticks = await Promise.all(channels.map((channel) => last(channel)));
      for (const [index, channel] of channels.entries()) {
        const tick = ticks[index];
        if (tick != null) this.#deliveries.notify((delivery) => delivery.caughtUp(channel, tick));
      }
      if (gap) this.missed(false);
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      this.#behind = true;
      this.#gap ||= gap;
    }
  }

  /** Tells the listeners that they may have missed a message, or that the records are others than before. */
  missed(replaced: boolean): void {
    this.#listeners.notify((listener) => listener.onGap({ replaced }));
  }

  get #wanted(): boolean {
    return this.#deliveries.size + this.#listeners.size > 0;
  }

  #openIfWanted(): void {
    if (this.#started && this.#wanted) this.#link.open();
  }

  async #hear(client: Redis, gone: AbortSignal): Promise<void> {
    const { keys, onHearing, onDeaf } = this.#options;
    client.on('messageBuffer', (name: Buffer, message: Buffer) => {
      // The next connection may hear the same while this one is still closing.
      if (!gone.aborted) this.#take(name.toString(), message);
    });
    try {
      await this.#link.run(() => client.subscribe(...this.#channelOf.keys(), keys.messages));
      this.#hears = true;
      void this.catchUp();
      this.#tried.resolve();
      onHearing();
      for (;;) {
        await pause(healthCheckEveryMs, gone);
        if (gone.aborted) return;
        await this.#link.run(() => client.ping());
      }
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      const reason = error.cause instanceof Error ? error.cause : error;
      this.#lost();
      onDeaf(reason);
      this.#link.reconnect(error.outage, reason);
    }
  }

  #lost(): void {
    this.#gap = true;
    this.#hears = false;
    this.#behind = true;
    this.#tried.resolve();
  }

  #take(name: string, message: Buffer): void {
    const channel = this.#channelOf.get(name);
    if (channel !== undefined) this.#deliveries.notify((delivery) => delivery.message(channel, message));
    else this.#listeners.notify((listener) => listener.onMessage(message.toString()));
  }
}
