import { runInBackground } from '../background.ts';
import { ignoreUnavailable } from '../backend/backend.ts';
import type { Ticks } from '../backend/ticks.ts';
import type { Service } from '../lifecycle.ts';
import type { Logger } from '../logger.ts';
import { newestDue, nextDue } from '../time/grid.ts';
import type { HouseTime } from '../time/house-time.ts';
import { RestartablePause } from '../time/restartable-pause.ts';

/** A task with the interval at which it is due, and the time after an instant within which it may run. */
export interface ScheduledTask {
  name: string;
  everyMs: number;
  expiryMs: number;
}

export interface BeatOptions {
  ticks: Ticks;
  time: HouseTime;
  tasks: readonly ScheduledTask[];
  /** Identifies this process among all beats. */
  owner: string;
  log: Logger;
}

/** The lease lasts 1 s: a leader renews it three times in that time, and a dead one is replaced within 1.3 s. */
const renewAfterMs = 300;
/** The longest wait without a new reading: the authority's clock may be stepped during the wait. */
const maxWaitMs = 1_000;
const retryAfterMs = 50;

/**
 * Enqueues each task at each instant of its grid while it holds the lease. Any number of beats may run; one of them is
 * the leader.
 */
export class Beat implements Service {
  readonly name = 'beat';
  readonly #options: BeatOptions;
  /** By task: the newest instant that this beat enqueued. */
  readonly #newest = new Map<string, number>();
  #term: number | null = null;
  /** Begins anew with each job that is sent, since that renews the lease as well. */
  readonly #untilRenewal = new RestartablePause();
  /** Until the next instant, or, without the lease, until it is acquired. */
  readonly #untilDue = new RestartablePause();
  #isStopping = false;
  #missed = 0;
  #loops: Promise<unknown> = Promise.resolve();

  constructor(options: BeatOptions) {
    this.#options = options;
  }

  get isLeader(): boolean {
    return this.#term !== null;
  }

  /** Number of instants that passed without being enqueued while this beat was the leader. */
  get missed(): number {
    return this.#missed;
  }

  async start(): Promise<void> {
    this.#loops = Promise.all([this.#holdLease(), this.#schedule()]);
    runInBackground(this.#loops);
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#untilRenewal.close();
    this.#untilDue.close();
    await this.#loops;
    const term = this.#term;
    this.#term = null;
    if (term === null) return;
    const { ticks, owner } = this.#options;
    await ticks.releaseLease(owner, term).catch(ignoreUnavailable);
  }

  async #holdLease(): Promise<void> {
    const { ticks, owner, log } = this.#options;
    while (!this.#isStopping) {
      const lease = await ticks.acquireLease(owner).catch(ignoreUnavailable);
      // The instants of another leader do not count as missed.
      if (lease === null) this.#newest.clear();
      const term = lease?.term ?? null;
      if (term !== this.#term) log.info({ term }, term === null ? 'lost the lease' : 'became leader');
      if (term !== null && this.#term === null) this.#untilDue.end();
      this.#term = term;
      await this.#untilRenewal.wait(renewAfterMs);
    }
  }

  async #schedule(): Promise<void> {
    const { time, tasks } = this.#options;
    while (!this.#isStopping) {
      if (this.#term === null) {
        await this.#untilDue.wait(maxWaitMs);
        continue;
      }
      // One reading decides both what is due and what comes next. An instant between two readings would be skipped.
      const now = time.now();
      const areEnqueued = await Promise.all(tasks.map((task) => this.#pushNewest(task, now)));
      if (areEnqueued.every(Boolean)) await this.#waitFor(Math.min(...tasks.map((task) => nextDue(now, task.everyMs))));
      else await this.#untilDue.wait(retryAfterMs);
    }
  }

  /** Waits until an instant, or for `maxWaitMs`. A timer may fire early, so the caller must check the time. */
  async #waitFor(instant: number): Promise<void> {
    const waitMs = Math.min(instant - this.#options.time.now(), maxWaitMs);
    await this.#untilDue.wait(Math.max(0, Math.ceil(waitMs)));
  }

  /** Enqueues the newest instant that is due at `now`. False if that failed and may be retried. */
  async #pushNewest({ name, everyMs, expiryMs }: ScheduledTask, now: number): Promise<boolean> {
    const { ticks, owner } = this.#options;
    const at = newestDue(now, everyMs);
    const expiresAt = at + expiryMs;
    const newest = this.#newest.get(name);
    // An instant that is more than an expiry ahead is void: the authority's clock was stepped back.
    const before = newest !== undefined && newest - now > expiryMs ? undefined : newest;
    if (before !== undefined && at <= before) return true;
    if (now >= expiresAt) return true;
    if (this.#term === null) return false;

    this.#untilRenewal.restart(renewAfterMs);
    const result = await ticks.push({ task: name, at, everyMs, expiresAt }, owner, this.#term).catch(ignoreUnavailable);
    if (result === undefined || result === 'not-leader') {
      // Whether this process still leads is known only after a renewal, which the restart would put off at each try.
      this.#untilRenewal.end();
      return false;
    }
    if (before !== undefined) this.#missed += Math.round((at - before) / everyMs) - 1;
    this.#newest.set(name, at);
    return true;
  }
}
