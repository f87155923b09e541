import type { MessageListener, RecordKind, Records, Stored } from '../backend.ts';
import type { Keys } from './keys.ts';
import type { ReconnectingConnection } from './reconnecting-connection.ts';

/** The number of values per MGET: a longer answer would delay ticks. */
const chunkLength = 500;

/** A record is a string with a lifetime. Each kind has an index of its ids, so no operation scans the database. */
export class RedisRecords implements Records {
  readonly #commands: ReconnectingConnection;
  readonly #keys: Keys;
  readonly #onListener: (listener: MessageListener) => void;

  constructor(commands: ReconnectingConnection, keys: Keys, onListener: (listener: MessageListener) => void) {
    this.#commands = commands;
    this.#keys = keys;
    this.#onListener = onListener;
  }

  async get<T extends object>(kind: RecordKind, id: string): Promise<T | null> {
    const value = await this.#commands.run((client) => client.get(this.#keys.record(kind, id)));
    return parse<T>(value);
  }

  async getMany<T extends object>(kind: RecordKind, ids: readonly string[]): Promise<(T | null)[]> {
    const values: (T | null)[] = [];
    for (let start = 0; start < ids.length; start += chunkLength) {
      const keys = ids.slice(start, start + chunkLength).map((id) => this.#keys.record(kind, id));
      const texts = await this.#commands.run((client) => client.mget(keys));
      values.push(...texts.map((text) => parse<T>(text)));
    }
    return values;
  }

  async create(kind: RecordKind, id: string, value: object, lifetimeMs?: number): Promise<boolean> {
    const [record, index] = this.#keysOf(kind, id);
    const [text, lifetime] = [JSON.stringify(value), lifetimeText(lifetimeMs)];
    return (await this.#commands.run((client) => client.createRecord(record, index, id, text, lifetime))) === 1;
  }

  async update<T extends object>(
    kind: RecordKind,
    id: string,
    change: (value: T) => T | null,
    lifetimeMs?: number,
  ): Promise<boolean> {
    return this.#replace(kind, id, change, lifetimeText(lifetimeMs), []);
  }

  async updateAndPublish<T extends object>(
    kind: RecordKind,
    id: string,
    change: (value: T) => T,
    message: string,
  ): Promise<boolean> {
    return this.#replace(kind, id, change, lifetimeText(undefined), [this.#keys.messageChannel, message]);
  }

  async #replace<T extends object>(
    kind: RecordKind,
    id: string,
    change: (value: T) => T | null,
    lifetime: string,
    publish: [] | [channel: string, message: string],
  ): Promise<boolean> {
    const [record, index] = this.#keysOf(kind, id);
    let current = await this.#commands.run((client) => client.get(record));
    while (current !== null) {
      const expected = current;
      const changed = change(JSON.parse(expected) as T);
      if (changed === null) return true;
      const text = JSON.stringify(changed);
      const found = await this.#commands.run((client) =>
        client.replaceRecord(record, index, id, text, lifetime, expected, ...publish),
      );
      if (found === 1) return true;
      current = found;
    }
    return false;
  }

  async delete(kind: RecordKind, id: string): Promise<boolean> {
    const [record, index] = this.#keysOf(kind, id);
    return (await this.#commands.run((client) => client.deleteRecord(record, index, id))) === 1;
  }

  async deleteAndPublish(kind: RecordKind, ids: readonly string[], message: string): Promise<void> {
    const keys = [this.#keys.index(kind), ...ids.map((id) => this.#keys.record(kind, id))];
    const args = [this.#keys.messageChannel, message, ...ids];
    await this.#commands.run((client) => client.deleteAndPublish(keys.length, ...keys, ...args));
  }

  async list<T extends object>(kind: RecordKind, prefix = ''): Promise<Stored<T>[]> {
    const found = await this.#commands.run((client) => client.listIds(this.#keys.index(kind), prefix));
    const ids = found.toSorted();
    const values = await this.getMany<T>(kind, ids);
    return ids.flatMap((id, index) => {
      const value = values[index] ?? null;
      return value === null ? [] : [{ id, value }];
    });
  }

  async publish(message: string): Promise<void> {
    await this.#commands.run((client) => client.publish(this.#keys.messageChannel, message));
  }

  subscribe(listener: MessageListener): void {
    this.#onListener(listener);
  }

  #keysOf(kind: RecordKind, id: string): [record: string, index: string] {
    return [this.#keys.record(kind, id), this.#keys.index(kind)];
  }
}

function parse<T>(text: string | null): T | null {
  return text === null ? null : (JSON.parse(text) as T);
}

function lifetimeText(lifetimeMs: number | undefined): string {
  return lifetimeMs === undefined ? '' : String(Math.max(1, Math.ceil(lifetimeMs)));
}
