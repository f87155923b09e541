import type { ScreenClient } from './screen-client.ts';

const everyMs = 100;
/** A check that is later than this proves nothing: the timers of the clients are late as well. */
const maxLateMs = 50;

/** Checks ten times a second what clients show as live, and records when the event loop of this process was late. */
export class FreshnessWatch {
  /** When a check was late, epoch ms, and by how much. */
  readonly lags: { at: number; lateMs: number }[] = [];
  #checks = 0;
  #skipped = 0;
  readonly #timer: NodeJS.Timeout;

  constructor(clients: () => Iterable<ScreenClient>) {
    let dueAt = performance.now() + everyMs;
    this.#timer = setInterval(() => {
      const lateMs = performance.now() - dueAt;
      dueAt = performance.now() + everyMs;
      const isLate = lateMs > maxLateMs;
      if (isLate) this.lags.push({ at: Date.now(), lateMs });
      for (const client of clients()) {
        if (isLate) {
          this.#skipped += 1 + Math.floor(lateMs / everyMs);
        } else {
          this.#checks += 1;
          client.checkFreshness();
        }
      }
    }, everyMs);
  }

  /** The number of checks so far, summed over the clients. */
  get checks(): number {
    return this.#checks;
  }

  /** The number of checks that were due while this process was late, summed over the clients. */
  get skipped(): number {
    return this.#skipped;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
