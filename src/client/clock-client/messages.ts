import type { MessageInfo, MessageValue } from './api.ts';
import { attempt } from './attempt.ts';

type Listener = (value: MessageValue, info: MessageInfo) => void;

/** A message of a channel, and the frame that it came in. */
export interface Message extends MessageInfo {
  channel: string;
  value: MessageValue;
  frame: string;
}

/** The listeners of each channel, and its last message. */
export class Messages {
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #last = new Map<string, Message>();

  /** The channels that had a listener. */
  get channels(): string[] {
    return [...this.#listeners.keys()];
  }

  /** The returned function removes the listener. */
  add(channel: string, listener: Listener): () => void {
    const listeners = this.#listeners.get(channel) ?? new Set();
    this.#listeners.set(channel, listeners.add(listener));
    const last = this.#last.get(channel);
    if (last !== undefined) queueMicrotask(() => listeners.has(listener) && call(listener, last));
    return () => {
      listeners.delete(listener);
    };
  }

  clear(): void {
    for (const listeners of this.#listeners.values()) listeners.clear();
  }

  /** Delivers a frame. Returns the message in it; null if the frame is something else. */
  receive(frame: string): Message | null {
    const { channel, message } = JSON.parse(frame);
    if (message === undefined) return null;
    const received: Message = { channel, value: message[channel], at: message.at, seq: message.seq, frame };
    // After a reconnect, the last message arrives again.
    if (this.#last.get(channel)?.frame === frame) return received;
    this.#last.set(channel, received);
    for (const listener of this.#listeners.get(channel) ?? []) call(listener, received);
    return received;
  }
}

function call(listener: Listener, { value, at, seq }: Message): void {
  attempt(() => listener(value, { at, seq }));
}
