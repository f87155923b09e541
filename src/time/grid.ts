/** The newest instant of the grid that is due: the last multiple of `everyMs` since the epoch, at or before `now`. */
export function newestDue(now: number, everyMs: number): number {
  return Math.floor(now / everyMs) * everyMs;
}

/** The first instant of the grid after `now`. */
export function nextDue(now: number, everyMs: number): number {
  return newestDue(now, everyMs) + everyMs;
}

/** The age of the last tick at which a screen becomes stale, ms: 1.5 intervals, at least 2 s. */
export function staleAfterMs(everyMs: number): number {
  return Math.max(1.5 * everyMs, 2_000);
}
