import type { ScreenClient } from './screen-client.ts';

const everyMs = 100;
/** A check that is later than this proves nothing: the timers of the clients are late as well. */
const maxLateMs = 50;

/** Checks ten times a second what clients show as live, and records when the event loop of this process was late. */
export class FreshnessWatch {
  /** When a check was late, epoch ms, and by how much. */
  readonly lags: { at: number; lateMs: number }[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor(clients: () => Iterable<ScreenClient>) {
    let dueAt = performance.now() + everyMs;
    this.#timer = setInterval(() => {
      const lateMs = performance.now() - dueAt;
      dueAt = performance.now() + everyMs;
      if (lateMs > maxLateMs) this.lags.push({ at: Date.now(), lateMs });
      else for (const client of clients()) client.checkFreshness();
    }, everyMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
