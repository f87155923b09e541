import { createHash } from 'node:crypto';
import { Redis } from 'ioredis';
import { scripts } from '../src/backend/redis/scripts.ts';

const scriptNames = new Map(
  Object.entries(scripts).map(([name, { lua }]) => [createHash('sha1').update(lua).digest('hex'), name]),
);

/** Counts the requests of all clients, by connection and command. A script counts once, by its name. */
export class RedisRequests {
  readonly #counts = new Map<string, number>();
  readonly #monitor: Redis;

  private constructor(monitor: Redis) {
    this.#monitor = monitor;
  }

  /** Starts to count. `MONITOR` costs CPU of Redis only. */
  static async start(url: string): Promise<RedisRequests> {
    const connection = new Redis(url);
    const names = connectionNames(String(await connection.client('LIST')));
    const monitor = await connection.monitor();
    connection.disconnect();
    const requests = new RedisRequests(monitor);
    monitor.on('monitor', (_time: string, [command = '', sha = '']: string[], source: string) => {
      // A command inside a script has the source `lua`.
      const name = names.get(source);
      if (name === undefined) return;
      const what = command.toLowerCase() === 'evalsha' ? (scriptNames.get(sha) ?? sha) : command.toUpperCase();
      const key = `${what} on ${name}`;
      requests.#counts.set(key, (requests.#counts.get(key) ?? 0) + 1);
    });
    return requests;
  }

  /** Stops to count. Returns the most frequent first. */
  stop(): (readonly [what: string, count: number])[] {
    this.#monitor.disconnect();
    return [...this.#counts].toSorted(([, a], [, b]) => b - a);
  }
}

/** The names of Clock's connections by address. */
function connectionNames(clientList: string): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const line of clientList.split('\n')) {
    const [, address] = / addr=(\S+)/.exec(line) ?? [];
    const [, name] = / name=clock-(\S+)/.exec(line) ?? [];
    if (address !== undefined && name !== undefined) names.set(address, name);
  }
  return names;
}
