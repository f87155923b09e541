import type { UtcOffsets } from './zone-offset.ts';

/** The offset of a zone from UTC at an instant, and its next change within 400 days. */
type KnownUtcOffsets = UtcOffsets & { readonly utcOffsetMs: number };

const dayMs = 86_400_000;
const horizonMs = 400 * dayMs;

/** By name in lower case, which bounds the number of entries: Intl ignores the case of a name. */
const cache = new Map<string, { from: number; until: number; offsets: KnownUtcOffsets }>();

/**
 * The offsets of a zone at an instant (epoch ms), from the zone data of this process. Throws a RangeError if Intl has
 * no zone of this name.
 */
export function zoneOffsets(name: string, at: number): KnownUtcOffsets {
  const key = name.toLowerCase();
  const cached = cache.get(key);
  if (cached !== undefined && cached.from <= at && at < cached.until) return cached.offsets;
  const offsets = computeOffsets(name, at);
  // If the horizon contains no change, a day later it may contain one.
  cache.set(key, { from: at, until: offsets.nextUtcOffset?.at ?? at + dayMs, offsets });
  return offsets;
}

function computeOffsets(name: string, at: number): KnownUtcOffsets {
  const utcOffsetAt = utcOffsetReader(name);
  const utcOffsetMs = utcOffsetAt(at);
  // A step of one day is short enough: no zone changes its offset and changes it back within a day.
  for (let before = at; before < at + horizonMs; before += dayMs) {
    if (utcOffsetAt(before + dayMs) === utcOffsetMs) continue;
    const changeAt = firstInstant(before, before + dayMs, (instant) => utcOffsetAt(instant) !== utcOffsetMs);
    return { utcOffsetMs, nextUtcOffset: { at: changeAt, utcOffsetMs: utcOffsetAt(changeAt) } };
  }
  return { utcOffsetMs, nextUtcOffset: null };
}

/** The first whole second in (`before`, `after`] at which `predicate` is true, by bisection. It is true at `after`. */
function firstInstant(before: number, after: number, predicate: (instant: number) => boolean): number {
  let [low, high] = [Math.floor(before / 1_000), Math.ceil(after / 1_000)];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (predicate(middle * 1_000)) high = middle;
    else low = middle;
  }
  return high * 1_000;
}

function utcOffsetReader(name: string): (instant: number) => number {
  const format = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' });
  return (instant) => {
    const text = format.formatToParts(instant).find(({ type }) => type === 'timeZoneName')?.value ?? '';
    const [, sign, hours, minutes = '0', seconds = '0'] = /^GMT([+-])(\d+)(?::(\d+)(?::(\d+))?)?$/.exec(text) ?? [];
    if (sign === undefined) return 0;
    const ms = ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1_000;
    return sign === '-' ? -ms : ms;
  };
}
