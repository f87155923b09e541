import { parseServerMessage, tickFrame } from '../../protocol.ts';
import type { LastTick } from '../ticks.ts';

export type Deliver = (channel: string, frame: Uint8Array) => void;

/**
 * Delivers frames to one subscriber in order and without duplicates. A tick may arrive twice: as a message, and as the
 * last tick that is read after a gap.
 */
export class OrderedDelivery {
  readonly #deliver: Deliver;
  readonly #latestFrames = new Map<string, Uint8Array>();
  /** By channel: the `seq` of the last tick that was read, until a newer message arrives. */
  readonly #readSeqs = new Map<string, number>();

  constructor(deliver: Deliver) {
    this.#deliver = deliver;
  }

  /** Delivers a published frame, unless the tick was delivered already. */
  deliverFrame(channel: string, frame: Uint8Array): void {
    const readSeq = this.#readSeqs.get(channel);
    if (readSeq !== undefined) {
      if (seqOf(frame) <= readSeq) return;
      this.#readSeqs.delete(channel);
    }
    this.#send(channel, frame);
  }

  /** Delivers the last tick that was read after a gap, unless it or a newer one was delivered already. */
  deliverLastTick(channel: string, last: LastTick): void {
    const latest = this.#latestFrames.get(channel);
    if (latest !== undefined && last.seq <= seqOf(latest)) return;
    const { text, at, seq } = last;
    this.#readSeqs.set(channel, seq);
    this.#send(channel, Buffer.from(tickFrame({ channel, text, at, seq })));
  }

  #send(channel: string, frame: Uint8Array): void {
    this.#latestFrames.set(channel, frame);
    this.#deliver(channel, frame);
  }
}

function seqOf(frame: Uint8Array): number {
  const message = parseServerMessage(Buffer.from(frame).toString());
  return message !== null && 'tick' in message ? message.tick.seq : -Infinity;
}
