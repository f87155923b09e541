import { messageFrameParts } from '../../protocol.ts';
import {
  channelListRecord,
  type Publication,
  type Publications,
  type PublishOutcome,
  type PublishRequest,
} from '../publications.ts';
import type { Keys } from './keys.ts';
import type { ReconnectingConnection } from './reconnecting-connection.ts';

/** Stores the last messages in a hash by slot, in the form in which they are published. */
export class RedisPublications implements Publications {
  readonly #commands: ReconnectingConnection;
  readonly #keys: Keys;
  readonly #onSubscriber: (deliver: (publication: Publication) => void) => void;

  constructor(
    commands: ReconnectingConnection,
    keys: Keys,
    onSubscriber: (deliver: (publication: Publication) => void) => void,
  ) {
    this.#commands = commands;
    this.#keys = keys;
    this.#onSubscriber = onSubscriber;
  }

  async publish({ channel, json, slot = '', lifetimeMs, ifSeq }: PublishRequest): Promise<PublishOutcome> {
    const { publications, publicationSeqs, publicationChannel } = this.#keys;
    const list = this.#keys.record(channelListRecord.kind, channelListRecord.id);
    const { beforeAt, beforeSeq, afterSeq } = messageFrameParts(channel, json);
    const [lifetime, expected] = [String(lifetimeMs ?? ''), String(ifSeq ?? '')];
    const frame = [beforeAt, beforeSeq, afterSeq] as const;
    const keys = [publications, publicationSeqs, list] as const;
    const outcome = await this.#commands.run((client) =>
      client.publishMessage(...keys, channel, slot, lifetime, expected, ...frame, publicationChannel),
    );
    if (typeof outcome === 'string') return outcome;
    const [at, seq] = outcome;
    return { at: Number(at), seq: Number(seq) };
  }

  async list(): Promise<Publication[]> {
    const messages = await this.#commands.run((client) => client.hvalsBuffer(this.#keys.publications));
    return messages.flatMap((message) => parsePublication(message) ?? []);
  }

  async count(): Promise<number> {
    return this.#commands.run((client) => client.hlen(this.#keys.publications));
  }

  async forget(slots: readonly string[], maxSeq = Number.MAX_SAFE_INTEGER): Promise<void> {
    await this.#commands.run((client) => client.forgetMessages(this.#keys.publications, maxSeq, ...slots));
  }

  subscribe(deliver: (publication: Publication) => void): void {
    this.#onSubscriber(deliver);
  }
}

/** Parses a message as `publishMessage` stores and sends it; null for any other. The frame is a part of its memory. */
export function parsePublication(message: Buffer): Publication | null {
  const end = Math.max(0, message.indexOf('\n'));
  const [slot, at, seq, endsAt] = message.toString('utf8', 0, end).split(' ');
  if (slot === undefined || endsAt === undefined) return null;
  return {
    slot,
    at: Number(at),
    seq: Number(seq),
    endsAt: endsAt === '-' ? null : Number(endsAt),
    frame: message.subarray(end + 1),
  };
}
