import { setImmediate } from 'node:timers/promises';
import type { RedisClient } from './redis-client.ts';

/** A replica on the same network acknowledges within a few ms. */
const timeoutMs = 100;

/**
 * Waits until a replica has received what a connection wrote, so that a failover does not undo it. While a WAIT is
 * pending, Redis answers nothing else on the connection, so all writes of a turn share one.
 */
export class ReplicaWait {
  #pending: { client: RedisClient; done: Promise<void> } | null = null;

  /**
   * Resolves when one replica has acknowledged all earlier writes of the connection, after 100 ms without an
   * acknowledgement, or at once if the primary has no replica. Rejects if the primary is lost or demoted before.
   */
  async wait(client: RedisClient): Promise<void> {
    if (this.#pending?.client !== client) this.#pending = { client, done: this.#waitNextTurn(client) };
    return this.#pending.done;
  }

  async #waitNextTurn(client: RedisClient): Promise<void> {
    await setImmediate();
    this.#pending = null;
    const info = await client.info('replication').catch(ignoreRefusal);
    if (info !== null && /^connected_slaves:0\r?$/m.test(info)) return;
    await client.wait(1, timeoutMs).catch(ignoreRefusal);
  }
}

/** An ACL or a service may withhold the command. The write itself succeeded. */
function ignoreRefusal(error: unknown): null {
  if (error instanceof Error && /^(NOPERM|ERR unknown command)\b/.test(error.message)) return null;
  throw error;
}
