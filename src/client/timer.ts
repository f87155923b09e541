import type { Schedule } from './schedule.ts';

/** At most one scheduled call. */
export class Timer {
  readonly #schedule: Schedule;
  #cancel: (() => void) | null = null;

  constructor(schedule: Schedule) {
    this.#schedule = schedule;
  }

  get isSet(): boolean {
    return this.#cancel !== null;
  }

  /** Replaces the call that is scheduled. */
  set(delayMs: number, run: () => void): void {
    this.clear();
    this.#cancel = this.#schedule(() => {
      this.#cancel = null;
      run();
    }, delayMs);
  }

  clear(): void {
    if (this.#cancel !== null) this.#cancel();
    this.#cancel = null;
  }
}
