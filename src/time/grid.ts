/** The newest instant of the grid that is due: a multiple of `everyMs` since the epoch, at or before `now`. */
export function newestDue(now: number, everyMs: number): number {
  return Math.floor(now / everyMs) * everyMs;
}

/** The first instant of the grid after `now`. */
export function nextDue(now: number, everyMs: number): number {
  return newestDue(now, everyMs) + everyMs;
}

/** How long after its instant a task may still be run, ms: one interval, a second at most. */
export function expiryMs(everyMs: number): number {
  return Math.min(everyMs, 1_000);
}

/** After this long without a tick a screen must not claim the time, ms: 1.5 intervals, two seconds at least. */
export function staleAfterMs(everyMs: number): number {
  return Math.max(1.5 * everyMs, 2_000);
}
