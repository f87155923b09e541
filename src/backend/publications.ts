/** The record that lists the channels without an interval: see `Publications.publish`. */
export const channelListRecord = { kind: 'channels', id: 'all' } as const;

/** The content of `channelListRecord`. */
export interface ChannelList {
  channels: readonly { name: string; id: string }[];
}

/** A message of a channel without an interval. Instants are epoch ms of house time. */
export interface Publication {
  /** Where it is stored: the next message of the same slot replaces it. */
  slot: string;
  at: number;
  seq: number;
  /** Null: it does not end. */
  endsAt: number | null;
  frame: Uint8Array;
}

export interface PublishRequest {
  channel: string;
  /** The content, as JSON. */
  json: string;
  /** By default the id of the channel in `channelListRecord`. It contains no blank and no line break. */
  slot?: string;
  /** Sets `endsAt`, ms. */
  lifetimeMs?: number | undefined;
  /** Publishes only if the last message of the slot has this `seq`; 0: only if there is none. */
  ifSeq?: number | undefined;
}

/**
 * `unknown-channel`: `channelListRecord` does not contain the channel. `changed`: the last message of the slot has
 * another `seq` than `ifSeq`.
 */
export type PublishOutcome = { at: number; seq: number } | 'unknown-channel' | 'changed';

/**
 * Transports the messages of channels without an interval, and stores the last one of each slot. Delivery is at most
 * once: a subscriber misses what is published while it is disconnected. `MessageListener.onGap` reports that, and `list`
 * returns the last messages.
 */
export interface Publications {
  /**
   * Assigns `at` and `seq`, stores the message as the last of its slot and publishes it, in one atomic step. `seq` is the
   * greater of the channel's last one plus 1 and `at`.
   */
  publish(request: PublishRequest): Promise<PublishOutcome>;
  /** The last message of each slot. */
  list(): Promise<Publication[]>;
  /** The number of slots that have a message. */
  count(): Promise<number>;
  /**
   * Deletes the last messages of slots, except those with a greater `seq` than `maxSeq`. `seq` goes on from the channel's
   * last one.
   */
  forget(slots: readonly string[], maxSeq?: number): Promise<void>;
  /** Calls `deliver` for each message published after the start, in order, with the bytes that were sent. */
  subscribe(deliver: (publication: Publication) => void): void;
}
