import type { MessageListener, RecordKind, Records, Stored } from '../backend.ts';
import type { Keys } from './keys.ts';
import type { ReconnectingConnection } from './reconnecting-connection.ts';
import {
  createScript,
  deleteAndPublishScript,
  deleteScript,
  idsScript,
  replaceScript,
  type Script,
} from './scripts.ts';

/** So many values at most are asked for at once, that one long answer does not hold up a tick. */
const chunk = 500;

/** A record is a string with a lifetime; what lists a kind is its index, never a walk over the database. */
export class RedisRecords implements Records {
  readonly #link: ReconnectingConnection;
  readonly #keys: Keys;
  readonly #onListener: (listener: MessageListener) => void;

  constructor(link: ReconnectingConnection, keys: Keys, onListener: (listener: MessageListener) => void) {
    this.#link = link;
    this.#keys = keys;
    this.#onListener = onListener;
  }

  async get<T extends object>(kind: RecordKind, id: string): Promise<T | null> {
    const value = await this.#link.run((client) => client.get(this.#keys.record(kind, id)));
    return parse<T>(value);
  }

  async getMany<T extends object>(kind: RecordKind, ids: readonly string[]): Promise<(T | null)[]> {
    const values: (T | null)[] = [];
    for (let start = 0; start < ids.length; start += chunk) {
      const keys = ids.slice(start, start + chunk).map((id) => this.#keys.record(kind, id));
      const texts = await this.#link.run((client) => client.mget(keys));
      values.push(...texts.map((text) => parse<T>(text)));
    }
    return values;
  }

  async create(kind: RecordKind, id: string, value: object, lifetimeMs?: number): Promise<boolean> {
    const args = [id, JSON.stringify(value), lifetimeText(lifetimeMs)];
    return (await this.#run(createScript, kind, id, args)) === 1;
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
    return this.#replace(kind, id, change, lifetimeText(undefined), [this.#keys.messages, message]);
  }

  async #replace<T extends object>(
    kind: RecordKind,
    id: string,
    change: (value: T) => T | null,
    lifetime: string,
    published: readonly string[],
  ): Promise<boolean> {
    let current = await this.#link.run((client) => client.get(this.#keys.record(kind, id)));
    while (current !== null) {
      const changed = change(JSON.parse(current) as T);
      if (changed === null) return true;
      const args = [id, JSON.stringify(changed), lifetime, current, ...published];
      const found = await this.#run(replaceScript, kind, id, args);
      if (found === 1) return true;
      current = typeof found === 'string' ? found : null;
    }
    return false;
  }

  async delete(kind: RecordKind, id: string): Promise<boolean> {
    return (await this.#run(deleteScript, kind, id, [id])) === 1;
  }

  async deleteAndPublish(kind: RecordKind, ids: readonly string[], message: string): Promise<void> {
    const keys = [this.#keys.index(kind), ...ids.map((id) => this.#keys.record(kind, id))];
    await this.#link.run((client) => deleteAndPublishScript.run(client, keys, [this.#keys.messages, message, ...ids]));
  }

  async list<T extends object>(kind: RecordKind, prefix = ''): Promise<Stored<T>[]> {
    const found = await this.#link.run((client) => idsScript.run(client, [this.#keys.index(kind)], [prefix]));
    const ids = (found as string[]).toSorted();
    const values = await this.getMany<T>(kind, ids);
    return ids.flatMap((id, index) => {
      const value = values[index] ?? null;
      return value === null ? [] : [{ id, value }];
    });
  }

  async publish(message: string): Promise<void> {
    await this.#link.run((client) => client.publish(this.#keys.messages, message));
  }

  subscribe(listener: MessageListener): void {
    this.#onListener(listener);
  }

  #run(script: Script, kind: RecordKind, id: string, args: readonly string[]): Promise<unknown> {
    const keys = [this.#keys.record(kind, id), this.#keys.index(kind)];
    return this.#link.run((client) => script.run(client, keys, args));
  }
}

function parse<T>(text: string | null): T | null {
  return text === null ? null : (JSON.parse(text) as T);
}

function lifetimeText(lifetimeMs: number | undefined): string {
  return lifetimeMs === undefined ? '' : String(Math.max(1, Math.ceil(lifetimeMs)));
}
