/** Runs `run` once after `delayMs`, unless the function it returns is called before. */
export type Schedule = (run: () => void, delayMs: number) => () => void;

/** One thing that may be due. */
export class Timer {
  readonly #schedule: Schedule;
  #cancel: (() => void) | null = null;

  constructor(schedule: Schedule) {
    this.#schedule = schedule;
  }

  get isSet(): boolean {
    return this.#cancel !== null;
  }

  /** Takes the place of what was due before. */
  set(delayMs: number, run: () => void): void {
    this.clear();
    this.#cancel = this.#schedule(() => {
      this.#cancel = null;
      run();
    }, delayMs);
  }

  clear(): void {
    this.#cancel?.();
    this.#cancel = null;
  }
}
