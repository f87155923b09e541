import { Unavailable, type Ticks } from '../backend/backend.ts';
import type { Service } from '../lifecycle.ts';
import type { Logger } from '../logger.ts';
import { expiryMs, newestDue, nextDue } from '../time/grid.ts';
import type { HouseTime } from '../time/house-time.ts';
import { pause } from '../time/pause.ts';

/** A task with the interval at which it is due. */
export interface ScheduledTask {
  name: string;
  everyMs: number;
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
const renewEveryMs = 300;
const checkEveryMs = 1_000;
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
  readonly #stopping = new AbortController();
  #term: number | null = null;
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
    const { tasks } = this.#options;
    this.#loops = Promise.all([this.#holdLease(), ...tasks.map((task) => this.#schedule(task))]);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loops;
    const term = this.#term;
    this.#term = null;
    if (term === null) return;
    const { ticks, owner } = this.#options;
    await ticks.releaseLease(owner, term).catch(ignoreUnavailable);
  }

  async #holdLease(): Promise<void> {
    const { ticks, owner, log } = this.#options;
    while (!this.#stopping.signal.aborted) {
      const lease = await ticks.acquireLease(owner).catch(ignoreUnavailable);
      // The instants of another leader do not count as missed.
      if (lease === null) this.#newest.clear();
      const term = lease?.term ?? null;
      if (term !== this.#term) log.info({ term }, term === null ? 'lost the lease' : 'became leader');
      this.#term = term;
      await pause(renewEveryMs, this.#stopping.signal);
    }
  }

  async #schedule(task: ScheduledTask): Promise<void> {
    const { time } = this.#options;
    while (!this.#stopping.signal.aborted) {
      const done = await this.#pushNewest(task);
      const now = time.now();
      const waitMs = done ? Math.min(nextDue(now, task.everyMs) - now, checkEveryMs) : retryAfterMs;
      await pause(Math.ceil(waitMs), this.#stopping.signal);
    }
  }

  /** Enqueues the newest instant that is due. False if that failed and may be retried. */
  async #pushNewest({ name: task, everyMs }: ScheduledTask): Promise<boolean> {
    const { ticks, time, owner } = this.#options;
    const now = time.now();
    const at = newestDue(now, everyMs);
    const expiresAt = at + expiryMs(everyMs);
    const before = this.#newestBefore(task, now, everyMs);
    if (before !== undefined && at <= before) return true;
    if (now >= expiresAt) return true;
    if (this.#term === null) return false;

    const result = await ticks.push({ task, at, everyMs, expiresAt }, owner, this.#term).catch(ignoreUnavailable);
    if (result === undefined || result === 'not-leader') return false;
    if (before !== undefined) this.#missed += Math.round((at - before) / everyMs) - 1;
    this.#newest.set(task, at);
    return true;
  }

  /** The newest instant enqueued; none if the clock of the authority has since been stepped back to before it. */
  #newestBefore(task: string, now: number, everyMs: number): number | undefined {
    const newest = this.#newest.get(task);
    return newest !== undefined && newest - now > expiryMs(everyMs) ? undefined : newest;
  }
}

function ignoreUnavailable(error: unknown): undefined {
  if (!(error instanceof Unavailable)) throw error;
}
