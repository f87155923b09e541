/** A zone as the server knows it: its offset from UTC now, and the change that follows. */
export interface Offsets {
  /** Null while the zone is unknown. */
  utcOffsetMs: number | null;
  /** `at`: epoch ms. Null: no change is near. */
  nextUtcOffset: { at: number; utcOffsetMs: number } | null;
}

/** The zone's offset from UTC at the instant `at`, ms; null while it is unknown. */
export function utcOffsetAt({ utcOffsetMs, nextUtcOffset }: Offsets, at: number): number | null {
  return nextUtcOffset !== null && at >= nextUtcOffset.at ? nextUtcOffset.utcOffsetMs : utcOffsetMs;
}

/** The wall clock of the zone at `at`, as the epoch ms at which UTC reads the same; null while the offset is unknown. */
export function wallClockAt(zone: Offsets, at: number): number | null {
  const offsetMs = utcOffsetAt(zone, at);
  return offsetMs === null ? null : at + offsetMs;
}
