import { randomUUID } from 'node:crypto';
import type { MessageListener, RecordKind, Records, Stored } from '../backend.ts';
import type { HouseTime } from '../../time/house-time.ts';
import type { Logger } from '../../logger.ts';
import { Listeners } from '../listeners.ts';
import type { DataFile } from './data-file.ts';

/** How long a message waits for the other processes, which look several times a second, ms. */
const messageLifetimeMs = 10_000;
const live = '(expires_at IS NULL OR expires_at > ?)';

/** Records in the data file, where other processes may write too. */
export class EmbeddedRecords implements Records {
  readonly #file: DataFile;
  readonly #time: HouseTime;
  readonly #self: string = randomUUID();
  readonly #listeners: Listeners<MessageListener>;
  #seenVersion = 0;
  #seenMessage = 0;

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
      // It also clears the way for an id whose record has expired.
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

  /** To be called when the file was opened: what was written before is not news. */
  begin(): void {
    this.#seenVersion = this.#dataVersion();
    this.#seenMessage = Number(this.#file.get('SELECT max(number) AS number FROM message')?.['number'] ?? 0);
  }

  /** Tells the listeners what other processes have said or done since the last look. */
  look(): void {
    const version = this.#dataVersion();
    if (version === this.#seenVersion) return;
    const sql = 'SELECT number, sender, text FROM message WHERE number > ? ORDER BY number';
    const messages = this.#file.all(sql, this.#seenMessage);
    this.#seenVersion = version;
    for (const { number, sender, text } of messages) {
      this.#seenMessage = Number(number);
      if (sender === this.#self) continue;
      this.#listeners.notify((listener) => listener.onMessage(String(text)));
    }
    this.#listeners.notify((listener) => listener.onGap({ replaced: false }));
  }

  #insertMessage(message: string): void {
    const now = this.#time.now();
    this.#file.run('DELETE FROM message WHERE at < ?', now - messageLifetimeMs);
    this.#file.run('INSERT INTO message (at, sender, text) VALUES (?, ?, ?)', now, this.#self, message);
  }

  #find<T extends object>(kind: RecordKind, id: string): T | null {
    const sql = `SELECT value FROM record WHERE kind = ? AND id = ? AND ${live}`;
    const row = this.#file.get(sql, kind, id, this.#time.now());
    return row === undefined ? null : (JSON.parse(String(row['value'])) as T);
  }

  #expiry(lifetimeMs: number | undefined): number | null {
    return lifetimeMs === undefined ? null : this.#time.now() + lifetimeMs;
  }

  /** Another number whenever another process has written. */
  #dataVersion(): number {
    return Number(this.#file.get('PRAGMA data_version')?.['data_version']);
  }
}
