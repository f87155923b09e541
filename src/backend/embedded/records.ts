import { randomUUID } from 'node:crypto';
import type { MessageListener, RecordKind, Records, Stored } from '../backend.ts';
import type { HouseTime } from '../../time/house-time.ts';
import type { Logger } from '../../logger.ts';
import { Listeners } from '../listeners.ts';
import type { DataFile } from './data-file.ts';

/** How long a message stays in the file, ms. The other processes poll several times a second. */
const messageLifetimeMs = 10_000;
const live = '(expires_at IS NULL OR expires_at > ?)';

/** Records in the data file. Other processes may write to it, too. */
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
    return this.#find<T>(kind, id);
  }

  async getMany<T extends object>(kind: RecordKind, ids: readonly string[]): Promise<(T | null)[]> {
    return ids.map((id) => this.#find<T>(kind, id));
  }

  async create(kind: RecordKind, id: string, value: object, lifetimeMs?: number): Promise<boolean> {
    const text = JSON.stringify(value);
    return this.#file.transaction(() => {
      // An expired record must not occupy the id.
      this.#file.run('DELETE FROM record WHERE expires_at <= ?', this.#time.now());
      const expiry = this.#expiry(lifetimeMs);
      const sql = 'INSERT OR IGNORE INTO record (kind, id, value, expires_at) VALUES (?, ?, ?, ?)';
      return this.#file.run(sql, kind, id, text, expiry) === 1;
    });
  }

  async update<T extends object>(
    kind: RecordKind,
    id: string,
    change: (value: T) => T | null,
    lifetimeMs?: number,
  ): Promise<boolean> {
    return this.#file.transaction(() => {
      const current = this.#find<T>(kind, id);
      if (current === null) return false;
      const changed = change(current);
      if (changed === null) return true;
      const sql = 'UPDATE record SET value = ?, expires_at = ? WHERE kind = ? AND id = ?';
      return this.#file.run(sql, JSON.stringify(changed), this.#expiry(lifetimeMs), kind, id) === 1;
    });
  }

  async updateAndPublish<T extends object>(
    kind: RecordKind,
    id: string,
    change: (value: T) => T,
    message: string,
  ): Promise<boolean> {
    const isUpdated = this.#file.transaction(() => {
      const current = this.#find<T>(kind, id);
      if (current === null) return false;
      const sql = 'UPDATE record SET value = ? WHERE kind = ? AND id = ?';
      this.#file.run(sql, JSON.stringify(change(current)), kind, id);
      this.#insertMessage(message);
      return true;
    });
    if (isUpdated) this.#listeners.notify((listener) => listener.onMessage(message));
    return isUpdated;
  }

  async delete(kind: RecordKind, id: string): Promise<boolean> {
    return this.#file.run(`DELETE FROM record WHERE kind = ? AND id = ? AND ${live}`, kind, id, this.#time.now()) === 1;
  }

  async list<T extends object>(kind: RecordKind, prefix = ''): Promise<Stored<T>[]> {
    const sql = `SELECT id, value FROM record WHERE kind = ? AND substr(id, 1, length(?)) = ? AND ${live}`;
    return this.#file
      .all(sql, kind, prefix, prefix, this.#time.now())
      .map((row) => ({ id: String(row['id']), value: JSON.parse(String(row['value'])) as T }))
      .toSorted((a, b) => (a.id < b.id ? -1 : 1));
  }

  async publish(message: string): Promise<void> {
    await this.deleteAndPublish('session', [], message);
  }

  async deleteAndPublish(kind: RecordKind, ids: readonly string[], message: string): Promise<void> {
    this.#file.transaction(() => {
      for (const id of ids) this.#file.run('DELETE FROM record WHERE kind = ? AND id = ?', kind, id);
      this.#insertMessage(message);
    });
    this.#listeners.notify((listener) => listener.onMessage(message));
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

  #insertMessage(message: string): void {
    const now = this.#time.now();
    this.#file.run('DELETE FROM message WHERE at < ?', now - messageLifetimeMs);
    this.#file.run('INSERT INTO message (at, sender, text) VALUES (?, ?, ?)', now, this.#sender, message);
  }

  #find<T extends object>(kind: RecordKind, id: string): T | null {
    const sql = `SELECT value FROM record WHERE kind = ? AND id = ? AND ${live}`;
    const row = this.#file.get(sql, kind, id, this.#time.now());
    return row === undefined ? null : (JSON.parse(String(row['value'])) as T);
  }

  #expiry(lifetimeMs: number | undefined): number | null {
    return lifetimeMs === undefined ? null : this.#time.now() + lifetimeMs;
  }

  /** Changes with each write of another process. */
  #dataVersion(): number {
    return Number(this.#file.get('PRAGMA data_version')?.['data_version']);
  }
}
