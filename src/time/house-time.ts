import { OffsetEstimate, type Exchange } from './offset.ts';

/** The one time that all processes of an installation share. */
export interface HouseTime {
  /** The current house time, epoch ms with fractions. */
  now(): number;
  /** Error bound of `now()` against the authority, ms; 0 if this host is the authority. */
  readonly errorMs: number;
  /** House time minus this host's wall clock, ms. */
  readonly offsetMs: number;
}

/** House time if this host's wall clock is the authority. It has the fractions that `Date.now()` lacks. */
export class HostTime implements HouseTime {
  readonly errorMs = 0;
  readonly offsetMs = 0;
  #wallMinusMonotonic = performance.timeOrigin;

  now(): number {
    // The fraction comes from the monotonic clock. The wall clock, in whole ms rounded down, bounds the result.
    const wholeMs = Date.now();
    const monotonic = performance.now();
    const fine = Math.min(Math.max(monotonic + this.#wallMinusMonotonic, wholeMs), wholeMs + 1);
    this.#wallMinusMonotonic = fine - monotonic;
    return fine;
  }
}

/**
 * House time if the authority is another host's clock. This host contributes its monotonic clock, not its wall clock.
 */
export class RemoteTime implements HouseTime {
  readonly #estimate: OffsetEstimate;
  /** How far house time is ahead of the local monotonic clock; null before the first exchange. */
  #aheadMs: number | null = null;

  /** `precisionMs`: the resolution of the authority's timestamps. */
  constructor(precisionMs: number) {
    this.#estimate = new OffsetEstimate(precisionMs);
  }

  /** Adds an exchange with the authority. Returns true if it shows that one of the clocks was stepped. */
  add(exchange: Exchange): boolean {
    const wasStepped = this.#estimate.add(exchange);
    this.#aheadMs = this.#estimate.at(exchange.arrivedAt)?.offsetMs ?? null;
    return wasStepped;
  }

  /** This host's wall clock before the first exchange. */
  now(): number {
    return this.#aheadMs === null ? Date.now() : performance.now() + this.#aheadMs;
  }

  /** Infinite before the first exchange. */
  get errorMs(): number {
    return this.#estimate.at(performance.now())?.errorMs ?? Infinity;
  }

  get offsetMs(): number {
    return this.now() - Date.now();
  }
}
