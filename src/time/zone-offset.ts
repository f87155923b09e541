const dayMs = 86_400_000;
const quarterHourMs = 900_000;

/** The offsets of a zone from UTC, ms; null while they are unknown. */
export interface UtcOffsets {
  readonly utcOffsetMs: number | null;
  /** The next change, in epoch ms; null if there is none soon. */
  readonly nextUtcOffset: { readonly at: number; readonly utcOffsetMs: number } | null;
}

/** The offset at an instant, ms; null if it is unknown. */
export function utcOffsetAt({ utcOffsetMs, nextUtcOffset }: UtcOffsets, at: number): number | null {
  return nextUtcOffset !== null && at >= nextUtcOffset.at ? nextUtcOffset.utcOffsetMs : utcOffsetMs;
}

/** The local time at an instant, as the epoch ms at which UTC has the same time of day and date; null if unknown. */
export function wallClockAt(zone: UtcOffsets, at: number): number | null {
  const offsetMs = utcOffsetAt(zone, at);
  return offsetMs === null ? null : at + offsetMs;
}

/** Formats a result of `wallClockAt` as `%X` of the C locale does: `15:03:27`. */
export function timeText(wallClock: number): string {
  return new Date(wallClock).toISOString().slice(11, 19);
}

/**
 * The offset from UTC at which the local time at `at` is `text`, ms: a multiple of a quarter of an hour, and of several
 * the nearest to `nearMs`. Null if there is none.
 */
export function utcOffsetOf(text: string, at: number, nearMs: number): number | null {
  const parts = /^(\d\d):(\d\d):(\d\d)$/.exec(text)?.slice(1).map(Number);
  if (parts === undefined) return null;
  const [hours = 0, minutes = 0, seconds = 0] = parts;
  const whole = Math.floor(at / 1_000) * 1_000;
  const offsetMs = (((hours * 60 + minutes) * 60 + seconds) * 1_000 - whole) % dayMs;
  if (offsetMs % quarterHourMs !== 0) return null;
  return offsetMs + Math.round((nearMs - offsetMs) / dayMs) * dayMs;
}
