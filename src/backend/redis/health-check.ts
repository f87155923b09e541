import { randomUUID } from 'node:crypto';
import { Unavailable, type Outage } from '../backend.ts';
import type { Logger } from '../../logger.ts';
import type { RemoteTime } from '../../time/house-time.ts';
import { AnswerTimer } from './answer-timer.ts';
import type { Keys } from './keys.ts';
import type { ReconnectingConnection } from './reconnecting-connection.ts';
import type { Checked, RedisClient } from './redis-client.ts';
import { pause } from '../../time/pause.ts';
import { RestartablePause } from '../../time/restartable-pause.ts';

export interface HealthCheckOptions {
  keys: Keys;
  commands: ReconnectingConnection;
  time: RemoteTime;
  log: Logger;
  /** How long an answer may take, ms. */
  answerTimeoutMs: number;
  /** Called after each check: with null if Redis answered and accepted a write, else with the outage and its reason. */
  onHealth(outage: Outage | null, reason: Error | null): void;
  /** Called when the installation id has changed, so that all stored data may differ. */
  onReplaced(): void;
}

/** The version of the data in Redis. */
const schema = 1;
/** Together with the second that an answer may take, this detects a fault within 2 s. */
export const healthCheckEveryMs = 750;
/**
 * The greatest time between two checks while another connection receives messages, ms. Only a fault of the connection for
 * commands alone takes that long to show. The reports of web, which take the place of checks, are more frequent.
 */
const maxPostponedMs = 1_050;
/** The first checks of a connection follow each other quickly, for a good estimate of Redis's clock. */
const burstLength = 8;
const burstEveryMs = 75;
const retryEveryMs = 250;
const warnAboveMs = 50;

/** Checks in one round trip whether Redis accepts a write, which installation it holds, and what time it is. */
export class HealthCheck {
  readonly #options: HealthCheckOptions;
  #installation: string | null = null;
  /** Begins anew with each script that is sent and may count as a check. */
  readonly #untilDue = new RestartablePause();
  /** When the last check, or script that counted as one, was sent; monotonic ms. */
  #checkedAt = 0;
  /** How many of the first checks of the connection are still to come. */
  #burst = burstLength;
  #isOffsetReported = false;

  constructor(options: HealthCheckOptions) {
    this.#options = options;
  }

  /**
   * Runs a script that writes. It takes the place of the next check, unless its answer shows that the schema or the
   * installation id may have changed.
   */
  async runAsCheck<Result>(script: (client: RedisClient) => Promise<Checked<Result>>): Promise<Result> {
    const { commands, onHealth } = this.#options;
    const sentAt = performance.now();
    this.#untilDue.restart(healthCheckEveryMs);
    try {
      const [result, found, installation, seconds, microseconds] = await this.#inTime(commands.run(script));
      const isExpected = Number(found) === schema && installation === this.#installation;
      if (isExpected && commands.client !== null) {
        this.#accept(sentAt, Number(seconds), Number(microseconds));
        this.#warnOfOffset();
        onHealth(null, null);
      }
      return result;
    } finally {
      if (this.#checkedAt < sentAt) this.#untilDue.restart(this.#checkedAt + healthCheckEveryMs - performance.now());
    }
  }

  /** Postpones the next check: another connection has received a message, so Redis serves. */
  postpone(): void {
    const latestAt = this.#checkedAt + maxPostponedMs;
    this.#untilDue.restart(Math.min(healthCheckEveryMs, latestAt - performance.now()));
  }

  /** Repeats the check until the connection has ended. */
  async run(ended: AbortSignal): Promise<void> {
    const { onHealth } = this.#options;
    this.#burst = burstLength;
    while (!ended.aborted) {
      this.#burst -= 1;
      let waitMs = this.#burst > 0 ? burstEveryMs : null;
      try {
        await this.#check();
        this.#warnOfOffset();
        if (!ended.aborted) onHealth(null, null);
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error;
        onHealth(error.outage, error.cause instanceof Error ? error.cause : error);
        waitMs = retryEveryMs;
      }
      await (waitMs === null ? this.#untilDue.wait(healthCheckEveryMs, ended) : pause(waitMs, ended));
    }
  }

  async #check(): Promise<void> {
    const { keys, commands, log, onReplaced } = this.#options;
    const sentAt = performance.now();
    const [found, installation, seconds, microseconds] = await this.#inTime(
      commands.run((client) => client.checkHealth(...keys.ofHealthCheck, keys.health, schema, randomUUID())),
    );
    if (Number(found) > schema) throw this.#refuseSchema(found);

    this.#accept(sentAt, Number(seconds), Number(microseconds));
    const isReplaced = this.#installation !== null && this.#installation !== installation;
    this.#installation = installation ?? null;
    if (isReplaced) {
      log.warn({}, 'the data in Redis was replaced');
      onReplaced();
    }
  }

  /**
   * Resolves or rejects as `answer`, or reports an outage if it takes too long. A Redis that answers every command late
   * keeps the connection.
   */
  async #inTime<T>(answer: Promise<T>): Promise<T> {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const timer = new AnswerTimer(this.#options.answerTimeoutMs, (reason) => {
      this.#options.onHealth('redis-down', reason);
      reject(new Unavailable('redis-down', { cause: reason }));
    });
    timer.restart();
    try {
      return await Promise.race([answer, late]);
    } finally {
      timer.clear();
    }
  }

  /** Takes the time from an answer that has just arrived. */
  #accept(sentAt: number, seconds: number, microseconds: number): void {
    const { time, log } = this.#options;
    const arrivedAt = performance.now();
    this.#checkedAt = sentAt;
    const houseTime = seconds * 1_000 + microseconds / 1_000;
    const isStepped = time.add({ sentAt, received: houseTime, sent: houseTime, arrivedAt });
    if (isStepped) log.warn({ offsetMs: Math.round(time.offsetMs) }, 'house time was stepped');
  }

  #refuseSchema(found: string): Unavailable {
    const reason = new Error(
      `the data in Redis has schema ${found}, but this version supports schema ${schema} at most: upgrade clock`,
    );
    this.#options.commands.reconnect('redis-schema', reason);
    return new Unavailable('redis-schema', { cause: reason });
  }

  #warnOfOffset(): void {
    // The first answers may be slow ones, so the estimate is not good yet.
    if (this.#burst > 0) return;
    const { time, log } = this.#options;
    const offsetMs = Math.round(time.offsetMs);
    const isAbove = Math.abs(offsetMs) > warnAboveMs;
    if (isAbove && !this.#isOffsetReported) {
      log.warn({ offsetMs }, "this host's clock differs from house time; check NTP here and on Redis's host");
    }
    this.#isOffsetReported = isAbove;
  }
}
