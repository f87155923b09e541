import { closeCode } from '../../protocol.ts';
import type { ConnectionOptions, Socket, SocketEvents } from '../connection/options.ts';
import type { StateResponse } from '../connection/state.ts';
import { schedule } from '../schedule.ts';
import { openWithTicket } from '../ticket-socket.ts';
import { socketAddress } from '../wire.ts';
import type { MessageInfo } from './api.ts';

/** After this many failed handshakes in a row, the next asks for no channel besides `time`. */
const failuresWithChannels = 2;

export interface ClientTransportOptions {
  url: URL;
  getTicket: () => Promise<string>;
  /** The channels to receive besides `time`. */
  channels: () => readonly string[];
  /** Each frame; returns what it is if it is a message of a channel, else null. */
  onFrame: (frame: string) => ({ channel: string } & MessageInfo) | null;
}

/** A socket, or one that is being opened. */
interface Attempt {
  channels: readonly string[];
  isOpen: boolean;
  /** Closes it and reports that as a close by the server. */
  replace: () => void;
}

/**
 * Connects a page of another origin. It requests nothing but tickets: a new one shows that the session still exists, and
 * the ticks show their interval.
 */
export class ClientTransport implements Pick<ConnectionOptions, 'openSocket' | 'fetchState'> {
  readonly #options: ClientTransportOptions;
  #current: Attempt | null = null;
  #spareTicket: string | null = null;
  #failures = 0;
  #tickAt = 0;
  /** The shortest interval between two ticks so far, ms. */
  #intervalMs = Infinity;

  constructor(options: ClientTransportOptions) {
    this.#options = options;
  }

  openSocket(events: SocketEvents): Socket {
    const { url, onFrame, channels } = this.#options;
    const requested = this.#failures < failuresWithChannels ? channels() : [];
    const address = socketAddress(url, requested);
    const closed = (code: number): void => {
      if (!attempt.isOpen) this.#failures += 1;
      attempt.isOpen = false;
      events.closed(code);
    };
    const socket = openWithTicket(address, () => this.#ticket(), {
      opened: () => {
        this.#onOpened(attempt);
        events.opened();
      },
      received: (frame) => {
        const message = onFrame(frame);
        // Only ticks of `time` show that the time is right.
        if (message !== null && message.channel !== 'time') return;
        if (message !== null) this.#onTick(message.at);
        events.received(frame);
      },
      closed,
    });
    const replace = (): void => {
      socket.close();
      closed(closeCode.goingAway);
    };
    const attempt: Attempt = { channels: requested, isOpen: false, replace };
    this.#current = attempt;
    return socket;
  }

  /** An open socket shows that the session exists; without one, a new ticket does. */
  async fetchState(timeoutMs: number): Promise<StateResponse> {
    const response = { status: 200, retryAfterMs: null, state: null };
    if (this.#current?.isOpen !== true) {
      try {
        this.#spareTicket = await withTimeout(this.#options.getTicket(), timeoutMs);
      } catch (error) {
        const status = Number((error as { status?: unknown } | null)?.status);
        return { ...response, status: status === 401 || status === 403 ? status : 0 };
      }
    }
    const zone = { zone: null, utcOffsetMs: null, nextUtcOffset: null };
    const tick = { current: null, at: this.#tickAt, seq: null, channel: 'time', stale: false };
    // The spread is unknown here: each response to a sync contains it.
    const interval = this.#intervalMs < Infinity ? this.#intervalMs : 1;
    return { ...response, state: { ...zone, ...tick, interval, spread: Number.NaN, build: '' } };
  }

  /** To be called when a channel was added: opens another socket if the current one does not receive it. */
  onChannels(): void {
    const current = this.#current;
    if (current?.isOpen !== true || this.#missing(current).length === 0) return;
    this.#failures = 0;
    current.replace();
  }

  #onOpened(attempt: Attempt): void {
    const missing = this.#missing(attempt);
    // oxlint-disable-next-line no-console -- A page has no other log.
    if (missing.length > 0) console.warn(`Clock: cannot read ${missing.join()}`);
    attempt.isOpen = true;
    this.#failures = 0;
  }

  #onTick(at: number): void {
    if (at > this.#tickAt && this.#tickAt > 0) this.#intervalMs = Math.min(this.#intervalMs, at - this.#tickAt);
    this.#tickAt = at;
  }

  #missing({ channels }: Attempt): string[] {
    return this.#options.channels().filter((channel) => !channels.includes(channel));
  }

  #ticket(): Promise<string> {
    const spare = this.#spareTicket;
    this.#spareTicket = null;
    return spare === null ? this.#options.getTicket() : Promise.resolve(spare);
  }
}

async function withTimeout<Value>(promise: Promise<Value>, timeoutMs: number): Promise<Value> {
  let cancel = (): void => {};
  const late = new Promise<never>((_, reject) => (cancel = schedule(reject, timeoutMs)));
  return Promise.race([promise, late]).finally(cancel);
}
