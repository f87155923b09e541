import { runInBackground } from '../background.ts';
import { Unavailable } from '../backend/backend.ts';
import type { Job, Ticks } from '../backend/ticks.ts';
import type { Service } from '../lifecycle.ts';
import type { Logger } from '../logger.ts';
import type { Task } from '../tasks/task.ts';
import type { Zone } from '../time/zone.ts';

export interface WorkerOptions {
  ticks: Ticks;
  tasks: readonly Task[];
  zone: Zone;
  log: Logger;
}

/** Takes one job at a time off the queue, runs its task and publishes the text. Any number of workers may run. */
export class Worker implements Service {
  readonly name = 'worker';
  readonly #options: WorkerOptions;
  readonly #stopping = new AbortController();
  #loop: Promise<void> = Promise.resolve();
  readonly #unknownTasks = new Set<string>();
  #published = 0;
  #late = 0;
  /** Why the last job failed; null if it did not. */
  #problem: string | null = null;

  constructor(options: WorkerOptions) {
    this.#options = options;
  }

  /** Number of ticks published so far. */
  get published(): number {
    return this.#published;
  }

  /** Number of jobs that expired so far, in the queue or while their task ran. */
  get expired(): number {
    return this.#options.ticks.expiredJobs + this.#late;
  }

  async start(): Promise<void> {
    this.#loop = this.#work();
    runInBackground(this.#loop);
  }

  /** Resolves when the current job is finished. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loop;
  }

  async #work(): Promise<void> {
    const { ticks } = this.#options;
    for (;;) {
      const job = await ticks.pop(this.#stopping.signal);
      if (job === null) return;
      try {
        await this.#run(job);
      } catch (error) {
        this.#reportProblem(job, error);
      }
    }
  }

  async #run(job: Job): Promise<void> {
    const { ticks, tasks, zone, log } = this.#options;
    const task = tasks.find(({ name }) => name === job.task);
    // During a rolling update a newer beat may enqueue tasks that this worker does not have.
    if (task === undefined) return this.#reportUnknown(job.task);
    const result = await ticks.publish(job, task.run(job.at, zone), zone.name);
    if (result === 'published') this.#published += 1;
    if (result === 'expired') this.#late += 1;
    if (result !== 'published') log.debug({ job, result }, 'tick not published');
    if (this.#problem !== null) log.info({}, 'ticks are published again');
    this.#problem = null;
  }

  /** Logs a problem when it begins, not at every job. */
  #reportProblem(job: Job, error: unknown): void {
    const { log } = this.#options;
    const problem = error instanceof Unavailable ? error.outage : String(error);
    if (problem === this.#problem) return;
    this.#problem = problem;
    if (error instanceof Unavailable) log.warn({ job, outage: error.outage }, 'ticks are lost');
    else log.error({ job, err: error }, 'task failed');
  }

  #reportUnknown(task: string): void {
    if (this.#unknownTasks.has(task)) return;
    this.#unknownTasks.add(task);
    this.#options.log.warn({ task }, 'unknown task skipped');
  }
}
