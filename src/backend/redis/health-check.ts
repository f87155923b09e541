import { randomUUID } from 'node:crypto';
import { Unavailable, type Outage } from '../backend.ts';
import type { Logger } from '../../logger.ts';
import type { RemoteTime } from '../../time/house-time.ts';
import type { Keys } from './keys.ts';
import type { ReconnectingConnection } from './reconnecting-connection.ts';
import { pause } from '../../time/pause.ts';

export interface HealthCheckOptions {
  keys: Keys;
  commands: ReconnectingConnection;
  time: RemoteTime;
  log: Logger;
  /** Called after each check: with null if Redis answered and accepted a write, else with the outage and its reason. */
  onHealth(outage: Outage | null, reason: Error | null): void;
  /** Called when the installation id has changed, so that all stored data may differ. */
  onReplaced(): void;
}

/** The version of the data in Redis. */
const schema = 1;
/** Together with the second that an answer may take, this detects a fault within 2 s. */
export const healthCheckEveryMs = 700;
/** The first checks of a connection follow each other quickly, for a good estimate of Redis's clock. */
const burstLength = 8;
const burstEveryMs = 75;
const retryEveryMs = 250;
const warnAboveMs = 50;

/** Checks in one round trip whether Redis accepts a write, which installation it holds, and what time it is. */
export class HealthCheck {
  readonly #options: HealthCheckOptions;
  #installation: string | null = null;
  #isOffsetReported = false;

  constructor(options: HealthCheckOptions) {
    this.#options = options;
  }

  /** Repeats the check until the connection has ended. */
  async run(ended: AbortSignal): Promise<void> {
    const { onHealth } = this.#options;
    let burst = burstLength;
    while (!ended.aborted) {
      let waitMs = --burst > 0 ? burstEveryMs : healthCheckEveryMs;
      try {
        await this.#check();
        if (burst <= 0) this.#warnOfOffset();
        if (!ended.aborted) onHealth(null, null);
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error;
        onHealth(error.outage, error.cause instanceof Error ? error.cause : error);
        waitMs = retryEveryMs;
      }
      await pause(waitMs, ended);
    }
  }

  async #check(): Promise<void> {
    const { keys, commands, time, log, onReplaced } = this.#options;
    const sentAt = performance.now();
    const [found, installation, seconds, microseconds] = await commands.run((client) =>
      client.checkHealth(keys.schema, keys.installation, keys.health, schema, randomUUID()),
    );
    const arrivedAt = performance.now();
    if (Number(found) > schema) throw this.#refuseSchema(found);

    const houseTime = Number(seconds) * 1_000 + Number(microseconds) / 1_000;
    const isStepped = time.add({ sentAt, received: houseTime, sent: houseTime, arrivedAt });
    if (isStepped) log.warn({ offsetMs: Math.round(time.offsetMs) }, 'house time was stepped');
    const isReplaced = this.#installation !== null && this.#installation !== installation;
    this.#installation = installation ?? null;
    if (isReplaced) {
      log.warn({}, 'the data in Redis was replaced');
      onReplaced();
    }
  }

  #refuseSchema(found: string): Unavailable {
    const reason = new Error(
      `the data in Redis has schema ${found}, but this version supports schema ${schema} at most: upgrade clock`,
    );
    this.#options.commands.reconnect('redis-schema', reason);
    return new Unavailable('redis-schema', { cause: reason });
  }

  #warnOfOffset(): void {
    const { time, log } = this.#options;
    const offsetMs = Math.round(time.offsetMs);
    const isAbove = Math.abs(offsetMs) > warnAboveMs;
    if (isAbove && !this.#isOffsetReported) {
      log.warn({ offsetMs }, "this host's clock differs from house time; check NTP here and on Redis's host");
    }
    this.#isOffsetReported = isAbove;
  }
}
