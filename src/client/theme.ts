import { createAnalogDial } from './analog-dial.ts';
import { type Appearance, readAppearance } from './appearance.ts';
import { element } from './browser.ts';
import { setText } from './set-text.ts';
import type { FaceView, ShownTime, ShownZone } from './face.ts';
import { schedule } from './schedule.ts';
import { loadStyleSheet } from './style-sheet.ts';
import { type ShownZones, ThemeZones } from './theme-zones.ts';
import { timeWidth } from './time-width.ts';
import { cityOf } from './face-parameters.ts';
import { zoneFetcher } from './zone-request.ts';
import { createZoneRow } from './zone-row.ts';

/** How far `shift` moves the clock, in percent of its window. */
const shiftPercent = 1.5;

export interface Theme {
  appearance: Appearance;
  /** One sentence for each part of the queries that the page ignores. */
  warnings: string[];
  view: FaceView;
  zonesFor(houseZone: ShownZone | null): ShownZones;
}

interface PreparedTheme {
  appearance: Appearance;
  warnings: string[];
  setQuery: string;
  isDefault: boolean;
  zones: ThemeZones;
  /** Resolves when the theme can be applied. Rejects if the server does not deliver the style sheet. */
  ready: Promise<unknown>;
}

let prepared: PreparedTheme | null = null;
let shownZones: ThemeZones | null = null;

/**
 * Prepares the theme that the query of the address and the query set by operators describe. Resolves when the last
 * prepared theme can be applied. A live page also waits for its zones, and shows its previous face until then. Rejects if
 * the server does not deliver the style sheet. `headers`: of requests to the server; `onZones`: called when the result of
 * `zonesFor` may have changed.
 */
export async function prepare(
  query: string,
  setQuery: string,
  headers: Record<string, string>,
  onZones: () => void,
): Promise<void> {
  const { appearance, warnings } = readAppearance(query, setQuery);
  const zones = new ThemeZones(appearance, {
    fetchOffsets: zoneFetcher(location.href, headers),
    schedule,
    random: Math.random,
    onChange: onZones,
  });
  const zonesLoaded = zones.load();
  const isLive = document.documentElement.dataset['state'] === 'live';
  const ready = Promise.all([loadStyleSheet('/static/theme.css'), isLive ? zonesLoaded : null]);
  if (prepared?.zones !== shownZones) prepared?.zones.stop();
  prepared = { appearance, warnings, setQuery, isDefault: query + setQuery === '', zones, ready };
  let awaited: PreparedTheme;
  do {
    awaited = prepared;
    await awaited.ready;
  } while (awaited !== prepared);
}

/** Replaces the last theme by the prepared one. */
export function applyTheme(): Theme {
  if (prepared === null) throw new Error('no theme is prepared');
  const { appearance, warnings, setQuery, isDefault, zones } = prepared;
  const root = document.documentElement;
  const display = element('display');
  removeTheme(root, display);
  if (shownZones !== zones) shownZones?.stop();
  shownZones = zones;
  // The panel reads it.
  if (setQuery !== '') root.dataset['setFace'] = setQuery;
  root.classList.add(appearance.face);
  if (appearance.isTransparent) root.classList.add('transparent');
  if (appearance.shift) root.classList.add('shift');
  if (appearance.date || appearance.weekday) root.classList.add('has-date');
  if (appearance.zone2 !== null) root.classList.add('has-second-zone');
  root.style.setProperty('--size', String(appearance.size / 100));
  const { color, background } = appearance;
  for (const name of ['--color', '--quiet', '--live', '--wait', '--hand', '--line']) setColor(root, name, color);
  for (const name of ['--background', '--raised']) setColor(root, name, background);
  setLanguage(display, appearance.lang);
  const view = new ThemeView(appearance, display);
  const { length } = appearance.zones;
  if (length > 0) view.addZoneRow(display, zones);
  if ((appearance.face === 'digital' && !isDefault) || length > 0) {
    const width = timeWidth(display, (wallClock) => view.textOf(wallClock));
    root.style.setProperty('--time-width', width.toFixed(2));
  }
  return { appearance, warnings, view, zonesFor: (houseZone) => zones.resolve(houseZone) };
}

/** Restores the plain page, also after a theme that could be applied only in part. */
function removeTheme(root: HTMLElement, display: HTMLElement): void {
  root.classList.remove('digital', 'analog', 'transparent', 'shift', 'has-date', 'has-second-zone', 'has-zones');
  delete root.dataset['setFace'];
  for (const element of [root, document.body]) element.removeAttribute('style');
  for (const name of ['lang', 'dir']) display.removeAttribute(name);
  for (const added of document.querySelectorAll('#date, #second-zone, #zones, #dial')) added.remove();
}

class ThemeView implements FaceView {
  readonly #appearance: Appearance;
  readonly #time: Intl.DateTimeFormat;
  readonly #dateFormat: Intl.DateTimeFormat;
  readonly #date: HTMLElement | null;
  readonly #secondZone: HTMLElement | null;
  readonly #setHands: ((wallClock: number | null) => void) | null;
  #drawZones: ((time: ShownTime | null) => void) | null = null;

  constructor(appearance: Appearance, display: HTMLElement) {
    this.#appearance = appearance;
    this.#time = timeFormat(appearance);
    this.#dateFormat = dateFormat(appearance);
    const { face, lang, zone2, date, weekday, seconds } = appearance;
    this.#date = date || weekday ? addLine('date', lang, display, 'beforebegin') : null;
    this.#secondZone = zone2 === null ? null : addLine('second-zone', lang, display, 'afterend');
    this.#setHands = face === 'analog' ? createAnalogDial(display, seconds) : null;
  }

  addZoneRow(display: HTMLElement, { row }: ThemeZones): void {
    const root = document.documentElement;
    const { element: list, draw } = createZoneRow({
      zones: row,
      lang: this.#appearance.lang,
      textOf: (wallClock) => this.textOf(wallClock),
    });
    setLanguage(list, this.#appearance.lang);
    root.classList.add('has-zones');
    root.style.setProperty('--zones', String(row.length));
    // 4 are shown as 2 by 2 in a narrow window, and 5 and 6 as 2 by 3.
    root.style.setProperty('--narrow-columns', String(row.length === 4 ? 2 : Math.min(row.length, 3)));
    root.style.setProperty('--narrow-rows', String(Math.ceil(row.length / 3)));
    (document.getElementById('second-zone') ?? display).insertAdjacentElement('afterend', list);
    this.#drawZones = draw;
  }

  textOf(wallClock: number): string {
    return this.#time.format(wallClock);
  }

  draw(time: ShownTime | null): void {
    this.#setHands?.(time?.wallClock ?? null);
    this.#drawZones?.(time);
    if (this.#date !== null) setText(this.#date, time === null ? '' : this.#dateFormat.format(time.wallClock));
    if (this.#secondZone !== null) setText(this.#secondZone, this.#secondZoneText(time?.secondWallClock ?? null));
    if (this.#appearance.shift && time !== null) shiftPage(time.instant);
  }

  #secondZoneText(wallClock: number | null): string {
    const { zone2, lang } = this.#appearance;
    if (wallClock === null || zone2 === null) return '';
    const text = this.textOf(wallClock);
    // Bidi isolates, since the name beside it may be written in the other direction.
    return `${cityOf(zone2)} ${lang === null ? text : `\u2068${text}\u2069`}`;
  }
}

// Intl only formats: a wall clock is formatted as the time of UTC that reads the same.
function timeFormat({ lang, hours, seconds }: Appearance): Intl.DateTimeFormat {
  const locale = lang ?? (hours === 12 ? 'en-US' : 'en-GB');
  const options: Intl.DateTimeFormatOptions & { hourCycle: 'h12' | 'h23' } = {
    timeZone: 'UTC',
    hour: hours === 12 ? 'numeric' : '2-digit',
    minute: '2-digit',
    ...(seconds ? { second: '2-digit' } : {}),
    hourCycle: hours === 12 ? 'h12' : 'h23',
  };
  const format = new Intl.DateTimeFormat(locale, options);
  // Chromium before 73 ignores hourCycle. Later browsers would show midnight as 24 or 0 with hour12.
  const isKnown = 'hourCycle' in format.resolvedOptions();
  return isKnown ? format : new Intl.DateTimeFormat(locale, { ...options, hour12: hours === 12 });
}

function dateFormat({ lang, date, weekday }: Appearance): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat(lang ?? 'en-GB', {
    timeZone: 'UTC',
    ...(weekday ? { weekday: 'long' } : {}),
    ...(date ? { day: 'numeric', month: 'long', year: 'numeric' } : {}),
  });
}

function shiftPage(instant: number): void {
  const minute = Math.floor(instant / 60_000) % 60;
  const [x, y] = [Math.sin(minute * 1.3), Math.cos(minute * 0.7)].map((part) => (part * shiftPercent).toFixed(2));
  document.body.style.transform = `translate(${x}vw, ${y}vh)`;
}

function setColor(root: HTMLElement, name: string, color: string | null): void {
  if (color !== null) root.style.setProperty(name, color);
}

function addLine(id: string, lang: string | null, display: HTMLElement, where: InsertPosition): HTMLElement {
  const line = document.createElement('p');
  line.id = id;
  setLanguage(line, lang);
  display.insertAdjacentElement(where, line);
  return line;
}

function setLanguage(line: HTMLElement, lang: string | null): void {
  if (lang === null) return;
  line.lang = lang;
  line.dir = 'auto';
}
