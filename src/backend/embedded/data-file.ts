import { chmodSync, closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { makeDirectory } from '../../directories.ts';
import { UserError } from '../../lifecycle.ts';
import { Unavailable } from '../backend.ts';

/** The name of the data file. */
export const databaseFile = 'clock.db';
const lockFile = 'clock.lock';

/** The version of the tables. */
const schema = 2;
/** How long a write waits for the write of another process, ms. The wait blocks this process. */
const busyTimeoutMs = 500;

const tables = `
  CREATE TABLE IF NOT EXISTS record (
    kind TEXT NOT NULL, id TEXT NOT NULL, value TEXT NOT NULL, expires_at REAL,
    PRIMARY KEY (kind, id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS record_expiry ON record (expires_at) WHERE expires_at IS NOT NULL;
  CREATE TABLE IF NOT EXISTS message (
    number INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, sender TEXT NOT NULL, text TEXT NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS publication (
    number INTEGER PRIMARY KEY AUTOINCREMENT, slot TEXT NOT NULL, at REAL NOT NULL, seq REAL NOT NULL, ends_at REAL,
    frame TEXT NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS publication_slot ON publication (slot, number);
  CREATE TABLE IF NOT EXISTS publication_seq (channel TEXT PRIMARY KEY, seq REAL NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  PRAGMA user_version = ${schema};
`;

type Row = Record<string, unknown>;

/** The SQLite file of a data directory. Once it is open, every failure is an `Unavailable`. */
export class DataFile {
  readonly path: string;
  readonly #directory: string;
  #database: DatabaseSync | null = null;
  #lock: DatabaseSync | null = null;
  readonly #statements = new Map<string, StatementSync>();

  readonly #onFailure: (failure: Unavailable) => void;

  /** `onFailure` is called with each failure before it is thrown. */
  constructor(directory: string, onFailure: (failure: Unavailable) => void) {
    this.#directory = directory;
    this.#onFailure = onFailure;
    this.path = join(directory, databaseFile);
  }

  /**
   * Opens the file. Creates missing directories and files, which only their owner can access. Throws a `UserError` if
   * the directory cannot be written, if the file has a newer schema, or, if `exclusive`, while another process serves
   * it.
   */
  open(exclusive: boolean): void {
    try {
      makeDirectory(this.#directory, 0o700);
      if (exclusive) this.#lock = this.#acquireLock();
      this.#database = this.#openDatabase();
    } catch (error) {
      this.close();
      if (error instanceof UserError) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      throw new UserError(
        `the data in ${this.#directory} cannot be used: ${reason}; choose another directory with --data-dir`,
      );
    }
  }

  /** May be called at any time and repeatedly. */
  close(): void {
    this.#statements.clear();
    this.#database?.close();
    this.#lock?.close();
    this.#database = null;
    this.#lock = null;
  }

  get(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#step(sql, (statement) => statement.get(...values));
  }

  all(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#step(sql, (statement) => statement.all(...values));
  }

  /** Returns the number of changed rows. */
  run(sql: string, ...values: SQLInputValue[]): number {
    return this.#step(sql, (statement) => Number(statement.run(...values).changes));
  }

  /** Runs `steps` as one atomic step. If they throw, nothing is changed. */
  transaction<T>(steps: () => T): T {
    this.run('BEGIN IMMEDIATE');
    try {
      const result = steps();
      this.run('COMMIT');
      return result;
    } catch (error) {
      // Some failures, such as a full disk, end the transaction by themselves.
      if (this.#database?.isTransaction) this.run('ROLLBACK');
      throw error;
    }
  }

  /**
   * Like `transaction`, and the result survives a power failure, because the file is flushed to disk. The flush takes
   * some milliseconds, much longer on an SD card, and blocks this process.
   */
  durableTransaction<T>(steps: () => T): T {
    this.#exec('PRAGMA synchronous = FULL');
    try {
      return this.transaction(steps);
    } finally {
      this.#exec('PRAGMA synchronous = NORMAL');
    }
  }

  #exec(sql: string): void {
    this.#attempt((database) => database.exec(sql));
  }

  #step<T>(sql: string, step: (statement: StatementSync) => T): T {
    return this.#attempt((database) => {
      let statement = this.#statements.get(sql);
      if (statement === undefined) {
        statement = database.prepare(sql);
        this.#statements.set(sql, statement);
      }
      return step(statement);
    });
  }

  #attempt<T>(operation: (database: DatabaseSync) => T): T {
    if (this.#database === null) throw new Unavailable('starting');
    try {
      return operation(this.#database);
    } catch (error) {
      const failure = new Unavailable('data-readonly', { cause: error });
      this.#onFailure(failure);
      throw failure;
    }
  }

  #openDatabase(): DatabaseSync {
    makePrivate(this.path);
    const database = new DatabaseSync(this.path);
    database.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
    const found = Number(database.prepare('PRAGMA user_version').get()?.['user_version']);
    if (found > schema) {
      database.close();
      throw new UserError(
        `${this.path} has schema ${found}, but this version supports schema ${schema} at most: upgrade clock`,
      );
    }
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
    if (found < schema) database.exec(`BEGIN IMMEDIATE; ${tables} COMMIT`);
    return database;
  }

  // SQLite locks the file, and the kernel releases the lock when the process ends. A PID file would remain after a
  // crash.
  #acquireLock(): DatabaseSync {
    const path = join(this.#directory, lockFile);
    makePrivate(path);
    const lock = new DatabaseSync(path);
    try {
      lock.exec('BEGIN EXCLUSIVE');
      return lock;
    } catch (error) {
      lock.close();
      if (!isBusy(error)) throw error;
      throw new UserError(
        `another clock serves the data in ${this.#directory}: stop it, or choose another directory with --data-dir`,
      );
    }
  }
}

function makePrivate(path: string): void {
  closeSync(openSync(path, 'a', 0o600));
  chmodSync(path, 0o600);
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === 5;
}
