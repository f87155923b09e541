import type { MessageListener, RecordKind, Records, Stored } from '../../src/backend/records.ts';
import { Unavailable } from '../../src/backend/backend.ts';

/** Records in memory. A test controls when reads are answered and whether the backend is available. */
export class MemoryRecords implements Records {
  /** The number of calls to `getMany` by kind, and of updated records. */
  readonly reads = new Map<RecordKind, number>();
  updates = 0;
  isAway = false;
  /** After this many writes the backend is away. */
  writesLeft = Infinity;
  /** Called while a `getMany` is in flight. */
  onRead: () => void = () => {};
  readonly #now: () => number;
  readonly #stored = new Map<string, { text: string; expiresAt: number }>();
  readonly #listeners: MessageListener[] = [];
  #held: Promise<void> = Promise.resolve();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Delays the answers of `getMany` until the returned function is called. */
  hold(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#held = promise;
    return resolve;
  }

  /** Reports a gap to the listeners. */
  reportGap(gap = { replaced: false }): void {
    for (const listener of this.#listeners) listener.onGap(gap);
  }

  async get<T extends object>(kind: RecordKind, id: string): Promise<T | null> {
    return this.#find<T>(kind, id);
  }

  async getMany<T extends object>(kind: RecordKind, ids: readonly string[]): Promise<(T | null)[]> {
    if (this.isAway) throw new Unavailable('redis-down');
    this.reads.set(kind, (this.reads.get(kind) ?? 0) + 1);
    const found = ids.map((id) => this.#find<T>(kind, id));
    await this.#held;
    this.onRead();
    return found;
  }

  async create(kind: RecordKind, id: string, value: object, lifetimeMs?: number): Promise<boolean> {
    this.#countWrite();
    if (this.#find(kind, id) !== null) return false;
    this.#store(kind, id, value, lifetimeMs);
    return true;
  }

  async update<T extends object>(
    kind: RecordKind,
    id: string,
    change: (value: T) => T | null,
    lifetimeMs?: number,
  ): Promise<boolean> {
    this.#countWrite();
    const current = this.#find<T>(kind, id);
    if (current === null) return false;
    this.updates += 1;
    const changed = change(current);
    if (changed !== null) this.#store(kind, id, changed, lifetimeMs);
    return true;
  }

  async updateAndPublish<T extends object>(
    kind: RecordKind,
    id: string,
    change: (value: T) => T | null,
    message: string,
  ): Promise<boolean> {
    this.#countWrite();
    const current = this.#find<T>(kind, id);
    if (current === null) return false;
    const changed = change(current);
    if (changed === null) return true;
    this.#store(kind, id, changed);
    await this.publish(message);
    return true;
  }

  async delete(kind: RecordKind, id: string): Promise<boolean> {
    this.#countWrite();
    return this.#stored.delete(`${kind} ${id}`);
  }

  async deleteAndPublish(kind: RecordKind, ids: readonly string[], message: string): Promise<void> {
    this.#countWrite();
    for (const id of ids) this.#stored.delete(`${kind} ${id}`);
    await this.publish(message);
  }

  async list<T extends object>(kind: RecordKind, prefix = ''): Promise<Stored<T>[]> {
    if (this.isAway) throw new Unavailable('redis-down');
    const start = `${kind} ${prefix}`;
    const keys = [...this.#stored.keys()].filter((key) => key.startsWith(start)).toSorted();
    return keys.flatMap((key) => {
      const id = key.slice(kind.length + 1);
      const value = this.#find<T>(kind, id);
      return value === null ? [] : [{ id, value }];
    });
  }

  async listLatest<T extends object>(kind: RecordKind, offset: number, count: number): Promise<Stored<T>[]> {
    const expiryOf = ({ id }: { id: string }): number => this.#stored.get(`${kind} ${id}`)?.expiresAt ?? 0;
    const all = (await this.list<T>(kind)).filter((stored) => expiryOf(stored) !== Infinity);
    await this.#held;
    return all.toSorted((a, b) => expiryOf(b) - expiryOf(a)).slice(offset, offset + count);
  }

  async publish(message: string): Promise<void> {
    for (const listener of this.#listeners) listener.onMessage(message);
  }

  subscribe(listener: MessageListener): void {
    this.#listeners.push(listener);
  }

  #countWrite(): void {
    if (this.writesLeft === 0) throw new Unavailable('redis-down');
    this.writesLeft -= 1;
  }

  #find<T extends object>(kind: RecordKind, id: string): T | null {
    const stored = this.#stored.get(`${kind} ${id}`);
    return stored === undefined || stored.expiresAt <= this.#now() ? null : (JSON.parse(stored.text) as T);
  }

  #store(kind: RecordKind, id: string, value: object, lifetimeMs = Infinity): void {
    this.#stored.set(`${kind} ${id}`, { text: JSON.stringify(value), expiresAt: this.#now() + lifetimeMs });
  }
}
