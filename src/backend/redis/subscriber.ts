import { Unavailable, type Outage } from '../backend.ts';
import type { MessageListener } from '../records.ts';
import type { LastTick } from '../ticks.ts';
import type { Logger } from '../../logger.ts';
import { Listeners } from '../listeners.ts';
import type { Connection } from './connection.ts';
import { healthCheckEveryMs } from './health-check.ts';
import type { Keys } from './keys.ts';
import { parsePublication } from './publications.ts';
import { OrderedDelivery, type Deliver } from './ordered-delivery.ts';
import type { Publication } from '../publications.ts';
import { ReconnectingConnection } from './reconnecting-connection.ts';
import type { RedisClient } from './redis-client.ts';
import { RestartablePause } from '../../time/restartable-pause.ts';

export interface SubscriberOptions {
  keys: Keys;
  channels: readonly string[];
  open(signal: AbortSignal): Promise<Connection>;
  readLastTick(channel: string): Promise<LastTick | null>;
  onSubscribed(): void;
  /** Called with each message that arrives, before it is delivered. */
  onMessage(): void;
  /** Called when the subscription is interrupted and the first attempt to replace the connection has failed. */
  onInterrupted(reason: Error): void;
  onError(error: unknown): void;
  log: Logger;
}

/**
 * The subscription of this process, for all subscribers of ticks and publications and all listeners to messages. It
 * connects when the first of them is added. Pub/sub does not store messages, so after a gap the last ticks are read and
 * the listeners notified.
 */
export class Subscriber {
  readonly #options: SubscriberOptions;
  readonly #connection: ReconnectingConnection;
  readonly #channelsByName: ReadonlyMap<string, string>;
  readonly #deliveries: Listeners<OrderedDelivery>;
  readonly #publicationSubscribers: Listeners<(publication: Publication) => void>;
  readonly #listeners: Listeners<MessageListener>;
  readonly #firstAttempt = Promise.withResolvers<void>();
  #isStarted = false;
  #isSubscribed = false;
  /** The last ticks must be read. */
  #isBehind = true;
  /** The listeners may have missed a message. */
  #hasGap = false;

  constructor(options: SubscriberOptions) {
    this.#options = options;
    this.#deliveries = new Listeners(options.log);
    this.#publicationSubscribers = new Listeners(options.log);
    this.#listeners = new Listeners(options.log);
    this.#channelsByName = new Map(options.channels.map((channel) => [options.keys.tickChannel(channel), channel]));
    this.#connection = new ReconnectingConnection({
      open: options.open,
      onUp: (client, ended) => this.#receive(client, ended),
      onDown: (_outage, reason) => {
        // The end of a subscribed connection is not an outage yet: the next one may be ready at once.
        if (!this.#isSubscribed) options.onInterrupted(reason);
        this.#interrupt();
      },
      onError: options.onError,
    });
  }

  /** Whether there is a subscriber or listener that receives nothing. */
  get isInterrupted(): boolean {
    return this.#isNeeded && !this.#isSubscribed;
  }

  addSubscriber(deliver: Deliver): void {
    this.#deliveries.add(new OrderedDelivery(deliver));
    this.#isBehind = true;
    this.#openIfNeeded();
    this.catchUp();
  }

  addPublicationSubscriber(deliver: (publication: Publication) => void): void {
    this.#publicationSubscribers.add(deliver);
    this.#openIfNeeded();
  }

  addListener(listener: MessageListener): void {
    this.#listeners.add(listener);
    this.#openIfNeeded();
  }

  /** Resolves when it is subscribed, when the first attempt has failed, or if nothing needs a subscription. */
  async start(): Promise<void> {
    this.#isStarted = true;
    this.#openIfNeeded();
    if (this.#isNeeded) await this.#firstAttempt.promise;
  }

  async stop(): Promise<void> {
    await this.#connection.close();
  }

  /** Connects again, to the node or master that serves now. */
  reconnect(outage: Outage, reason: Error): void {
    this.#connection.reconnect(outage, reason);
  }

  /** Reads the last ticks and reports the gap, if there was one. Must be called when commands are answered again. */
  catchUp(): void {
    if (this.#isSubscribed && this.#isBehind) this.#readLastTicks().catch(this.#options.onError);
  }

  notifyGap(gap: { replaced: boolean }): void {
    this.#listeners.notify((listener) => listener.onGap(gap));
  }

  async #readLastTicks(): Promise<void> {
    const { channels, readLastTick } = this.#options;
    const hasGap = this.#hasGap;
    this.#isBehind = false;
    this.#hasGap = false;
    try {
      const ticks = await Promise.all(channels.map((channel) => readLastTick(channel)));
      for (const [index, channel] of channels.entries()) {
        const tick = ticks[index];
        if (tick != null) this.#deliveries.notify((delivery) => delivery.deliverLastTick(channel, tick));
      }
      if (hasGap) this.notifyGap({ replaced: false });
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      this.#isBehind = true;
      this.#hasGap ||= hasGap;
    }
  }

  get #isNeeded(): boolean {
    return this.#deliveries.size + this.#publicationSubscribers.size + this.#listeners.size > 0;
  }

  #openIfNeeded(): void {
    if (this.#isStarted && this.#isNeeded) this.#connection.open();
  }

  async #receive(client: RedisClient, ended: AbortSignal): Promise<void> {
    const { keys, onSubscribed, onMessage, onInterrupted } = this.#options;
    // A message proves as much as the answer to a PING.
    const untilCheck = new RestartablePause();
    client.on('messageBuffer', (name: Buffer, message: Buffer) => {
      untilCheck.restart(healthCheckEveryMs);
      onMessage();
      // The next connection may receive the same message while this one closes.
      if (!ended.aborted) this.#dispatch(name.toString(), message);
    });
    try {
      const names = [...this.#channelsByName.keys(), keys.publicationChannel, keys.messageChannel];
      await this.#connection.run(() => client.subscribe(...names));
      this.#isSubscribed = true;
      this.catchUp();
      this.#firstAttempt.resolve();
      onSubscribed();
      for (;;) {
        await untilCheck.wait(healthCheckEveryMs, ended);
        if (ended.aborted) return;
        await this.#connection.run(() => client.ping());
      }
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      const reason = error.cause instanceof Error ? error.cause : error;
      this.#interrupt();
      onInterrupted(reason);
      this.#connection.reconnect(error.outage, reason);
    }
  }

  #interrupt(): void {
    this.#hasGap = true;
    this.#isSubscribed = false;
    this.#isBehind = true;
    this.#firstAttempt.resolve();
  }

  #dispatch(name: string, message: Buffer): void {
    const channel = this.#channelsByName.get(name);
    if (channel !== undefined) this.#deliveries.notify((delivery) => delivery.deliverFrame(channel, message));
    else if (name === this.#options.keys.publicationChannel) this.#deliverPublication(message);
    else this.#deliverMessage(message.toString());
  }

  #deliverMessage(message: string): void {
    this.#listeners.notify((listener) => listener.onMessage(message));
  }

  #deliverPublication(message: Buffer): void {
    const publication = parsePublication(message);
    if (publication !== null) this.#publicationSubscribers.notify((deliver) => deliver(publication));
  }
}
