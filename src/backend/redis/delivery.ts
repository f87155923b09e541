import { parseServerMessage, tickFrame } from '../../protocol.ts';
import type { LastTick } from '../backend.ts';

export type Deliver = (channel: string, frame: Uint8Array) => void;

/** What one subscriber was handed: in order, and nothing twice, although a tick can come by two ways. */
export class Delivery {
  readonly #deliver: Deliver;
  readonly #newest = new Map<string, Uint8Array>();
  /** Of the channels whose last tick was read: its `seq`, until a newer one came as a message. */
  readonly #readAhead = new Map<string, number>();

  constructor(deliver: Deliver) {
    this.#deliver = deliver;
  }

  /** A frame that was published. */
  message(channel: string, frame: Uint8Array): void {
    const readAhead = this.#readAhead.get(channel);
    if (readAhead !== undefined) {
      if (seqOf(frame) <= readAhead) return;
      this.#readAhead.delete(channel);
    }
    this.#hand(channel, frame);
  }

  /** What was read as the channel's last after a gap. */
  caughtUp(channel: string, last: LastTick): void {
    const newest = this.#newest.get(channel);
    if (newest !== undefined && last.seq <= seqOf(newest)) return;
    const { text, at, seq } = last;
    this.#readAhead.set(channel, seq);
    this.#hand(channel, Buffer.from(tickFrame({ channel, text, at, seq })));
  }

  #hand(channel: string, frame: Uint8Array): void {
    this.#newest.set(channel, frame);
    this.#deliver(channel, frame);
  }
}

function seqOf(frame: Uint8Array): number {
  const message = parseServerMessage(Buffer.from(frame).toString());
  return message !== null && 'tick' in message ? message.tick.seq : -Infinity;
}
