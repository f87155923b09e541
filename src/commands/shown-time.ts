import type { ZoneOffsets } from '../protocol.ts';
import { isZone, Zone } from '../time/zone.ts';
import { timeText, wallClockAt } from '../time/zone-offset.ts';

/**
 * Formats an instant in the zone of the installation, such as `15:03:27`, by the server's zone data. An older server
 * sends the zone's name alone. Returns null if the offset of the zone is unknown.
 */
export function timeTextAt(zone: ZoneOffsets, instant: number): string | null {
  const wallClock = wallClockAt(zone, instant);
  if (wallClock !== null) return timeText(wallClock);
  return zone.zone !== null && isZone(zone.zone) ? new Zone(zone.zone).timeOf(instant) : null;
}
