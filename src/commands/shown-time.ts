import type { ZoneOffsets } from '../protocol.ts';
import { isZone, Zone } from '../time/zone.ts';
import { timeText, wallClockAt } from '../time/zone-offset.ts';

/**
 * `15:03:27`: an instant in the zone of the installation, by the server's zone data. An older server sends the zone's
 * name alone, which this program's zone data may not know. Null: the time cannot be told.
 */
export function timeTextAt(zone: ZoneOffsets, instant: number): string | null {
  const wallClock = wallClockAt(zone, instant);
  if (wallClock !== null) return timeText(wallClock);
  return zone.zone !== null && isZone(zone.zone) ? new Zone(zone.zone).timeOf(instant) : null;
}
