import { Unavailable, type Ticks } from '../backend/backend.ts';
import type { Service } from '../lifecycle.ts';
import type { Logger } from '../logger.ts';
import { expiryMs, newestDue, nextDue } from '../time/grid.ts';
import type { HouseTime } from '../time/house-time.ts';
import { pause } from '../time/pause.ts';

/** What a beat has to know of a task. */
export interface Schedule {
  task: string;
  everyMs: number;
}

export interface BeatOptions {
  ticks: Ticks;
  time: HouseTime;
  schedules: readonly Schedule[];
  /** Names this process among all beats. */
  owner: string;
  log: Logger;
}

/** The lease lasts a second: at this pace a holder renews it thrice, and a dead one is replaced within 1.3 s. */
const renewEveryMs = 300;
const lookAgainAfterMs = 1_000;
/** How soon a push that failed is tried again; the instant may still be in time. */
const retryAfterMs = 50;

/** Enqueues each task at each instant of its grid, while it leads. Any number of beats may run; one leads. */
export class Beat implements Service {
  readonly name = 'beat';
  readonly #options: BeatOptions;
  readonly #newest = new Map<string, number>();
  readonly #stopping = new AbortController();
  #term: number | null = null;
  #missed = 0;
  #loops: Promise<unknown> = Promise.resolve();

  constructor(options: BeatOptions) {
    this.#options = options;
  }

  get leads(): boolean {
    return this.#term !== null;
  }

  /** Instants that passed, while leading, without being enqueued. */
  get missed(): number {
    return this.#missed;
  }

  async start(): Promise<void> {
    const { schedules } = this.#options;
    this.#loops = Promise.all([this.#holdLease(), ...schedules.map((schedule) => this.#keepTo(schedule))]);
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
      // While another leads, its instants are not for this one to count.
      if (lease === null) this.#newest.clear();
      const term = lease?.term ?? null;
      if (term !== this.#term) log.info({ term }, term === null ? 'leads no longer' : 'leads');
      this.#term = term;
      await pause(renewEveryMs, this.#stopping.signal);
    }
  }

  async #keepTo(schedule: Schedule): Promise<void> {
    const { time } = this.#options;
    while (!this.#stopping.signal.aborted) {
      const done = await this.#pushNewest(schedule);
      const now = time.now();
      // A timer may fire a little early by house time, which may be stepped meanwhile: so it is looked at again.
      const waitMs = done ? Math.min(nextDue(now, schedule.everyMs) - now, lookAgainAfterMs) : retryAfterMs;
      await pause(Math.ceil(waitMs), this.#stopping.signal);
    }
  }

  /** False when the newest instant may still be enqueued in time. */
  async #pushNewest({ task, everyMs }: Schedule): Promise<boolean> {
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

  /** The newest instant enqueued; none when the authority's clock was stepped back behind it. */
  #newestBefore(task: string, now: number, everyMs: number): number | undefined {
    const newest = this.#newest.get(task);
    return newest !== undefined && newest - now > expiryMs(everyMs) ? undefined : newest;
  }
}

function ignoreUnavailable(error: unknown): undefined {
  if (!(error instanceof Unavailable)) throw error;
}
