import type { Service } from '../lifecycle.ts';
import type { HouseTime } from '../time/house-time.ts';
import type { Limiter } from './limiter.ts';
import type { Publications } from './publications.ts';
import type { Records } from './records.ts';
import type { Ticks } from './ticks.ts';

/** How long a report of `reportConnections` counts, ms. */
export const connectionReportLifetimeMs = 3_000;

/**
 * Everything that the processes of an installation share: ticks, publications, records, rate limits, connection counts
 * and house time. `redis/` shares it between hosts; `embedded/` keeps it in one process and a file. Both pass the same test
 * suite. A backend stores and transports data and contains no rules about accounts or sessions.
 *
 * Every method rejects with `Unavailable`, within about a second, while the data cannot be read or written.
 */
export interface Backend extends Service {
  /** The address of the data, for logs and messages. It never contains a password. */
  readonly address: string;
  readonly time: HouseTime;
  readonly ticks: Ticks;
  readonly publications: Publications;
  readonly records: Records;
  readonly limiter: Limiter;
  /** Values that belong to this host alone; null for a backend that several hosts share. */
  readonly settings: Settings | null;
  /**
   * Why the backend cannot serve; null while it can. Changes about 2 s after a fault at most, and within 1 s of its end.
   * `start()` resolves even if the data is unavailable. It rejects with a `UserError` only if an operator must act before
   * a retry.
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

/** For `catch`: makes a rejection with `Unavailable` undefined, and throws any other error again. */
export function ignoreUnavailable(error: unknown): undefined {
  if (!(error instanceof Unavailable)) throw error;
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
