import { SharedTimer } from '../time/shared-timer.ts';

/** The least time between two runs, ms: with a tick every 500 ms, every second one starts a run. */
const minEveryMs = 750;
/** The time after which a run starts without a tick, ms: more than a second, since the tick may be a few ms late. */
const maxEveryMs = 1_020;

/**
 * Runs the periodic work of web about once a second. A tick starts a run if it arrives in time: the process is awake then,
 * and a wake-up costs about as much CPU as the work itself.
 */
export class Housekeeping {
  readonly #tasks = new Set<() => void>();
  readonly #timer = new SharedTimer(() => this.#run());
  /** Monotonic ms. */
  #ranAt = 0;

  /** Adds a task. Returns the function that removes it. */
  add(task: () => void): () => void {
    this.#tasks.add(task);
    if (!this.#timer.isSet) this.#waitForTick();
    return () => {
      this.#tasks.delete(task);
      if (this.#tasks.size === 0) this.#timer.clear();
    };
  }

  /** To be called after each tick. */
  onTick(): void {
    if (this.#timer.isSet && performance.now() - this.#ranAt >= minEveryMs) this.#run();
  }

  #run(): void {
    this.#waitForTick();
    for (const task of this.#tasks) task();
  }

  #waitForTick(): void {
    this.#ranAt = performance.now();
    this.#timer.set(maxEveryMs);
  }
}
