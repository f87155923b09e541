import { chmodSync, closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { makeFolder } from '../../folders.ts';
import { UserError } from '../../lifecycle.ts';
import { Unavailable } from '../backend.ts';

/** The name of the data file in its folder. */
export const databaseFile = 'clock.db';
const lockFile = 'clock.lock';

/** The version of what is kept in the file. */
const schema = 1;
/** So long a write waits for another process's, which takes well under a millisecond. The wait blocks this process. */
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
  CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  PRAGMA user_version = ${schema};
`;

type Row = Record<string, unknown>;

/** The SQLite file of one folder. Everything that fails on it, once it is open, is an Unavailable. */
export class DataFile {
  readonly path: string;
  readonly #folder: string;
  #database: DatabaseSync | null = null;
  #lock: DatabaseSync | null = null;
  readonly #statements = new Map<string, StatementSync>();

  constructor(folder: string) {
    this.#folder = folder;
    this.path = join(folder, databaseFile);
  }

  /**
   * Opens it, and makes what is missing, for its owner alone. Throws a Failure for a folder that cannot be written, a
   * file of a newer version, which stays as it is, and, when `exclusive`, while another process serves the folder.
   */
  open(exclusive: boolean): void {
    try {
      makeFolder(this.#folder, 0o700);
      if (exclusive) this.#lock = this.#takeLock();
      this.#database = this.#openDatabase();
    } catch (error) {
      this.close();
      if (error instanceof UserError) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      throw new UserError(`the data in ${this.#folder} cannot be used: ${reason}; name another folder with --data-dir`);
    }
  }

  /** Safe twice, and when it never was open. */
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

  /** The number of rows that it changed. */
  run(sql: string, ...values: SQLInputValue[]): number {
    return this.#step(sql, (statement) => Number(statement.run(...values).changes));
  }

  /** Runs some steps as one: no other process comes between, and when one of them throws, none was done. */
  transaction<T>(steps: () => T): T {
    this.run('BEGIN IMMEDIATE');
    try {
      const result = steps();
      this.run('COMMIT');
      return result;
    } catch (error) {
      // Some failures, a full disk among them, have ended it already.
      if (this.#database?.isTransaction) this.run('ROLLBACK');
      throw error;
    }
  }

  #step<T>(sql: string, step: (statement: StatementSync) => T): T {
    if (this.#database === null) throw new Unavailable('starting');
    try {
      let statement = this.#statements.get(sql);
      if (statement === undefined) {
        statement = this.#database.prepare(sql);
        this.#statements.set(sql, statement);
      }
      return step(statement);
    } catch (error) {
      throw new Unavailable('data-readonly', { cause: error });
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
        `${this.path} has schema ${found}, and this version knows ${schema} at most: run the newer clock on it again`,
      );
    }
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
    if (found < schema) database.exec(`BEGIN IMMEDIATE; ${tables} COMMIT`);
    return database;
  }

  // A lock of the kernel's, by way of SQLite: unlike a file with a process id it is gone when its holder is.
  #takeLock(): DatabaseSync {
    const path = join(this.#folder, lockFile);
    makePrivate(path);
    const lock = new DatabaseSync(path);
    try {
      lock.exec('BEGIN EXCLUSIVE');
      return lock;
    } catch (error) {
      lock.close();
      if (!isBusy(error)) throw error;
      throw new UserError(
        `another clock serves the data in ${this.#folder}: stop it, or name another folder with --data-dir`,
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
