/**
 * JSON objects by kind and id, and messages about them between processes. Lifetimes are in ms; none means forever.
 * `updateAndPublish` and `deleteAndPublish` end access, so they resolve only when a replica has the change, too, if
 * there is one and it acknowledges that within 100 ms.
 */
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
  /**
   * Resolves to `count` records of a kind, from the one at `offset`, in the order of their expiry, the latest first.
   * Records without a lifetime are not among them. A write between two calls may repeat or skip a record.
   */
  listLatest<T extends object>(kind: RecordKind, offset: number, count: number): Promise<Stored<T>[]>;
  /** Sends a message to the listeners of all processes, this one included. Delivery is at most once. */
  publish(message: string): Promise<void>;
  subscribe(listener: MessageListener): void;
}

/** `ended`: a shared session that ended before its credential expires, by the `jti` of the session. */
export type RecordKind =
  | 'account'
  | 'session'
  | 'token'
  | 'pairing'
  | 'screen'
  | 'screen-name'
  | 'link'
  | 'ticket'
  | 'channels'
  | 'ended'
  | 'alert';

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
