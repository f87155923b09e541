import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { Unavailable, type Outage } from '../backend.ts';
import type { Logger } from '../../logger.ts';
import type { RemoteTime } from '../../time/house-time.ts';
import type { Keys } from './keys.ts';
import type { ReconnectingConnection } from './reconnecting-connection.ts';
import { healthCheckScript } from './scripts.ts';
import { pause } from '../../time/pause.ts';

export interface HealthCheckOptions {
  keys: Keys;
  link: ReconnectingConnection;
  time: RemoteTime;
  log: Logger;
  /** Called after each beat: null when Redis answered, and took the write. */
  onHealth(outage: Outage | null, reason: Error | null): void;
  /** The installation's id is another one than before: all that was stored may be gone. */
  onReplaced(): void;
}

/** The version of what is kept in Redis. */
const schema = 1;
/** Less than a second, so that a fault is known within two: this, and the second that an answer may take. */
export const healthCheckEveryMs = 700;
const burstLength = 8;
const burstEveryMs = 75;
const retryEveryMs = 250;
const warnAboveMs = 50;

/** Asks Redis about once a second, in one round trip: does it take a write, is it the same one, what time is it. */
export class HealthCheck {
  readonly #options: HealthCheckOptions;
  #installation: string | null = null;
  #warned = false;

  constructor(options: HealthCheckOptions) {
    this.#options = options;
  }

  /** Beats until this connection is gone. Eight quick beats first, for a good estimate of its clock. */
  async run(client: Redis, gone: AbortSignal): Promise<void> {
    const { onHealth: onVerdict } = this.#options;
    let burst = burstLength;
    while (!gone.aborted) {
      let waitMs = --burst > 0 ? burstEveryMs : healthCheckEveryMs;
      try {
        await this.#beat(client);
        if (burst <= 0) this.#judgeOffset();
        if (!gone.aborted) onVerdict(null, null);
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error;
        onVerdict(error.outage, error.cause as Error);
        waitMs = retryEveryMs;
      }
      await pause(waitMs, gone);
    }
  }

  async #beat(client: Redis): Promise<void> {
    const { keys, link, time, log, onReplaced } = this.#options;
    const sentAt = performance.now();
    const answer = await link.run(() =>
      healthCheckScript.run(client, [keys.schema, keys.installation, keys.healthCheck], [schema, randomUUID()]),
    );
    const arrivedAt = performance.now();
    const [found, installation, seconds, microseconds] = answer as [string, ...string[]];
    if (Number(found) > schema) throw this.#refuseSchema(Number(found));

    const houseTime = Number(seconds) * 1_000 + Number(microseconds) / 1_000;
    const stepped = time.add({ sentAt, received: houseTime, sent: houseTime, arrivedAt });
    if (stepped) log.warn({ offsetMs: Math.round(time.offsetMs) }, 'house time was stepped');
    const replaced = this.#installation !== null && this.#installation !== installation;
    this.#installation = installation ?? null;
    if (replaced) {
      log.warn({}, 'the data in Redis is another than before');
      onReplaced();
    }
  }

  #refuseSchema(found: number): Unavailable {
    const reason = new Error(`the data in Redis has schema ${found}; this version knows ${schema} and none newer`);
    this.#options.link.reconnect('redis-schema', reason);
    return new Unavailable('redis-schema', { cause: reason });
  }

  #judgeOffset(): void {
    const { time, log } = this.#options;
    const offsetMs = Math.round(time.offsetMs);
    const above = Math.abs(offsetMs) > warnAboveMs;
    if (above && !this.#warned) log.warn({ offsetMs }, "this host's clock differs from house time");
    this.#warned = above;
  }
}
