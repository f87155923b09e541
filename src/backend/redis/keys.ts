import type { RecordKind } from '../records.ts';
import type { HealthKeys } from './redis-client.ts';

/**
 * The names of all Redis keys and pub/sub channels of one installation. `time` is prefix + `time`. All other keys
 * contain it as their hash tag: on a cluster they share its slot, so one script may access all of them.
 */
export class Keys {
  /** The latest time as text, for other programs. */
  readonly time: string;
  readonly schema: string;
  readonly installation: string;
  /** Written by each health check, to find out whether Redis accepts writes. */
  readonly health: string;
  readonly lease: string;
  readonly queue: string;
  /** The instant last pushed of each task. */
  readonly lastPushed: string;
  readonly connections: string;
  /** The last message of each slot. */
  readonly publications: string;
  /** The last `seq` of each channel without an interval. */
  readonly publicationSeqs: string;
  /** The pub/sub channel of `Publications.publish`. */
  readonly publicationChannel: string;
  /** The pub/sub channel of `Records.publish`. */
  readonly messageChannel: string;
  readonly #base: string;
  readonly #channelBase: string;

  /**
   * `db`: the number of the database. Pub/sub ignores databases, so the channel names contain it. `scope`: part of all
   * names, for keys of the self-test that no role uses.
   */
  constructor(prefix: string, db: number, scope = '') {
    const tagged = `${prefix}clock:{${prefix}time}:`;
    this.#base = `${tagged}${scope}`;
    this.#channelBase = `${tagged}${db}:${scope}`;
    this.time = scope === '' ? `${prefix}time` : `${this.#base}time`;
    this.schema = `${this.#base}schema`;
    this.installation = `${this.#base}installation`;
    this.health = `${this.#base}health`;
    this.lease = `${this.#base}lease`;
    this.queue = `${this.#base}queue`;
    this.lastPushed = `${this.#base}pushed`;
    this.connections = `${this.#base}connections`;
    this.publications = `${this.#base}publications`;
    this.publicationSeqs = `${this.#base}publication-seqs`;
    this.publicationChannel = `${this.#channelBase}publications`;
    this.messageChannel = `${this.#channelBase}messages`;
  }

  /** The keys that a health check reads. */
  get ofHealthCheck(): HealthKeys {
    return [this.schema, this.installation];
  }

  /** The rows of a process. */
  roster(owner: string): string {
    return `${this.#base}roster:${owner}`;
  }

  /** The latest changes of a process's rows. */
  rosterChanges(owner: string): string {
    return `${this.#base}roster-changes:${owner}`;
  }

  lastTick(channel: string): string {
    return `${this.#base}last:${channel}`;
  }

  /** The pub/sub channel of a channel's ticks. */
  tickChannel(channel: string): string {
    return `${this.#channelBase}ticks:${channel}`;
  }

  record(kind: RecordKind, id: string): string {
    return `${this.#base}${kind}:${id}`;
  }

  /** The sorted set of the ids of a kind, all with the score 0: Redis orders them by id. */
  ids(kind: RecordKind): string {
    return `${this.#base}ids:${kind}`;
  }

  /** The sorted set of the ids of a kind that expire, with the expiry as the score. */
  expiries(kind: RecordKind): string {
    return `${this.#base}expiries:${kind}`;
  }

  /** The prefix of a limit's counters. */
  limit(name: string): string {
    return `${this.#base}limit:${name}`;
  }
}
