import type { Service } from '../lifecycle.ts';
import type { HouseTime } from '../time/house-time.ts';

/** How long a lease lasts after it was acquired or renewed, ms. */
export const leaseMs = 1_000;
/** The greatest number of jobs in the queue. */
export const maxQueuedJobs = 16;
/** How long a report of `reportConnections` counts, ms. */
export const connectionReportLifetimeMs = 3_000;

/**
 * Everything that the processes of an installation share: ticks, records, rate limits, connection counts and house
 * time. `redis/` shares it between hosts; `embedded/` keeps it in one process and a file. Both pass the same test
 * suite. A backend stores and transports data and contains no rules about accounts or sessions.
 *
 * Every method rejects with `Unavailable`, within about a second, while the data cannot be read or written.
 */
export interface Backend extends Service {
  /** The address of the data, for logs and messages. It never contains a password. */
  readonly address: string;
  readonly time: HouseTime;
  readonly ticks: Ticks;
  readonly records: Records;
  readonly limiter: Limiter;
  /** Values that belong to this host alone; null for a backend that several hosts share. */
  readonly settings: Settings | null;
  /**
   * Why the backend cannot serve; null while it can. Changes within 2 s of a fault and within 1 s of its end. `start()`
   * resolves even if the data is unavailable. It rejects with a `UserError` only if an operator must act before a
   * retry.
   */
  readonly outage: Outage | null;
  /** The error message of Redis or the system behind the outage, if known. It never contains a password. */
  readonly outageReason: string | null;
  /**
   * Reports that the process `owner` holds `count` sockets, and what changed in its rows of the roster. The rows are
   * deleted about 10 s after the last report. If the call rejects, the changes may have been stored.
   */
  reportConnections(owner: string, count: number, changes: RosterChanges): Promise<ConnectionReport>;
  /**
   * The rows of all processes that reported within `connectionReportLifetimeMs`, by process and key. A row that did not
   * change is the same object as in the last call. Reads from the backend only what changed since then.
   */
  readRoster(): Promise<Roster>;
  /** Lists the settings that put stored data at risk although the backend serves; empty if there are none. */
  checkDurability(): Promise<DurabilityProblem[]>;
  /**
   * Tries each operation that the roles need, on separate data, which it deletes. Changes nothing that a role reads.
   * Resolves to one result per group of operations.
   */
  selfTest(): Promise<SelfTestResult[]>;
}

/** JSON objects by process and key: what the processes report about their sockets. */
export type Roster = ReadonlyMap<string, ReadonlyMap<string, object>>;

/** What changed in the rows of a process. */
export interface RosterChanges {
  /** The `rosterVersion` of the previous report. 0: `rows` replaces all rows of the process. */
  after: number;
  /** By key, which must not be empty; null removes a row. */
  rows: Readonly<Record<string, object | null>>;
}

export interface ConnectionReport {
  /** The sum of the latest counts of all processes within `connectionReportLifetimeMs`. */
  total: number;
  /** 0: the backend does not have the rows of version `after` and ignored the changes. All rows must be sent again. */
  rosterVersion: number;
}

/** The reason of an outage in one word, as `/ready` reports it. */
export type Outage =
  | 'starting'
  | 'redis-down'
  | 'redis-readonly'
  | 'redis-full'
  | 'redis-auth'
  /** Commands are answered, but the subscription is interrupted. */
  | 'redis-deaf'
  | 'redis-schema'
  | 'redis-refuses'
  | 'data-readonly';

/** The rejection of every backend method during an outage. `cause` is the underlying error, if there is one. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';
  readonly outage: Outage;

  constructor(outage: Outage, options?: ErrorOptions) {
    super(`the backend cannot serve: ${outage}`, options);
    this.outage = outage;
  }

  /** The error message of Redis or the system, if known. It never contains a password. */
  get reason(): string | null {
    return this.cause instanceof Error ? this.cause.message : null;
  }
}

/** A risk to stored data. */
export interface DurabilityProblem {
  /** `persistence`: a restart loses data. `eviction`: a full memory deletes data. */
  name: 'persistence' | 'eviction';
  /** What is wrong and what to set, in one sentence. */
  problem: string;
}

/** The result of one group of operations of `selfTest`. */
export interface SelfTestResult {
  name: string;
  /** The error message of Redis or the system; null if all operations succeeded. */
  problem: string | null;
}

/** Text values by name that outlive the process. Other processes on this host share them. */
export interface Settings {
  /** Returns the value stored under `name`. If there is none, stores and returns the result of `make`. */
  getOrCreate(name: string, make: () => string): string;
}

/** One run of a task, for one instant of its grid. Instants are epoch ms of house time. */
export interface Job {
  task: string;
  at: number;
  /** The interval of the task, ms. */
  everyMs: number;
  /** The instant after which the result must not be published. */
  expiresAt: number;
}

/** The latest message of a channel. */
export interface LastTick {
  text: string;
  /** The instant that the text describes, epoch ms of house time. */
  at: number;
  seq: number;
  zone: string;
  everyMs: number;
  /** The instant after which the text must not be sent as the present. */
  expiresAt: number;
}

/**
 * `pushed`: the job is in the queue. `duplicate`: this instant or a later one was pushed before. `not-leader`: the
 * lease belongs to another owner or term, or has ended.
 */
export type PushResult = 'pushed' | 'duplicate' | 'not-leader';

/**
 * `published`: the tick was stored and sent. `expired`: house time is past `expiresAt`. `duplicate`: this instant or a
 * later one was published before.
 */
export type PublishResult = 'published' | 'expired' | 'duplicate';

/**
 * Transports ticks from a beat through a worker to every web process. Each method is one atomic step.
 *
 * Delivery is at most once. A job is lost if its worker dies; the next instant is due within an interval. A subscriber
 * misses what is published while it is disconnected and then receives the last tick of each channel.
 *
 * Each instant of a task passes `push` and `publish` at most once, whatever the number of callers. The exception: after
 * the authority's clock was set back, a stored instant more than one expiry ahead of house time is void.
 */
export interface Ticks {
  /**
   * Acquires or renews the lease for `owner`, for `leaseMs`. Resolves to null while another owner holds it. A new
   * holder's term is greater than all terms before; a renewal keeps the term.
   */
  acquireLease(owner: string): Promise<{ term: number } | null>;
  /** Ends the lease, if it still belongs to this owner and term. */
  releaseLease(owner: string, term: number): Promise<void>;
  /** Adds a job to the queue, if the lease belongs to this owner and term. Above `maxQueuedJobs` drops the oldest. */
  push(job: Job, owner: string, term: number): Promise<PushResult>;
  /**
   * Resolves to the oldest job that has not expired; each job goes to one caller only. Waits for a job, also during an
   * outage. Resolves to null once `signal` is aborted.
   */
  pop(signal: AbortSignal): Promise<Job | null>;
  /**
   * Assigns `seq`, stores the tick as the channel's last and publishes its frame. `seq` is the greater of the last one
   * plus 1 and `at` / 50 rounded down, so it rises even if all stored data is lost.
   */
  publish(job: Job, text: string, zone: string): Promise<PublishResult>;
  /** Resolves to null before the first tick of the channel. */
  last(channel: string): Promise<LastTick | null>;
  /**
   * Calls `deliver` for each frame published on the backend's channels, in order, with the bytes that were sent. After
   * a gap it delivers the last tick of each channel, if that is newer than the previous delivery.
   */
  subscribe(deliver: (channel: string, frame: Uint8Array) => void): void;
  /** The number of expired jobs that `pop` has dropped in this process. */
  readonly expiredJobs: number;
}

/** JSON objects by kind and id, and messages about them between processes. Lifetimes are in ms; none means forever. */
export interface Records {
  get<T extends object>(kind: RecordKind, id: string): Promise<T | null>;
  /** Resolves to one value per id, in the order of `ids`; null for a missing record. */
  getMany<T extends object>(kind: RecordKind, ids: readonly string[]): Promise<(T | null)[]>;
  /** Stores a new record. Resolves to false, and changes nothing, if the id exists. */
  create(kind: RecordKind, id: string, value: object, lifetimeMs?: number): Promise<boolean>;
  /**
   * Replaces a record by the result of `change` and restarts its lifetime. Resolves to false if the record does not
   * exist. The step is atomic: `change` must be pure, since it is called again if another writer was faster. If it
   * returns null, nothing changes.
   */
  update<T extends object>(
    kind: RecordKind,
    id: string,
    change: (value: T) => T | null,
    lifetimeMs?: number,
  ): Promise<boolean>;
  /** Like `update`, without a lifetime, and publishes a message in the same atomic step if it changes the record. */
  updateAndPublish<T extends object>(
    kind: RecordKind,
    id: string,
    change: (value: T) => T | null,
    message: string,
  ): Promise<boolean>;
  /** Resolves to false if the record did not exist. */
  delete(kind: RecordKind, id: string): Promise<boolean>;
  /** Deletes records and publishes a message in one atomic step. Missing records are ignored. */
  deleteAndPublish(kind: RecordKind, ids: readonly string[], message: string): Promise<void>;
  /** Resolves to all live records of a kind whose id starts with `prefix`, sorted by id in code unit order. */
  list<T extends object>(kind: RecordKind, prefix?: string): Promise<Stored<T>[]>;
  /** Sends a message to the listeners of all processes, this one included. Delivery is at most once. */
  publish(message: string): Promise<void>;
  subscribe(listener: MessageListener): void;
}

export type RecordKind = 'account' | 'session' | 'token' | 'pairing' | 'screen' | 'screen-name' | 'link' | 'ticket';

export interface Stored<T extends object> {
  id: string;
  value: T;
}

/** Receives the messages of `Records.publish`. An error that it throws is logged. */
export interface MessageListener {
  onMessage(message: string): void;
  /**
   * Messages may have been lost: the connection was interrupted, or another process wrote to the data file. `replaced`
   * means that the installation id has changed, so all records may differ. The listener must reread what it relies on.
   * Called within a second of the end of the interruption.
   */
  onGap(gap: { replaced: boolean }): void;
}

/** Allows `maxAttempts` within a fixed window, which starts with the first attempt. */
export interface Limit {
  /** Identifies the limit; attempts of different limits are counted separately. */
  name: string;
  maxAttempts: number;
  /** Rounded up to whole seconds. */
  windowMs: number;
}

/** Counts attempts per limit and key, over all processes. */
export interface Limiter {
  /** Counts an attempt. Resolves to null within the limit, else to the remaining time of the window, ms. */
  consume(limit: Limit, key: string): Promise<number | null>;
  /** Like `consume`, but does not count an attempt. */
  check(limit: Limit, key: string): Promise<number | null>;
  /** Removes one attempt from the count. */
  refund(limit: Limit, key: string): Promise<void>;
  /** Removes all attempts from the count. */
  reset(limit: Limit, key: string): Promise<void>;
}
