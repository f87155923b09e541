import type { HouseTime } from '../time/house-time.ts';
import { machineClockOrigin } from '../time/machine-clock.ts';
import { readingAt, utcErrorOf, type AuthorityReading, type UtcBounds } from './authority-reading.ts';

export interface SharedReadingOptions {
  /** Of the monotonic clock of the machine; null while nothing is known. */
  bounds: () => UtcBounds | null;
  alarm: () => string | null;
  time: HouseTime;
}

/** Compares this process's house time with UTC by what another process of this machine measured. */
export class SharedReading {
  readonly #options: SharedReadingOptions;
  readonly #originMs = machineClockOrigin();

  constructor(options: SharedReadingOptions) {
    this.#options = options;
  }

  get reading(): AuthorityReading | null {
    const { bounds, time } = this.#options;
    return readingAt(performance.now() + this.#originMs, bounds(), time);
  }

  /** The maximum deviation of house time from UTC, ms; null while it is unknown. */
  get utcErrorMs(): number | null {
    return utcErrorOf(this.reading);
  }

  get alarm(): string | null {
    return this.#options.alarm();
  }
}
