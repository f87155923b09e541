/** What `/clock-client.js` exports. The build publishes this file as `/clock-client.d.ts`, so it imports nothing. */

/** Exactly one of `ticket` and `token` is required. */
export type ConnectOptions = WithTicket | WithToken;

interface Installation {
  /** The address of the installation, such as `https://clock.example.org`. Its path is ignored. */
  url: string | URL;
}

/** For public pages: the secret stays on your server. */
interface WithTicket extends Installation {
  /**
   * Resolves to a new ticket, the `ticket` of the response of `POST /api/ticket`; called before each handshake. If it
   * rejects with an error whose `status` is 401 or 403, the client is signed out; after any other error it tries again.
   */
  ticket: () => Promise<string>;
  token?: never;
}

/** For pages on which every visitor may see the token. */
interface WithToken extends Installation {
  token: string;
  ticket?: never;
}

/** Only `live` claims the time. */
export type ClockState = 'connecting' | 'live' | 'stale' | 'signed-out';

/** A text, or the JSON value that was published. Of `show`: what is shown, or null. */
export type MessageValue = unknown;

export interface MessageInfo {
  /** House time of the message, epoch ms; of a tick, the instant that it is for. */
  at: number;
  /** Rises with every message of the channel. */
  seq: number;
}

export interface ClockClient {
  /** House time, epoch ms with fractions; null before it is known. Goes back only if the authority's clock was set. */
  now(): number | null;
  /** `now()` is wrong by at most this, ms; null before house time is known. */
  readonly errorMs: number | null;
  readonly state: ClockState;
  /** Calls `listener` after each change of `state`. The returned function removes it. */
  onState(listener: (state: ClockState) => void): () => void;
  /**
   * Calls `listener` with each message of a channel, and with the last one if that has arrived already. The
   * last message of a channel without an interval arrives on connecting. A message is never delivered twice in a row. The
   * returned function removes the listener.
   */
  onMessage(channel: string, listener: (value: MessageValue, info: MessageInfo) => void): () => void;
  /**
   * Calls `callback` once, in the frame nearest to the beginning of the next second, with that beginning, epoch ms of
   * house time. After an outage it is called with the second that has begun. The client is not `live`
   * while callbacks throw. The returned function cancels the call.
   */
  nextSecond(callback: (second: number) => void): () => void;
  /** Ends the connection for good. Nothing is called any more, and `state` is `stale`. */
  close(): void;
}

/** Connects to an installation, and reconnects whenever that is needed. Throws a `TypeError` for unusable options. */
export declare function connect(options: ConnectOptions): ClockClient;
