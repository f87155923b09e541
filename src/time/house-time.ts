import { OffsetEstimate, type Exchange } from './offset.ts';

/** The one time that all processes of an installation share. */
export interface HouseTime {
  /** Epoch ms, with fractions. */
  now(): number;
  /** How far `now()` may be from the authority, ms; 0 where this host is the authority. */
  readonly errorMs: number;
  /** House time minus this host's wall clock, ms. */
  readonly offsetMs: number;
}

/** This host's wall clock is the authority, with the fractions that `Date.now()` lacks. */
export class HostTime implements HouseTime {
  readonly errorMs = 0;
  readonly offsetMs = 0;
  #wallMinusMonotonic = performance.timeOrigin;

  now(): number {
    // The monotonic clock gives the fraction; the wall clock, whole ms rounded down, keeps it within its own ms.
    const wholeMs = Date.now();
    const monotonic = performance.now();
    const fine = Math.min(Math.max(monotonic + this.#wallMinusMonotonic, wholeMs), wholeMs + 1);
    this.#wallMinusMonotonic = fine - monotonic;
    return fine;
  }
}

/** House time of another machine's clock, on top of this host's monotonic clock: its wall clock plays no part. */
export class RemoteTime implements HouseTime {
  readonly #estimate: OffsetEstimate;

  /** `precisionMs`: the resolution of the authority's stamps. */
  constructor(precisionMs: number) {
    this.#estimate = new OffsetEstimate(precisionMs);
  }

  /** Takes one exchange with the authority in; true when house time was stepped by it. */
  add(exchange: Exchange): boolean {
    return this.#estimate.add(exchange);
  }

  /** Before the first exchange, this host's wall clock. */
  now(): number {
    const monotonic = performance.now();
    const offset = this.#estimate.at(monotonic);
    return offset === null ? Date.now() : monotonic + offset.offsetMs;
  }

  /** Infinite before the first exchange. */
  get errorMs(): number {
    return this.#estimate.at(performance.now())?.errorMs ?? Infinity;
  }

  get offsetMs(): number {
    return this.now() - Date.now();
  }
}
