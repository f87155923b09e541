import { Redis, type RedisOptions } from 'ioredis';
import type { Keys } from './keys.ts';
import type { Address, RedisTarget } from './target.ts';

type Options = Omit<RedisOptions, 'replyMapping'>;

/** What a connection is for; it decides how silence is judged. */
export type Purpose = 'commands' | 'queue' | 'subscription';

/** How long Redis may leave a command without an answer before the connection counts as dead, ms. */
export const answerWithinMs = 1_000;
/** A packet that is lost while the network is away is sent again after a second: a new attempt is quicker. */
const connectWithinMs = 800;
/** How long a blocking pop waits at Redis, seconds. */
export const blockSeconds = 0.5;

/** A connection that was ready when it was handed out. It never mends itself: when it fails, it has ended. */
export interface Connection {
  readonly client: Redis;
  /** Resolves, when it has ended, to the reason. */
  readonly ended: Promise<Error>;
  close(): void;
}

/** Opens connections to a target: the one place that knows the options of ioredis. */
export class Connector {
  readonly #target: RedisTarget;
  readonly #keys: Keys;
  /** Which seed or sentinel is asked first: another at each attempt, for one of them may be dead. */
  #turn = 0;

  constructor(target: RedisTarget, keys: Keys) {
    this.#target = target;
    this.#keys = keys;
  }

  /** Resolves when the connection is ready; rejects, within seconds, with the reason. An abort closes it at any time. */
  async open(purpose: Purpose, signal: AbortSignal): Promise<Connection> {
    const target = this.#target;
    const turn = this.#turn++;
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
            sentinels: rotate(sentinels, turn),
            name,
            ...(username === undefined ? {} : { sentinelUsername: username }),
            ...(password === undefined ? {} : { sentinelPassword: password }),
            sentinelCommandTimeout: answerWithinMs,
            sentinelRetryStrategy: () => null,
            updateSentinels: false,
          },
          signal,
        );
      }
      case 'cluster':
        return this.#openOwner(common, rotate(target.seeds, turn)[0] as Address, signal);
    }
  }

  // All keys of an installation share one slot, so one node at a time serves it whole. A seed that is not that node
  // says which is.
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
        // An empty host means: the one that was asked.
        host = moved[1] || host;
        port = Number(moved[2]);
      }
    }
    throw new Error('the nodes of the cluster do not agree on who serves the slot');
  }
}

function optionsFor(purpose: Purpose): Options {
  return {
    lazyConnect: true,
    connectionName: `clock-${purpose}`,
    connectTimeout: connectWithinMs,
    disconnectTimeout: 200,
    maxLoadingRetryTime: 200,
    // A connection that failed is replaced whole: nothing is queued for its successor, and no write is sent twice.
    retryStrategy: () => null,
    enableOfflineQueue: false,
    autoResubscribe: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    disableClientInfo: true,
    // A frozen or half-open Redis sends no close: silence after a command is what tells. ioredis's own
    // `blockingTimeout` would resolve to null and drop a job that comes late; this ends the connection instead.
    ...(purpose === 'queue'
      ? { socketTimeout: blockSeconds * 1_000 + answerWithinMs }
      : { socketTimeout: answerWithinMs, commandTimeout: answerWithinMs }),
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
  const client = new Redis(options);
  let reason = new Error('the connection was closed');
  // ioredis prints errors that nobody listens to; the last one before the end is the reason for it.
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
