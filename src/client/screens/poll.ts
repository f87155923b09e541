import { runInBackground } from '../../background.ts';
import type { Schedule } from '../schedule.ts';
import { Timer } from '../timer.ts';

export interface PollOptions {
  /** From the end of one run to the start of the next, ms. */
  everyMs: number;
  /** Handles its own errors. Resolves to false if the poll must end. */
  run: () => Promise<boolean>;
  isVisible: () => boolean;
  schedule: Schedule;
}

/** Repeats a request while the page is visible. */
export class Poll {
  readonly #options: PollOptions;
  readonly #timer: Timer;
  #isRunning = false;
  #isWanted = false;
  #hasEnded = false;

  constructor(options: PollOptions) {
    this.#options = options;
    this.#timer = new Timer(options.schedule);
  }

  /** Runs now, or again at once if it runs already. To be called at the start and on `visibilitychange`. */
  async runNow(): Promise<void> {
    const { everyMs, run, isVisible } = this.#options;
    this.#timer.clear();
    this.#isWanted = isVisible() && !this.#hasEnded;
    if (this.#isRunning) return;
    this.#isRunning = true;
    try {
      while (this.#isWanted) {
        this.#isWanted = false;
        if (!(await run())) this.#hasEnded = true;
      }
    } finally {
      this.#isRunning = false;
    }
    if (!this.#timer.isSet) this.runAfter(everyMs);
  }

  /** Runs after this time instead of the next scheduled one. */
  runAfter(delayMs: number): void {
    if (!this.#options.isVisible() || this.#hasEnded) return;
    this.#timer.set(delayMs, () => runInBackground(this.runNow()));
  }
}
