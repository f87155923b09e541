import { randomUUID } from 'node:crypto';
import type { MessageListener, RecordKind, Records, Stored } from '../records.ts';
import type { HouseTime } from '../../time/house-time.ts';
import type { Logger } from '../../logger.ts';
import { Listeners } from '../listeners.ts';
import type { DataFile } from './data-file.ts';

/** How long a message stays in the file, ms. The other processes poll several times a second. */
const messageLifetimeMs = 10_000;
const live = '(expires_at IS NULL OR expires_at > ?)';

/**
 * Records in the data file, to which other processes may write, too. Operations that end access are flushed to disk.
 */
export class EmbeddedRecords implements Records {
  readonly #file: DataFile;
  readonly #time: HouseTime;
  readonly #sender: string = randomUUID();
  readonly #listeners: Listeners<MessageListener>;
  #lastVersion = 0;
  #lastMessage = 0;

  constructor(file: DataFile, time: HouseTime, log: Logger) {
    this.#file = file;
    this.#time = time;
    this.#listeners = new Listeners(log);
  }

  async get<T extends object>(kind: RecordKind, id: string): Promise<T | null> {
    return this.#find<T>(kind, id, this.#time.now());
  }

  async getMany<T extends object>(kind: RecordKind, ids: readonly string[]): Promise<(T | null)[]> {
    const now = this.#time.now();
    return ids.map((id) => this.#find<T>(kind, id, now));
  }

  async create(kind: RecordKind, id: string, value: object, lifetimeMs?: number): Promise<boolean> {
    const now = this.#time.now();
    return this.#file.transaction(() => {
      // An expired record must not occupy the id.
      this.#file.run('DELETE FROM record WHERE expires_at <= ?', now);
      const sql = 'INSERT OR IGNORE INTO record (kind, id, value, expires_at) VALUES (?, ?, ?, ?)';
      return this.#file.run(sql, kind, id, JSON.stringify(value), expiryAt(now, lifetimeMs)) === 1;
    });
  }

  async update<T extends object>(
    kind: RecordKind,
    id: string,
    change: (value: T) => T | null,
    lifetimeMs?: number,
  ): Promise<boolean> {
    return this.#file.transaction(() => this.#replace(kind, id, change, lifetimeMs) !== 'missing');
  }

  async updateAndPublish<T extends object>(
    kind: RecordKind,
    id: string,
    change: (value: T) => T | null,
    message: string,
  ): Promise<boolean> {
    const result = this.#file.durableTransaction(() => {
      const replaced = this.#replace(kind, id, change, undefined);
      if (replaced === 'changed') this.#storeMessage(message);
      return replaced;
    });
    if (result === 'changed') this.#notify(message);
    return result !== 'missing';
  }

  async delete(kind: RecordKind, id: string): Promise<boolean> {
    const sql = `DELETE FROM record WHERE kind = ? AND id = ? AND ${live}`;
    return this.#file.durableTransaction(() => this.#file.run(sql, kind, id, this.#time.now()) === 1);
  }

  async list<T extends object>(kind: RecordKind, prefix = ''): Promise<Stored<T>[]> {
    // The greatest code point ends the range, so that the primary key finds it.
    const sql = `SELECT id, value FROM record WHERE kind = ? AND id >= ? AND id < ? AND ${live}`;
    return this.#file
      .all(sql, kind, prefix, `${prefix}\u{10ffff}`, this.#time.now())
      .map(storedOf<T>)
      .toSorted((a, b) => (a.id < b.id ? -1 : 1));
  }

  async listLatest<T extends object>(kind: RecordKind, offset: number, count: number): Promise<Stored<T>[]> {
    const sql =
      'SELECT id, value FROM record WHERE kind = ? AND expires_at > ? ORDER BY expires_at DESC LIMIT ? OFFSET ?';
    return this.#file.all(sql, kind, this.#time.now(), count, offset).map(storedOf<T>);
  }

  async publish(message: string): Promise<void> {
    this.#file.transaction(() => this.#storeMessage(message));
    this.#notify(message);
  }

  async deleteAndPublish(kind: RecordKind, ids: readonly string[], message: string): Promise<void> {
    this.#file.durableTransaction(() => {
      for (const id of ids) this.#file.run('DELETE FROM record WHERE kind = ? AND id = ?', kind, id);
      this.#storeMessage(message);
    });
    this.#notify(message);
  }

  subscribe(listener: MessageListener): void {
    this.#listeners.add(listener);
  }

  /** Must be called once the file is open: everything written before counts as read. */
  markAsRead(): void {
    this.#lastVersion = this.#dataVersion();
    this.#lastMessage = Number(this.#file.get('SELECT max(number) AS number FROM message')?.['number'] ?? 0);
  }

  /** Notifies the listeners of the messages and writes of other processes since the last call. */
  poll(): void {
    const version = this.#dataVersion();
    if (version === this.#lastVersion) return;
    const sql = 'SELECT number, sender, text FROM message WHERE number > ? ORDER BY number';
    const messages = this.#file.all(sql, this.#lastMessage);
    this.#lastVersion = version;
    for (const { number, sender, text } of messages) {
      this.#lastMessage = Number(number);
      if (sender === this.#sender) continue;
      this.#listeners.notify((listener) => listener.onMessage(String(text)));
    }
    this.#listeners.notify((listener) => listener.onGap({ replaced: false }));
  }

  /** Must be called within a transaction. */
  #replace<T extends object>(
    kind: RecordKind,
    id: string,
    change: (value: T) => T | null,
    lifetimeMs: number | undefined,
  ): 'missing' | 'unchanged' | 'changed' {
    const now = this.#time.now();
    const current = this.#find<T>(kind, id, now);
    if (current === null) return 'missing';
    const changed = change(current);
    if (changed === null) return 'unchanged';
    const sql = 'UPDATE record SET value = ?, expires_at = ? WHERE kind = ? AND id = ?';
    this.#file.run(sql, JSON.stringify(changed), expiryAt(now, lifetimeMs), kind, id);
    return 'changed';
  }

  #find<T extends object>(kind: RecordKind, id: string, now: number): T | null {
    const sql = `SELECT value FROM record WHERE kind = ? AND id = ? AND ${live}`;
    const row = this.#file.get(sql, kind, id, now);
    return row === undefined ? null : (JSON.parse(String(row['value'])) as T);
  }

  /** Stores a message for the other processes. Must be called within a transaction. */
  #storeMessage(message: string): void {
    const now = this.#time.now();
    this.#file.run('DELETE FROM message WHERE at < ?', now - messageLifetimeMs);
    this.#file.run('INSERT INTO message (at, sender, text) VALUES (?, ?, ?)', now, this.#sender, message);
  }

  #notify(message: string): void {
    this.#listeners.notify((listener) => listener.onMessage(message));
  }

  /** Changes with each write of another process. */
  #dataVersion(): number {
    return Number(this.#file.get('PRAGMA data_version')?.['data_version']);
  }
}

function storedOf<T extends object>(row: Record<string, unknown>): Stored<T> {
  return { id: String(row['id']), value: JSON.parse(String(row['value'])) as T };
}

function expiryAt(now: number, lifetimeMs: number | undefined): number | null {
  return lifetimeMs === undefined ? null : now + lifetimeMs;
}
