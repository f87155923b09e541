import type { RecordKind } from '../backend.ts';

/**
 * The names of everything that one installation keeps in Redis. The article's string is prefix + `time`; the others
 * carry it as their hash tag, so that on a cluster all of them share its slot and one script may touch them all.
 */
export class Keys {
  /** The latest time, as the article stores it. */
  readonly time: string;
  readonly schema: string;
  readonly installation: string;
  readonly healthCheck: string;
  readonly lease: string;
  readonly queue: string;
  readonly pushed: string;
  readonly connections: string;
  /** The channel of pub/sub that carries messages between processes. */
  readonly messages: string;
  readonly #own: string;
  readonly #channels: string;

  /** `db`: the database's number; pub/sub knows no databases, so its names must. */
  constructor(prefix: string, db: number) {
    this.time = `${prefix}time`;
    this.#own = `${prefix}clock:{${this.time}}:`;
    this.#channels = `${this.#own}${db}:`;
    this.schema = `${this.#own}schema`;
    this.installation = `${this.#own}installation`;
    this.healthCheck = `${this.#own}pulse`;
    this.lease = `${this.#own}lease`;
    this.queue = `${this.#own}queue`;
    this.pushed = `${this.#own}pushed`;
    this.connections = `${this.#own}census`;
    this.messages = `${this.#channels}tell`;
  }

  last(channel: string): string {
    return `${this.#own}last:${channel}`;
  }

  /** The channel of pub/sub that carries a channel's ticks. */
  ticks(channel: string): string {
    return `${this.#channels}ticks:${channel}`;
  }

  record(kind: RecordKind, id: string): string {
    return `${this.#own}${kind}:${id}`;
  }

  /** The ids of all records of a kind, scored by their expiry. */
  index(kind: RecordKind): string {
    return `${this.#own}index:${kind}`;
  }

  limit(name: string): string {
    return `${this.#own}limit:${name}`;
  }
}
