import type { Shown } from '../../operator-api.ts';
import type { Show } from '../../protocol.ts';
import { countdownNow, type ShownCountdown } from '../show/countdown.ts';

/** What a show applies to, as the value of an option: `everybody`, `group/hall`, `screen/ID`. */
export type TargetKey = string;

export const everybody: TargetKey = 'everybody';

export function keyOf({ group, screen }: Pick<Shown, 'group' | 'screen'>): TargetKey {
  if (group !== null) return `group/${group}`;
  return screen === null ? everybody : `screen/${screen}`;
}

/** The target in the words of `POST /api/show`. */
export function targetOf(key: TargetKey): { group?: string; screen?: string } {
  const [kind, name] = [key.slice(0, key.indexOf('/')), key.slice(key.indexOf('/') + 1)];
  return kind === 'group' ? { group: name } : kind === 'screen' ? { screen: name } : {};
}

/** A target for a person. `names`: of the screens and links, by id. */
export function targetText(key: TargetKey, names: ReadonlyMap<string, string>): string {
  const { group, screen } = targetOf(key);
  if (group !== undefined) return `group ${group}`;
  if (screen === undefined) return 'everybody';
  return names.get(screen) ?? `a screen that has ended, ${screen}`;
}

/** Everybody first, then the groups, then the screens, each by name. */
export function inOrder(shows: readonly Shown[], names: ReadonlyMap<string, string>): Shown[] {
  const rank = (shown: Shown): string =>
    shown.screen !== null ? `2${names.get(shown.screen) ?? '~'}` : shown.group !== null ? `1${shown.group}` : '0';
  return [...shows].sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
}

/** What the countdown of a show looks like on the screens now; null without one. */
export function countAt({ countdown }: Show, now: number): ShownCountdown | null {
  return countdown === undefined ? null : countdownNow(countdown, now);
}

/** What follows the digits of a countdown. */
export function countWords({ countdown }: Show, { phase }: ShownCountdown): string {
  if (countdown?.until === undefined) return 'counting up';
  return { running: 'left', warning: 'left, warning', last: 'left, last warning', over: 'over' }[phase];
}

/** When a countdown and a show end: `to 15:00:00 · ends at 15:10:00`; empty if neither does. */
export function endText({ show, endsAt }: Shown, timeOf: (instant: number) => string): string {
  const { until } = show.countdown ?? {};
  const parts = [until === undefined ? '' : `to ${timeOf(until)}`, endsAt === null ? '' : `ends at ${timeOf(endsAt)}`];
  return parts.filter((part) => part !== '').join(' · ');
}

/** Formats the time of day in the zone of the clock; in that of the browser if it does not support the zone. */
export function timeFormat(zone: string | null): (instant: number) => string {
  const options = { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false } as const;
  const format = ((): Intl.DateTimeFormat => {
    try {
      return new Intl.DateTimeFormat('en-GB', { ...options, timeZone: zone ?? undefined });
    } catch {
      return new Intl.DateTimeFormat('en-GB', options);
    }
  })();
  return (instant) => format.format(instant);
}
