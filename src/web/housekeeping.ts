import { SharedTimer } from '../time/shared-timer.ts';

/** A run is due after this time, ms: before the health check of the backend, whose place a report takes. */
const dueAfterMs = 700;
/** After a tick it waits for the next one until this time at most, ms: a second, and what a tick may be late. */
const maxEveryMs = 1_020;

/**
 * Runs the periodic tasks of web about once a second. With a tick every 700 ms or more often, a tick starts each run: the
 * process is awake then, and a wake-up costs about as much CPU as the tasks.
 */
export class Housekeeping {
  readonly #tasks = new Set<() => void>();
  readonly #timer = new SharedTimer(() => this.#run());
  /** Monotonic ms. */
  #waitsSince = 0;

  /** Adds a task. Returns the function that removes it. */
  add(task: () => void): () => void {
    this.#tasks.add(task);
    if (!this.#timer.isSet) this.#wait();
    return () => {
      this.#tasks.delete(task);
      if (this.#tasks.size === 0) this.#timer.clear();
    };
  }

  /** To be called after each tick. */
  onTick(): void {
    if (!this.#timer.isSet) return;
    const waitedMs = performance.now() - this.#waitsSince;
    if (waitedMs >= dueAfterMs) this.#run();
    else this.#timer.set(Math.min(dueAfterMs, maxEveryMs - waitedMs));
  }

  #run(): void {
    this.#wait();
    for (const task of this.#tasks) task();
  }

  #wait(): void {
    this.#waitsSince = performance.now();
    this.#timer.set(dueAfterMs);
  }
}
