import { createHistogram, type Histogram } from 'node:perf_hooks';

const windowMs = 60_000;

/** Delays of the last one to two minutes, in ns. Reading changes nothing, so any number of readers see each of them. */
export class RecentDelays {
  /** Both record each delay. Once a minute the older one is emptied and becomes the newer one. */
  #older = createHistogram();
  #newer = createHistogram();
  #newerSince = performance.now();

  record(delayNs: number): void {
    this.#rotate();
    this.#older.record(delayNs);
    this.#newer.record(delayNs);
  }

  read(): Histogram {
    this.#rotate();
    return this.#older;
  }

  #rotate(): void {
    const ageMs = performance.now() - this.#newerSince;
    if (ageMs < windowMs) return;
    [this.#older, this.#newer] = [this.#newer, this.#older];
    this.#newer.reset();
    if (ageMs >= 2 * windowMs) this.#older.reset();
    this.#newerSince = performance.now();
  }
}
