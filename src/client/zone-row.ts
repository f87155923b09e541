import type { ShownTime } from './face.ts';
import { setText } from './set-text.ts';
import type { LabeledZone } from './theme-zones.ts';
import { dayText, daysApart } from './zone-day.ts';

interface ZoneRowOptions {
  zones: readonly LabeledZone[];
  /** The language of the days. */
  lang: string | null;
  textOf: (wallClock: number) => string;
}

/** Creates a list of zones with their times. `draw` shows a second in all of them; null shows none. */
export function createZoneRow({ zones, lang, textOf }: ZoneRowOptions): {
  element: HTMLElement;
  draw: (time: ShownTime | null) => void;
} {
  const element = document.createElement('ul');
  element.id = 'zones';
  const entries = zones.map(({ zone, label }) => {
    const item = document.createElement('li');
    const [day, time] = [part('day', ''), part('time', '')];
    // Bidi isolates, since labels may be written in other directions.
    const head = part('label', '');
    head.append(part('name', label), ' ', day);
    item.append(head, ' ', time);
    element.append(item);
    return { zone, day, time };
  });
  const draw = (shown: ShownTime | null): void => {
    for (const { zone, day, time } of entries) {
      const wallClock = shown === null ? null : zone.wallClockAt(shown.instant);
      setText(time, wallClock === null ? '' : textOf(wallClock));
      setText(day, wallClock === null || shown === null ? '' : dayText(daysApart(wallClock, shown.wallClock), lang));
    }
  };
  return { element, draw };
}

function part(name: string, text: string): HTMLElement {
  const made = document.createElement('bdi');
  made.className = name;
  made.textContent = text;
  return made;
}
