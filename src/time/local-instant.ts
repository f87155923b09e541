import type { Zone } from './zone.ts';

const dayMs = 86_400_000;

/**
 * The next instant at which the local time is `time`, `15:00:00`, at least `minAheadMs` from now; the earlier one if the
 * clocks are set back over it. `skipped`: the clocks are set forward over it on the day on which it would be next.
 */
export function nextInstantOf(time: string, zone: Zone, now: number, minAheadMs: number): number | 'skipped' {
  const from = now + minAheadMs;
  const today = zone.dateOf(now);
  for (let day = 0; ; day += 1) {
    const date = new Date(Date.parse(today) + day * dayMs).toISOString().slice(0, 10);
    const instants = instantsOf(date, time, zone);
    const next = instants.find((instant) => instant >= from);
    if (next !== undefined) return next;
    const isAhead = day > 0 || time > zone.timeOf(now);
    if (instants.length === 0 && isAhead) return 'skipped';
  }
}

/** The instants of a local date and time, ascending: one, none if it is skipped, or two if it is repeated. */
function instantsOf(date: string, time: string, zone: Zone): number[] {
  const local = Date.parse(`${date}T${time}Z`);
  const offsets = [local - dayMs, local + dayMs].map((instant) => localTime(instant, zone) - instant);
  const instants = [...new Set(offsets)].map((offset) => local - offset);
  return instants.filter((instant) => localTime(instant, zone) === local).toSorted((a, b) => a - b);
}

/** The local time at a whole second, as the epoch ms at which UTC has the same date and time of day. */
function localTime(instant: number, zone: Zone): number {
  return Date.parse(`${zone.dateOf(instant)}T${zone.timeOf(instant)}Z`);
}
