import type { MessageListener, RecordKind, Records, Stored } from '../records.ts';
import type { Keys } from './keys.ts';
import type { ReconnectingConnection } from './reconnecting-connection.ts';
import type { RecordKeys } from './redis-client.ts';
import { ReplicaWait } from './replica-wait.ts';

/** The number of ids or values per command: a longer answer would delay ticks. */
const chunkLength = 500;

/**
 * A record is a string with a lifetime. Each kind has an index of its ids and one of their
 * expiries, so no operation scans the database.
 */
export class RedisRecords implements Records {
  readonly #commands: ReconnectingConnection;
  readonly #keys: Keys;
  readonly #onListener: (listener: MessageListener) => void;
  readonly #replicaWait = new ReplicaWait();

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
    const keys = this.#keysOf(kind, id);
    const [text, lifetime] = [JSON.stringify(value), lifetimeText(lifetimeMs)];
    return (await this.#commands.run((client) => client.createRecord(...keys, id, text, lifetime))) === 1;
  }

  update<T extends object>(
    kind: RecordKind,
    id: string,
    change: (value: T) => T | null,
    lifetimeMs?: number,
  ): Promise<boolean> {
    return this.#replace(kind, id, change, lifetimeText(lifetimeMs), ['', '']);
  }

  updateAndPublish<T extends object>(
    kind: RecordKind,
    id: string,
    change: (value: T) => T | null,
    message: string,
  ): Promise<boolean> {
    return this.#replace(kind, id, change, '', [this.#keys.messageChannel, message]);
  }

  async delete(kind: RecordKind, id: string): Promise<boolean> {
    const keys = this.#keysOf(kind, id);
    return (await this.#commands.run((client) => client.deleteRecord(...keys, id))) === 1;
  }

  async deleteAndPublish(kind: RecordKind, ids: readonly string[], message: string): Promise<void> {
    const records = ids.map((id) => this.#keys.record(kind, id));
    const keys = [this.#keys.ids(kind), this.#keys.expiries(kind), ...records];
    const args = [this.#keys.messageChannel, message, ...ids];
    await this.#commands.run(async (client) => {
      await client.deleteAndPublish(keys.length, ...keys, ...args);
      await this.#replicaWait.wait(client);
    });
  }

  async list<T extends object>(kind: RecordKind, prefix = ''): Promise<Stored<T>[]> {
    const stored: Stored<T>[] = [];
    // No UTF-8 text contains the byte 0xff, so it is greater than all ids with the prefix.
    const end = prefix === '' ? '+' : Buffer.concat([Buffer.from(`(${prefix}`), Buffer.from([0xff])]);
    let start = prefix === '' ? '-' : `[${prefix}`;
    for (;;) {
      const from = start;
      const ids = await this.#commands.run((client) =>
        client.zrangebylex(this.#keys.ids(kind), from, end, 'LIMIT', 0, chunkLength),
      );
      stored.push(...(await this.#find<T>(kind, ids)));
      if (ids.length < chunkLength) break;
      start = `(${ids.at(-1)}`;
    }
    // Redis orders by bytes, which differs from code units beyond U+FFFF.
    return stored.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  }

  async listLatest<T extends object>(kind: RecordKind, offset: number, count: number): Promise<Stored<T>[]> {
    const key = this.#keys.expiries(kind);
    const ids = await this.#commands.run((client) => client.zrevrange(key, offset, offset + count - 1));
    return this.#find<T>(kind, ids);
  }

  async publish(message: string): Promise<void> {
    await this.#commands.run((client) => client.publish(this.#keys.messageChannel, message));
  }

  subscribe(listener: MessageListener): void {
    this.#onListener(listener);
  }

  /** The records with these ids. An expired one is still in the indexes until a later write removes it. */
  async #find<T extends object>(kind: RecordKind, ids: readonly string[]): Promise<Stored<T>[]> {
    const values = await this.getMany<T>(kind, ids);
    return ids.flatMap((id, index) => {
      const value = values[index] ?? null;
      return value === null ? [] : [{ id, value }];
    });
  }

  /** Compares and sets, and repeats that while another writer changes the record in between. */
  async #replace<T extends object>(
    kind: RecordKind,
    id: string,
    change: (value: T) => T | null,
    lifetime: string,
    [messageChannel, message]: [messageChannel: string, message: string],
  ): Promise<boolean> {
    const keys = this.#keysOf(kind, id);
    let current = await this.#commands.run((client) => client.get(keys[0]));
    while (current !== null) {
      const expected = current;
      const changed = change(JSON.parse(expected) as T);
      if (changed === null) return true;
      const text = JSON.stringify(changed);
      const found = await this.#commands.run(async (client) => {
        const reply = await client.replaceRecord(...keys, id, text, lifetime, expected, messageChannel, message);
        if (reply === 1 && message !== '') await this.#replicaWait.wait(client);
        return reply;
      });
      if (found === 1) return true;
      current = found;
    }
    return false;
  }

  #keysOf(kind: RecordKind, id: string): RecordKeys {
    return [this.#keys.record(kind, id), this.#keys.ids(kind), this.#keys.expiries(kind)];
  }
}

function parse<T>(text: string | null): T | null {
  return text === null ? null : (JSON.parse(text) as T);
}

function lifetimeText(lifetimeMs: number | undefined): string {
  return lifetimeMs === undefined ? '' : String(Math.max(1, Math.ceil(lifetimeMs)));
}
