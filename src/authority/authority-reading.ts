import type { HouseTime } from '../time/house-time.ts';

const maxDrift = 50e-6;

/** How far house time is from UTC. */
export interface AuthorityReading {
  /** House time minus UTC, ms: positive if screens are ahead. */
  offsetMs: number;
  /** UTC is within this of `offsetMs`, ms. */
  boundMs: number;
  /** No majority of the servers agrees; the bound covers the bounds of all of them. */
  isContradiction: boolean;
}

/** UTC minus a monotonic clock at the instant `at` of that clock, ms. */
export interface UtcBounds {
  readonly lowMs: number;
  readonly highMs: number;
  readonly at: number;
  readonly isContradiction: boolean;
}

/** Compares house time with bounds of UTC at `now` of the same monotonic clock; null while either is unknown. */
export function readingAt(now: number, bounds: UtcBounds | null, time: HouseTime): AuthorityReading | null {
  if (bounds === null || time.errorMs === Infinity) return null;
  const { lowMs, highMs, at, isContradiction } = bounds;
  const offsetMs = time.now() - now - (lowMs + highMs) / 2;
  return { offsetMs, boundMs: (highMs - lowMs) / 2 + Math.max(0, now - at) * maxDrift, isContradiction };
}

/** The maximum deviation of house time from UTC, ms; null while it is unknown. */
export function utcErrorOf(reading: AuthorityReading | null): number | null {
  return reading === null ? null : Math.abs(reading.offsetMs) + reading.boundMs;
}

/** The same bounds, of the monotonic clock of the machine instead of that of this process. */
export function onMachineClock({ lowMs, highMs, at, isContradiction }: UtcBounds, originMs: number): UtcBounds {
  return { lowMs: lowMs - originMs, highMs: highMs - originMs, at: at + originMs, isContradiction };
}
