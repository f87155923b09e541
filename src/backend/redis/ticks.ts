import {
  maxQueuedJobs,
  Unavailable,
  type PublishResult,
  type Job,
  type LastTick,
  type PushResult,
  type Ticks,
} from '../backend.ts';
import { tickFrameParts } from '../../protocol.ts';
import type { Logger } from '../../logger.ts';
import type { HouseTime } from '../../time/house-time.ts';
import { blockSeconds } from './connection.ts';
import type { Deliver } from './delivery.ts';
import type { Keys } from './keys.ts';
import type { ReconnectingConnection } from './reconnecting-connection.ts';
import { publishScript, acquireLeaseScript, pushScript, releaseLeaseScript } from './scripts.ts';
import { pause } from '../../time/pause.ts';

export interface RedisTicksOptions {
  keys: Keys;
  time: HouseTime;
  commands: ReconnectingConnection;
  /** Opened by the first `pop`. */
  queue: ReconnectingConnection;
  /** Whether commands are answered, so that a job taken now could also be finished. */
  serves(): boolean;
  onSubscriber(deliver: Deliver): void;
  log: Logger;
}

/** How often a `pop` looks whether Redis is back. */
const lookAgainAfterMs = 50;

export class RedisTicks implements Ticks {
  readonly #options: RedisTicksOptions;
  #expired = 0;

  constructor(options: RedisTicksOptions) {
    this.#options = options;
  }

  get expiredJobs(): number {
    return this.#expired;
  }

  async acquireLease(owner: string): Promise<{ term: number } | null> {
    const { keys, commands } = this.#options;
    const term = await commands.run((client) => acquireLeaseScript.run(client, [keys.lease], [owner]));
    return term === null ? null : { term: Number(term) };
  }

  async releaseLease(owner: string, term: number): Promise<void> {
    const { keys, commands } = this.#options;
    await commands.run((client) => releaseLeaseScript.run(client, [keys.lease], [owner, term]));
  }

  async push(job: Job, owner: string, term: number): Promise<PushResult> {
    const { keys, commands } = this.#options;
    const args = [owner, term, job.task, job.at, job.expiresAt - job.at, JSON.stringify(job), maxQueuedJobs];
    const result = await commands.run((client) => pushScript.run(client, [keys.lease, keys.queue, keys.pushed], args));
    return result as PushResult;
  }

  async pop(signal: AbortSignal): Promise<Job | null> {
    const { keys, time, queue, serves, log } = this.#options;
    queue.open();
    while (!signal.aborted) {
      if (!serves() || queue.client === null) {
        await pause(lookAgainAfterMs, signal);
        continue;
      }
      const popped = await queue
        .run((client) => client.blpop(keys.queue, blockSeconds))
        .catch((error: unknown) => this.#afterFailure(error, signal));
      if (popped === null) continue;
      const job = parseJob(popped[1]);
      if (job === null) log.warn({}, 'what was in the queue is no job: passed over');
      else if (time.now() <= job.expiresAt) return job;
      else this.#expired++;
    }
    return null;
  }

  async publish(job: Job, text: string, zone: string): Promise<PublishResult> {
    const { keys, commands } = this.#options;
    const { beforeSeq, afterSeq } = tickFrameParts(job.task, text, job.at);
    const args = [job.at, job.expiresAt, text, zone, job.everyMs, beforeSeq, afterSeq, keys.ticks(job.task)];
    const article = job.task === 'time' ? 1 : 0;
    const result = await commands.run((client) =>
      publishScript.run(client, [keys.last(job.task), keys.time], [...args, article]),
    );
    return result as PublishResult;
  }

  async last(channel: string): Promise<LastTick | null> {
    const { keys, commands } = this.#options;
    const [text, at, seq, zone, everyMs, expiresAt] = await commands.run((client) =>
      client.hmget(keys.last(channel), 'text', 'at', 'seq', 'zone', 'everyMs', 'expiresAt'),
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

  async #afterFailure(error: unknown, signal: AbortSignal): Promise<null> {
    if (!(error instanceof Unavailable)) throw error;
    await pause(lookAgainAfterMs, signal);
    return null;
  }
}

/** Null for what no beat of ours can have pushed. */
function parseJob(text: string): Job | null {
  try {
    const { task, at, everyMs, expiresAt } = JSON.parse(text) as Job;
    const numbers = [at, everyMs, expiresAt];
    return typeof task === 'string' && numbers.every(Number.isFinite) ? { task, at, everyMs, expiresAt } : null;
  } catch {
    return null;
  }
}
