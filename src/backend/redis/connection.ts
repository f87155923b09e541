import type { RedisOptions } from 'ioredis';
import type { Keys } from './keys.ts';
import { isTimeout } from './outages.ts';
import { readRefusal } from './refusal.ts';
import type { RedisClient } from './redis-client.ts';
import { scripts } from './scripts.ts';
import type { Address, RedisTarget } from './target.ts';
import { TimedRedis } from './timed-redis.ts';
import type { RedisTls } from './tls-files.ts';

/** `answerTimeoutMs`: how long the oldest command without an answer may wait for it. */
type Options = Omit<RedisOptions, 'replyMapping'> & { answerTimeoutMs: number };

/** The use of a connection. It determines the timeouts. */
export type Purpose = 'commands' | 'queue' | 'subscription';

/** The maximum duration of an attempt to connect, ms. */
const maxConnectTimeoutMs = 3_000;
/** How long BLPOP waits for a job, seconds. */
export const blockSeconds = 0.5;

/** A connection that is ready for commands. It does not reconnect: after a failure it has ended. */
export interface Connection {
  readonly client: RedisClient;
  /** Resolves to the reason once the connection has ended. */
  readonly ended: Promise<Error>;
  close(): void;
}

export interface ConnectorOptions {
  target: RedisTarget;
  tls: RedisTls;
  keys: Keys;
  /** After this time without an answer to a command the connection counts as dead, ms. */
  answerTimeoutMs: number;
}

/** Opens connections to a target. No other module knows the options of ioredis. */
export class Connector {
  readonly #options: ConnectorOptions;
  /** Selects the seed or sentinel to try first. Each attempt starts with another one, since any of them may be down. */
  #attempts = 0;

  constructor(options: ConnectorOptions) {
    this.#options = options;
  }

  /** Resolves when the connection is ready; rejects with the reason within seconds. Aborting `signal` closes it. */
  async open(purpose: Purpose, signal: AbortSignal): Promise<Connection> {
    const { target, tls, answerTimeoutMs } = this.#options;
    const attempt = this.#attempts++;
    const common: Options = { ...timeoutsOf(purpose, answerTimeoutMs), ...fixedOptions, ...credentialsOf(target) };
    common.connectionName = `clock-${purpose}`;
    switch (target.kind) {
      case 'single': {
        const { host, port, db } = target;
        const connection = await connect({ ...common, host, port, ...(target.tls ? { tls } : {}) }, signal);
        return db === 0 ? connection : prepare(connection, (client) => client.select(db));
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
            // Reads the role of the server: a sentinel may not know yet that its master has become a replica.
            enableReadyCheck: true,
          },
          signal,
        );
      }
      case 'cluster':
        return this.#openOwner(common, rotate(target.seeds, attempt)[0] as Address, signal);
    }
  }

  // All keys of an installation share one slot, so one node serves all of them. Other nodes redirect to it with MOVED.
  async #openOwner(common: Options, seed: Address, signal: AbortSignal): Promise<Connection> {
    let { host, port } = seed;
    for (let hops = 0; hops < 4; hops++) {
      const connection = await connect({ ...common, host, port }, signal);
      try {
        await connection.client.exists(this.#options.keys.time);
        return connection;
      } catch (error) {
        connection.close();
        const moved = error instanceof Error ? /^MOVED \d+ (.*):(\d+)$/.exec(error.message) : null;
        if (moved === null) throw error;
        // In the reply, an empty host means the host of this connection.
        host = moved[1] || host;
        port = Number(moved[2]);
      }
    }
    throw new Error('the cluster nodes disagree on which of them serves the slot');
  }
}

const fixedOptions: Omit<RedisOptions, 'replyMapping'> = {
  lazyConnect: true,
  disconnectTimeout: 200,
  maxLoadingRetryTime: 200,
  // ReconnectingConnection replaces a failed connection. No command is queued for the next one or sent twice.
  retryStrategy: () => null,
  enableOfflineQueue: false,
  autoResubscribe: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  disableClientInfo: true,
  // The health check follows at once and needs no permission for INFO.
  enableReadyCheck: false,
};

function timeoutsOf(purpose: Purpose, answerTimeoutMs: number): Options {
  return {
    // TCP resends a lost packet after a second. A new attempt is faster.
    connectTimeout: Math.min(answerTimeoutMs * 0.8, maxConnectTimeoutMs),
    answerTimeoutMs: purpose === 'queue' ? blockSeconds * 1_000 + answerTimeoutMs : answerTimeoutMs,
  };
}

function credentialsOf({ username, password }: RedisTarget): Omit<RedisOptions, 'replyMapping'> {
  return {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
  };
}

async function connect({ answerTimeoutMs, ...options }: Options, signal: AbortSignal): Promise<Connection> {
  if (signal.aborted) throw new Error('stopping');
  const client = new TimedRedis({ ...options, scripts }, answerTimeoutMs) as unknown as RedisClient;
  let reason = new Error('the connection was closed');
  // The last error is the reason why the connection ended. Without a listener ioredis prints it.
  client.on('error', (error: Error) => (reason = error));
  let peer = null as Address | null;
  client.once('connect', () => {
    const { remoteAddress, remotePort } = client.stream as { remoteAddress?: string; remotePort?: number };
    if (remoteAddress !== undefined && remotePort !== undefined) peer = { host: remoteAddress, port: remotePort };
  });
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
    const failure = await ended;
    // Over TLS, Redis closes the connection that it refuses without an error.
    const isCut = failure.name !== 'ReplyError' && !isTimeout(failure) && options.tls === undefined;
    if (peer === null || !isCut || signal.aborted) throw failure;
    throw (await readRefusal(peer, signal)) ?? failure;
  }
  const connection = { client, ended, close };
  const { username, password } = options;
  // Without RESP3, ioredis prints some failures of AUTH and continues.
  if (password == null || client.condition?.protocol !== 2) return connection;
  return prepare(connection, () => (username == null ? client.auth(password) : client.auth(username, password)));
}

/** Runs a command on a new connection and closes the connection if it fails. ioredis would ignore the failure. */
async function prepare(
  connection: Connection,
  command: (client: RedisClient) => Promise<unknown>,
): Promise<Connection> {
  try {
    await command(connection.client);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

function rotate<T>(list: readonly T[], by: number): T[] {
  const start = by % list.length;
  return [...list.slice(start), ...list.slice(0, start)];
}
