import { Unavailable } from '../backend.ts';
import { maxQueuedJobs, type PublishResult, type Job, type LastTick, type PushResult, type Ticks } from '../ticks.ts';
import { tickFrameParts } from '../../protocol.ts';
import type { Logger } from '../../logger.ts';
import type { HouseTime } from '../../time/house-time.ts';
import type { HealthCheck } from './health-check.ts';
import { blockSeconds } from './connection.ts';
import type { Deliver } from './ordered-delivery.ts';
import type { Keys } from './keys.ts';
import type { ReconnectingConnection } from './reconnecting-connection.ts';
import { pause } from '../../time/pause.ts';

export interface RedisTicksOptions {
  keys: Keys;
  time: HouseTime;
  commands: ReconnectingConnection;
  healthCheck: Pick<HealthCheck, 'runAsCheck'>;
  /** The connection for BLPOP, which blocks all other commands on it. The first `pop` opens it. */
  queue: ReconnectingConnection;
  /** Whether commands are answered. If not, the result of a popped job could not be published. */
  canServe(): boolean;
  onSubscriber(deliver: Deliver): void;
  log: Logger;
}

/** The delay before a `pop` that could not reach Redis tries again, ms. */
const retryAfterMs = 50;

export class RedisTicks implements Ticks {
  readonly #options: RedisTicksOptions;
  #expiredJobs = 0;
  /** Why the last BLPOP failed although Redis serves, to log each change once. */
  #queueProblem: string | null = null;

  constructor(options: RedisTicksOptions) {
    this.#options = options;
  }

  get expiredJobs(): number {
    return this.#expiredJobs;
  }

  async acquireLease(owner: string): Promise<{ term: number } | null> {
    const { keys, healthCheck } = this.#options;
    const term = await healthCheck.runAsCheck((client) =>
      client.acquireLease(keys.lease, ...keys.ofHealthCheck, owner),
    );
    return term === null ? null : { term: Number(term) };
  }

  async releaseLease(owner: string, term: number): Promise<void> {
    const { keys, commands } = this.#options;
    await commands.run((client) => client.releaseLease(keys.lease, owner, term));
  }

  push(job: Job, owner: string, term: number): Promise<PushResult> {
    const { lease, queue, lastPushed } = this.#options.keys;
    const { task, at, expiresAt } = job;
    const text = JSON.stringify(job);
    return this.#options.commands.run((client) =>
      client.pushJob(lease, queue, lastPushed, owner, term, task, at, expiresAt - at, text, maxQueuedJobs),
    );
  }

  async pop(signal: AbortSignal): Promise<Job | null> {
    const { keys, time, queue, canServe, log } = this.#options;
    queue.open();
    while (!signal.aborted) {
      if (!canServe() || queue.client === null) {
        await pause(retryAfterMs, signal);
        continue;
      }
      const popped = await queue
        .run((client) => client.blpop(keys.queue, blockSeconds))
        .catch((error: unknown) => this.#pauseIfUnavailable(error, signal));
      if (popped === null) continue;
      this.#logQueueProblem(null);
      const job = parseJob(popped[1]);
      if (job === null) log.warn({}, 'ignored an invalid job in the queue');
      else if (time.now() <= job.expiresAt) return job;
      else this.#expiredJobs++;
    }
    return null;
  }

  publish(job: Job, text: string, zone: string): Promise<PublishResult> {
    const { keys, healthCheck } = this.#options;
    const { task, at, expiresAt, everyMs } = job;
    const { beforeSeq, afterSeq } = tickFrameParts(task, text, at);
    const channel = keys.tickChannel(task);
    const setsTime = task === 'time' ? 1 : 0;
    const tick = [at, expiresAt, text, zone, everyMs] as const;
    const tickKeys = [keys.lastTick(task), keys.time, ...keys.ofHealthCheck] as const;
    return healthCheck.runAsCheck((client) =>
      client.publishTick(...tickKeys, ...tick, beforeSeq, afterSeq, channel, setsTime),
    );
  }

  async last(channel: string): Promise<LastTick | null> {
    const { keys, commands } = this.#options;
    const [text, at, seq, zone, everyMs, expiresAt] = await commands.run((client) =>
      client.hmget(keys.lastTick(channel), 'text', 'at', 'seq', 'zone', 'everyMs', 'expiresAt'),
    );
    if (text == null || zone == null) return null;
    return {
      text,
      at: Number(at),
      seq: Number(seq),
      zone,
      everyMs: Number(everyMs),
      // Earlier versions stored none.
      expiresAt: Number(expiresAt ?? Infinity),
    };
  }

  subscribe(deliver: Deliver): void {
    this.#options.onSubscriber(deliver);
  }

  async #pauseIfUnavailable(error: unknown, signal: AbortSignal): Promise<null> {
    if (!(error instanceof Unavailable)) throw error;
    // The backend itself logs an outage. A refusal may concern BLPOP alone.
    if (error.outage !== 'redis-down') this.#logQueueProblem(error);
    await pause(retryAfterMs, signal);
    return null;
  }

  #logQueueProblem(error: Unavailable | null): void {
    const problem = error?.reason ?? null;
    if (problem === this.#queueProblem) return;
    this.#queueProblem = problem;
    const { log } = this.#options;
    if (error === null) log.info({}, 'jobs can be read again');
    else log.warn({ outage: error.outage, reason: problem }, 'jobs cannot be read');
  }
}

/** Returns null if the text is not a job. */
function parseJob(text: string): Job | null {
  try {
    const { task, at, everyMs, expiresAt } = JSON.parse(text) as Job;
    const numbers = [at, everyMs, expiresAt];
    return typeof task === 'string' && numbers.every(Number.isFinite) ? { task, at, everyMs, expiresAt } : null;
  } catch {
    return null;
  }
}
