import { Redis, type RedisOptions } from 'ioredis';
import type { Keys } from './keys.ts';
import { scripts, type RedisClient } from './scripts.ts';
import type { Address, RedisTarget } from './target.ts';

type Options = Omit<RedisOptions, 'replyMapping'>;

/** The use of a connection. It determines the timeouts. */
export type Purpose = 'commands' | 'queue' | 'subscription';

/** After this time without an answer to a command the connection counts as dead, ms. */
export const answerTimeoutMs = 1_000;
/** Less than the second after which TCP resends a lost packet: a new attempt is faster. */
const connectTimeoutMs = 800;
/** How long BLPOP waits for a job, seconds. */
export const blockSeconds = 0.5;

/** A connection that is ready for commands. It does not reconnect: after a failure it has ended. */
export interface Connection {
  readonly client: RedisClient;
  /** Resolves to the reason once the connection has ended. */
  readonly ended: Promise<Error>;
  close(): void;
}

/** Opens connections to a target. No other module knows the options of ioredis. */
export class Connector {
  readonly #target: RedisTarget;
  readonly #keys: Keys;
  /** Selects the seed or sentinel to try first. Each attempt starts with another one, since any of them may be down. */
  #attempts = 0;

  constructor(target: RedisTarget, keys: Keys) {
    this.#target = target;
    this.#keys = keys;
  }

  /** Resolves when the connection is ready; rejects with the reason within seconds. Aborting `signal` closes it. */
  async open(purpose: Purpose, signal: AbortSignal): Promise<Connection> {
    const target = this.#target;
    const attempt = this.#attempts++;
    const common = { ...optionsFor(purpose), ...credentialsOf(target) };
    switch (target.kind) {
      case 'single': {
        const { host, port, db, tls } = target;
        return connect({ ...common, host, port, db, ...(tls ? { tls: {} } : {}) }, signal);
      }
      case 'sentinel': {
        const { sentinels, name, username, password } = target;
        return connect(
          {
            ...common,
            sentinels: rotate(sentinels, attempt),
            name,
            ...(username === undefined ? {} : { sentinelUsername: username }),
            ...(password === undefined ? {} : { sentinelPassword: password }),
            sentinelCommandTimeout: answerTimeoutMs,
            sentinelRetryStrategy: () => null,
            updateSentinels: false,
          },
          signal,
        );
      }
      case 'cluster':
        return this.#openOwner(common, rotate(target.seeds, attempt)[0] as Address, signal);
    }
  }

  // All keys of an installation share one slot, so one node serves all of them. Any other node names it.
  async #openOwner(common: Options, seed: Address, signal: AbortSignal): Promise<Connection> {
    let { host, port } = seed;
    for (let hops = 0; hops < 4; hops++) {
      const connection = await connect({ ...common, host, port }, signal);
      try {
        await connection.client.exists(this.#keys.time);
        return connection;
      } catch (error) {
        connection.close();
        const moved = error instanceof Error ? /^MOVED \d+ (.*):(\d+)$/.exec(error.message) : null;
        if (moved === null) throw error;
        // An empty host means the host of this connection.
        host = moved[1] || host;
        port = Number(moved[2]);
      }
    }
    throw new Error('the cluster nodes disagree on which of them serves the slot');
  }
}

function optionsFor(purpose: Purpose): Options {
  return {
    lazyConnect: true,
    connectionName: `clock-${purpose}`,
    connectTimeout: connectTimeoutMs,
    disconnectTimeout: 200,
    maxLoadingRetryTime: 200,
    // ReconnectingConnection replaces a failed connection. No command is queued for the next one or sent twice.
    retryStrategy: () => null,
    enableOfflineQueue: false,
    autoResubscribe: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    disableClientInfo: true,
    // A frozen Redis and a half-open connection close nothing, so a missing answer ends the connection. The
    // `blockingTimeout` of ioredis would resolve to null instead and lose a job that arrives late.
    ...(purpose === 'queue'
      ? { socketTimeout: blockSeconds * 1_000 + answerTimeoutMs }
      : { socketTimeout: answerTimeoutMs, commandTimeout: answerTimeoutMs }),
  };
}

function credentialsOf({ username, password }: RedisTarget): Options {
  return {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
  };
}

async function connect(options: Options, signal: AbortSignal): Promise<Connection> {
  if (signal.aborted) throw new Error('stopping');
  const client = new Redis({ ...options, scripts }) as RedisClient;
  let reason = new Error('the connection was closed');
  // The last error is the reason of the end. Without a listener ioredis would print it.
  client.on('error', (error: Error) => (reason = error));
  const { promise: ended, resolve } = Promise.withResolvers<Error>();
  const close = (): void => client.disconnect();
  signal.addEventListener('abort', close);
  client.once('end', () => {
    signal.removeEventListener('abort', close);
    resolve(reason);
  });
  try {
    await client.connect();
  } catch {
    throw await ended;
  }
  return { client, ended, close };
}

function rotate<T>(list: readonly T[], by: number): T[] {
  const start = by % list.length;
  return [...list.slice(start), ...list.slice(0, start)];
}
