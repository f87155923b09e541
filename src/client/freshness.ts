import type { ScreenState } from '../protocol.ts';
import { staleAfterMs } from '../time/grid.ts';
import { type Schedule, Timer } from './timer.ts';

/** The page takes the first tick of each second, so a shorter interval does not make its ticks come sooner. */
const everyMs = 1_000;

export interface FreshnessOptions {
  /** Monotonic, ms. */
  now: () => number;
  schedule: Schedule;
  onChange: (state: ScreenState) => void;
}

/** Decides whether the time may be claimed: only while the newest tick stands for an instant that is near enough. */
export class Freshness {
  readonly #options: FreshnessOptions;
  readonly #due: Timer;
  #state: ScreenState = 'connecting';
  #limitMs = staleAfterMs(everyMs);
  /** By the monotonic clock. */
  #newestInstant = -Infinity;

  constructor(options: FreshnessOptions) {
    this.#options = options;
    this.#due = new Timer(options.schedule);
  }

  get state(): ScreenState {
    return this.#state;
  }

  /** Begins to wait for the first tick. */
  start(): void {
    this.#due.set(this.#limitMs, () => this.judge());
  }

  /** Takes the interval of the ticks. */
  expectEvery(intervalMs: number): void {
    const limitMs = staleAfterMs(Math.max(intervalMs, everyMs));
    if (limitMs === this.#limitMs) return;
    this.#limitMs = limitMs;
    if (this.#state !== 'connecting') this.judge();
  }

  /** A tick was heard that stands for `instant` of the monotonic clock. */
  heard(instant: number): void {
    if (instant <= this.#newestInstant) return;
    this.#newestInstant = instant;
    this.judge();
  }

  /** The newest tick stands for another instant than was thought; `-Infinity`: it is no proof of anything. */
  correct(instant: number): void {
    this.#newestInstant = instant;
    this.judge();
  }

  /** Looks at the clock, for when a timer may have come late. */
  judge(): void {
    if (this.#state === 'signed-out') return;
    const leftMs = this.#newestInstant + this.#limitMs - this.#options.now();
    if (leftMs > 0) this.#due.set(leftMs, () => this.judge());
    else this.#due.clear();
    this.#become(leftMs > 0 ? 'live' : 'stale');
  }

  /** For good. */
  signOut(): void {
    this.#due.clear();
    this.#become('signed-out');
  }

  stop(): void {
    this.#due.clear();
  }

  #become(state: ScreenState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#options.onChange(state);
  }
}
