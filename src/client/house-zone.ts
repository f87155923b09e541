import type { Tick, ZoneOffsets } from '../protocol.ts';
import { timeText, utcOffsetAt, utcOffsetOf } from '../time/zone-offset.ts';
import type { ShownZone } from './face.ts';

/**
 * The installation's zone, with the offsets that the server sent. If the text of a tick contradicts them, the offset
 * that the text implies is used until the server sends other offsets.
 */
export class HouseZone implements ShownZone {
  readonly name: string;
  readonly #offsets: ZoneOffsets;
  #correctionMs: number | null = null;

  constructor(name: string, offsets: ZoneOffsets) {
    this.name = name;
    this.#offsets = offsets;
  }

  wallClockAt(instant: number): number | null {
    const offsetMs = this.#correctionMs === null ? utcOffsetAt(this.#offsets, instant) : this.#correctionMs;
    return offsetMs === null ? null : instant + offsetMs;
  }

  /** Whether the server sent the same zone and offsets again. */
  isSame({ zone, utcOffsetMs, nextUtcOffset }: ZoneOffsets): boolean {
    const own = this.#offsets;
    const isSameChange = JSON.stringify(nextUtcOffset) === JSON.stringify(own.nextUtcOffset);
    return zone === this.name && utcOffsetMs === own.utcOffsetMs && isSameChange;
  }

  /** Compares with the text of a tick of `time`. Returns a warning if it contradicts the offsets, else null. */
  correct({ at, text }: Pick<Tick, 'at' | 'text'>): string | null {
    const wallClock = this.wallClockAt(at);
    const shown = wallClock === null ? null : timeText(wallClock);
    if (shown === text) return null;
    const statedMs = utcOffsetAt(this.#offsets, at);
    const offsetMs = utcOffsetOf(text, at, wallClock === null ? 0 : wallClock - at);
    if (offsetMs === null) return null;
    this.#correctionMs = offsetMs === statedMs ? null : offsetMs;
    return `the time in ${this.name} is ${text}, not ${shown ?? 'unknown'}: the offset of the tick is used`;
  }
}
