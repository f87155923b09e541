import {
  leaseMs,
  maxQueuedJobs,
  type PublishResult,
  type Job,
  type LastTick,
  type PushResult,
  type Ticks,
} from '../ticks.ts';
import { tickFrame } from '../../protocol.ts';
import type { Logger } from '../../logger.ts';
import type { HouseTime } from '../../time/house-time.ts';
import { Listeners } from '../listeners.ts';

type Deliver = (channel: string, frame: Uint8Array) => void;

interface Lease {
  owner: string;
  term: number;
  until: number;
}

/** Transports ticks in the memory of one process. */
export class EmbeddedTicks implements Ticks {
  readonly #time: HouseTime;
  readonly #channels: readonly string[];
  readonly #subscribers: Listeners<Deliver>;
  readonly #pushed = new Map<string, number>();
  readonly #last = new Map<string, LastTick>();
  readonly #queue: Job[] = [];
  readonly #wakeWaiting: (() => void)[] = [];
  #lease: Lease | null = null;
  #term = 0;
  #expiredJobs = 0;

  constructor(time: HouseTime, channels: readonly string[], log: Logger) {
    this.#time = time;
    this.#channels = channels;
    this.#subscribers = new Listeners(log);
  }

  get expiredJobs(): number {
    return this.#expiredJobs;
  }

  /** Stores the last ticks of an earlier process. */
  restore(last: Iterable<[string, LastTick]>): void {
    for (const [channel, tick] of last) {
      // Earlier versions stored no `expiresAt`.
      this.#store(channel, { ...tick, expiresAt: tick.expiresAt ?? Infinity });
    }
  }

  /** The last tick of each channel. */
  get lastTicks(): ReadonlyMap<string, LastTick> {
    return this.#last;
  }

  async acquireLease(owner: string): Promise<{ term: number } | null> {
    const now = this.#time.now();
    const lease = this.#heldLease(now);
    if (lease !== null && lease.owner !== owner) return null;
    if (lease === null) this.#term = Math.max(this.#term + 1, Math.floor(now));
    this.#lease = { owner, term: this.#term, until: now + leaseMs };
    return { term: this.#term };
  }

  async releaseLease(owner: string, term: number): Promise<void> {
    if (this.#lease?.owner === owner && this.#lease.term === term) this.#lease = null;
  }

  async push(job: Job, owner: string, term: number): Promise<PushResult> {
    const now = this.#time.now();
    const lease = this.#heldLease(now);
    if (lease === null || lease.owner !== owner || lease.term !== term) return 'not-leader';
    lease.until = now + leaseMs;
    const newest = this.#pushed.get(job.task);
    if (isDuplicate(job, newest, now)) return 'duplicate';
    this.#pushed.set(job.task, job.at);
    this.#queue.push({ ...job });
    if (this.#queue.length > maxQueuedJobs) this.#queue.shift();
    this.#wake();
    return 'pushed';
  }

  async pop(signal: AbortSignal): Promise<Job | null> {
    while (!signal.aborted) {
      for (let job = this.#queue.shift(); job !== undefined; job = this.#queue.shift()) {
        if (this.#time.now() <= job.expiresAt) return job;
        this.#expiredJobs++;
      }
      await this.#untilPushOrAbort(signal);
    }
    return null;
  }

  async publish(job: Job, text: string, zone: string): Promise<PublishResult> {
    const now = this.#time.now();
    const { task, at, everyMs, expiresAt } = job;
    if (now > expiresAt) return 'expired';
    const last = this.#last.get(task);
    if (isDuplicate(job, last?.at, now)) return 'duplicate';
    const seq = Math.max((last?.seq ?? 0) + 1, Math.floor(at / 50));
    this.#store(task, { text, at, seq, zone, everyMs, expiresAt });
    return 'published';
  }

  async last(channel: string): Promise<LastTick | null> {
    return this.#last.get(channel) ?? null;
  }

  subscribe(deliver: Deliver): void {
    this.#subscribers.add(deliver);
    for (const channel of this.#channels) {
      const tick = this.#last.get(channel);
      if (tick !== undefined) deliver(channel, frameOf(channel, tick));
    }
  }

  #store(channel: string, tick: LastTick): void {
    this.#last.set(channel, tick);
    if (!this.#channels.includes(channel)) return;
    const frame = frameOf(channel, tick);
    this.#subscribers.notify((deliver) => deliver(channel, frame));
  }

  #heldLease(now: number): Lease | null {
    const left = (this.#lease?.until ?? 0) - now;
    return left > 0 && left <= leaseMs ? this.#lease : null;
  }

  #wake(): void {
    for (const wake of this.#wakeWaiting.splice(0)) wake();
  }

  #untilPushOrAbort(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        signal.removeEventListener('abort', done);
        resolve();
      };
      signal.addEventListener('abort', done);
      this.#wakeWaiting.push(done);
    });
  }
}

/** Whether `newest` is this instant or a later one. It is void if it is more than an expiry ahead of `now`. */
function isDuplicate(job: Job, newest: number | undefined, now: number): boolean {
  if (newest === undefined || newest - now > job.expiresAt - job.at) return false;
  return job.at <= newest;
}

function frameOf(channel: string, { text, at, seq }: LastTick): Uint8Array {
  return Buffer.from(tickFrame({ channel, text, at, seq }));
}
