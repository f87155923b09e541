import type { Service } from '../lifecycle.ts';
import type { HouseTime } from '../time/house-time.ts';

/** How long a beat leads that renews its lease no more. */
export const leaseMs = 1_000;
/** So many jobs wait at most. */
export const maxQueuedJobs = 16;
/** How long what a process told of its sockets counts. */
export const connectionReportLifetimeMs = 3_000;

/**
 * The place where the roles meet: what flows (ticks), what lasts (records), what is counted over all processes
 * (limiter, census), and the one time. `redis/` shares it between hosts, `embedded/` keeps it inside one process;
 * one suite of tests runs over both. A backend stores and carries; it decides nothing about people.
 */
export interface Backend extends Service {
  /** Where it keeps its data, for a person: never with a password in it. */
  readonly address: string;
  readonly time: HouseTime;
  readonly ticks: Ticks;
  readonly records: Records;
  readonly limiter: Limiter;
  /**
   * Why it cannot serve, in one word, or null while it can: known within 2 s of the fault, null again within 1 s of
   * its end. `start()` resolves although the other side is away; it rejects only for what a person must mend.
   */
  readonly outage: Outage | null;
  /** Tells how many sockets process `owner` holds; resolves to the sum over all that told within `censusMs`. */
  reportConnections(owner: string, sockets: number): Promise<number>;
}

export type Outage =
  | 'starting'
  | 'redis-down'
  | 'redis-readonly'
  | 'redis-full'
  | 'redis-auth'
  | 'redis-deaf'
  | 'redis-schema'
  | 'redis-refuses'
  | 'data-readonly';

/** What every method of a backend rejects with while the other side is away, within about a second. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';
  readonly outage: Outage;

  constructor(outage: Outage, options?: ErrorOptions) {
    super(`the backend cannot serve: ${outage}`, options);
    this.outage = outage;
  }
}

/** A task to be run for one instant of its grid. All instants are epoch ms of house time. */
export interface Job {
  task: string;
  at: number;
  everyMs: number;
  /** After this it must not be shown as the present. */
  expiresAt: number;
}

/** What a channel said last. */
export interface LastTick {
  text: string;
  at: number;
  seq: number;
  zone: string;
  everyMs: number;
}

/** `pushed`: the instant is on its way. `duplicate`: it, or a later one, already was. `not-leader`: the lease is gone. */
export type PushResult = 'pushed' | 'duplicate' | 'not-leader';

/** `published`: every web process was sent it. `expired`: past its expiry. `duplicate`: it, or a later one, was published. */
export type PublishResult = 'published' | 'expired' | 'duplicate';

/**
 * A tick's whole way from a beat to every web process. Each method is one atomic step.
 *
 * Delivery is at most once: a job that dies with its worker is lost, and the next instant is due within an interval;
 * what is published while a subscriber is away is lost to it, and `last` is read again after. Do not count on more.
 *
 * Each instant of a task passes `push`, and `finish`, at most once, whoever tries. The exception: after the authority's
 * clock was stepped back, a stored instant that lies more than an expiry ahead of house time is void.
 */
export interface Ticks {
  /**
   * Takes or renews the lease of `leaseMs` for `owner`. Null while another holds it. The term only rises: a new
   * holder's is greater than any before, and a holder's own stays the same.
   */
  acquireLease(owner: string): Promise<{ term: number } | null>;
  /** Gives the lease up, if it is still the one of that term. */
  releaseLease(owner: string, term: number): Promise<void>;
  /** Enqueues, if the lease is still that owner's and term's. Beyond `queueLength` the oldest fall out. */
  push(job: Job, owner: string, term: number): Promise<PushResult>;
  /** The next job that has not expired, each to one caller only; waits, also for the other side's return. Null when aborted. */
  pop(signal: AbortSignal): Promise<Job | null>;
  /**
   * Stamps `seq`, keeps the tick as the channel's last and publishes its frame. `seq` is the greater of the channel's
   * last plus one and `at` / 50 rounded down, so that it rises even when all stored data is lost.
   */
  publish(job: Job, text: string, zone: string): Promise<PublishResult>;
  last(channel: string): Promise<LastTick | null>;
  /**
   * Hands on every frame published on the channels the backend was made with, in order, as the bytes that were sent.
   * After a gap the last tick of each channel is handed on again, if it is newer than what was handed on before.
   */
  subscribe(deliver: (channel: string, frame: Uint8Array) => void): void;
  /** Jobs that `pop` found expired, so far, in this process. */
  readonly expiredJobs: number;
}

/** JSON objects that last, by kind and id. */
export interface Records {
  get<T extends object>(kind: RecordKind, id: string): Promise<T | null>;
  /** The records of these ids, in their order. */
  getMany<T extends object>(kind: RecordKind, ids: readonly string[]): Promise<(T | null)[]>;
  /** Keeps a record unless there is one of that id; false then. */
  create(kind: RecordKind, id: string, value: object, lifetimeMs?: number): Promise<boolean>;
  /**
   * Replaces a record by what `change` makes of it, and starts its lifetime anew; false when there is none. No other
   * writer comes between: `change` may be called again on a newer value, so it must be pure. Null from it changes nothing.
   */
  update<T extends object>(
    kind: RecordKind,
    id: string,
    change: (value: T) => T | null,
    lifetimeMs?: number,
  ): Promise<boolean>;
  /** False when there was none. */
  delete(kind: RecordKind, id: string): Promise<boolean>;
  /** Deletes records and tells a message, in one step: nothing is ever deleted without its being told. */
  deleteAndPublish(kind: RecordKind, ids: readonly string[], message: string): Promise<void>;
  /** All live records of a kind whose id begins with `prefix`, by id in code unit order. */
  list<T extends object>(kind: RecordKind, prefix?: string): Promise<Stored<T>[]>;
  /** Sends a message to every listener in every process, this one too. At most once, like a tick. */
  publish(message: string): Promise<void>;
  subscribe(listener: MessageListener): void;
}

export type RecordKind = 'account' | 'session' | 'token' | 'pairing' | 'screen' | 'screen-name' | 'link';

export interface Stored<T extends object> {
  id: string;
  value: T;
}

export interface MessageListener {
  onMessage(message: string): void;
  /**
   * Messages may have been lost: a lost connection, one that came late, another process that wrote to the file; or all
   * records were `replaced`: there is another installation id. Called within a second of the other side's return. Ask
   * anew what matters.
   */
  onGap(gap: { replaced: boolean }): void;
}

/** At most `tries` in a window of `windowMs` that begins with the first of them. */
export interface Limit {
  /** Names the limit; part of the key. */
  name: string;
  maxAttempts: number;
  windowMs: number;
}

/** Tries, counted in fixed windows over all processes. */
export interface Limiter {
  /** Counts one try. Null while within the limit, else how long its window still lasts, ms. */
  consume(limit: Limit, key: string): Promise<number | null>;
  /** Like `take`, without counting: null while a further try would be within the limit. */
  check(limit: Limit, key: string): Promise<number | null>;
  /** Takes one try back. */
  refund(limit: Limit, key: string): Promise<void>;
  /** Forgets all tries. */
  reset(limit: Limit, key: string): Promise<void>;
}
