import type { MessageListener, RecordKind, Records, Stored } from '../../src/backend/backend.ts';
import { Unavailable } from '../../src/backend/backend.ts';

/** Records in memory: no other process, and a test decides when an answer comes. */
export class MemoryRecords implements Records {
  /** How often records were asked for, and changed, so far. */
  asked = 0;
  updated = 0;
  away = false;
  readonly #now: () => number;
  readonly #kept = new Map<string, { text: string; expiresAt: number }>();
  readonly #listeners: MessageListener[] = [];
  #held: Promise<void> = Promise.resolve();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Answers to `getMany` that are on their way stay there until the returned function is called. */
  hold(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#held = promise;
    return resolve;
  }

  /** What a backend says when something may have been missed. */
  miss(): void {
    for (const listener of this.#listeners) listener.onGap({ replaced: false });
  }

  async get<T extends object>(kind: RecordKind, id: string): Promise<T | null> {
    return this.#find<T>(kind, id);
  }

  async getMany<T extends object>(kind: RecordKind, ids: readonly string[]): Promise<(T | null)[]> {
    if (this.away) throw new Unavailable('redis-down');
    this.asked += 1;
    const found = ids.map((id) => this.#find<T>(kind, id));
    await this.#held;
    return found;
  }

  async create(kind: RecordKind, id: string, value: object, lifetimeMs?: number): Promise<boolean> {
    if (this.#find(kind, id) !== null) return false;
    this.#keep(kind, id, value, lifetimeMs);
    return true;
  }

  async update<T extends object>(
    kind: RecordKind,
    id: string,
    change: (value: T) => T | null,
    lifetimeMs?: number,
  ): Promise<boolean> {
    const current = this.#find<T>(kind, id);
    if (current === null) return false;
    this.updated += 1;
    const changed = change(current);
    if (changed !== null) this.#keep(kind, id, changed, lifetimeMs);
    return true;
  }

  async updateAndPublish<T extends object>(
    kind: RecordKind,
    id: string,
    change: (value: T) => T | null,
    message: string,
  ): Promise<boolean> {
    const current = this.#find<T>(kind, id);
    if (current === null) return false;
    const changed = change(current);
    if (changed === null) return true;
    this.#keep(kind, id, changed);
    await this.publish(message);
    return true;
  }

  async delete(kind: RecordKind, id: string): Promise<boolean> {
    return this.#kept.delete(`${kind} ${id}`);
  }

  async deleteAndPublish(kind: RecordKind, ids: readonly string[], message: string): Promise<void> {
    for (const id of ids) await this.delete(kind, id);
    await this.publish(message);
  }

  async list<T extends object>(kind: RecordKind, prefix = ''): Promise<Stored<T>[]> {
    const start = `${kind} ${prefix}`;
    const keys = [...this.#kept.keys()].filter((key) => key.startsWith(start)).toSorted();
    return keys.flatMap((key) => {
      const id = key.slice(kind.length + 1);
      const value = this.#find<T>(kind, id);
      return value === null ? [] : [{ id, value }];
    });
  }

  async publish(message: string): Promise<void> {
    for (const listener of this.#listeners) listener.onMessage(message);
  }

  subscribe(listener: MessageListener): void {
    this.#listeners.push(listener);
  }

  #find<T extends object>(kind: RecordKind, id: string): T | null {
    const kept = this.#kept.get(`${kind} ${id}`);
    return kept === undefined || kept.expiresAt <= this.#now() ? null : (JSON.parse(kept.text) as T);
  }

  #keep(kind: RecordKind, id: string, value: object, lifetimeMs = Infinity): void {
    this.#kept.set(`${kind} ${id}`, { text: JSON.stringify(value), expiresAt: this.#now() + lifetimeMs });
  }
}
