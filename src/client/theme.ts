import { createAnalogDial } from './analog-dial.ts';
import { type Appearance, readAppearance } from './appearance.ts';
import type { FaceView, ShownTime, ShownZone } from './face.ts';
import { schedule } from './schedule.ts';
import { loadStyleSheet } from './style-sheet.ts';
import { type ShownZones, ThemeZones } from './theme-zones.ts';
import { timeWidth } from './time-width.ts';
import { fetchZone } from './zone-request.ts';

/** How far `shift` moves the clock, in percent of its window. */
const shiftPercent = 1.5;

export interface Theme {
  appearance: Appearance;
  /** What the address says and the page cannot do, a sentence each. */
  warnings: string[];
  view: FaceView;
  zonesBeside(houseZone: ShownZone | null): ShownZones;
}

/** To be called before a theme is applied. Rejects if the server does not deliver the style sheet. */
export async function loadThemeStyle(): Promise<void> {
  await loadStyleSheet('/static/theme.css');
}

/** Gives the page the appearance that its address describes. `onZones`: what `zonesBeside` returns may have changed. */
export function applyTheme(query: string, display: HTMLElement, onZones: () => void): Theme {
  const { appearance, warnings } = readAppearance(query);
  const root = document.documentElement;
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
  const zones = new ThemeZones(appearance, {
    fetchOffsets: (name) => fetchZone(location.href, name),
    schedule,
    random: Math.random,
    onChange: onZones,
  });
  zones.load();
  return { appearance, warnings, view, zonesBeside: (houseZone) => zones.beside(houseZone) };
}

class ThemeView implements FaceView {
  readonly #appearance: Appearance;
  readonly #time: Intl.DateTimeFormat;
  readonly #dateFormat: Intl.DateTimeFormat;
  readonly #date: HTMLElement | null;
  readonly #secondZone: HTMLElement | null;
  readonly #setHands: ((wallClock: number | null) => void) | null;

  constructor(appearance: Appearance, display: HTMLElement) {
    this.#appearance = appearance;
    this.#time = timeFormat(appearance);
    this.#dateFormat = dateFormat(appearance);
    const { face, lang, zone2, date, weekday, seconds } = appearance;
    this.#date = date || weekday ? addLine('date', lang, display, 'beforebegin') : null;
    this.#secondZone = zone2 === null ? null : addLine('second-zone', lang, display, 'afterend');
    this.#setHands = face === 'analog' ? createAnalogDial(display, seconds) : null;
    if (face === 'analog') return;
    const width = timeWidth(display, (wallClock) => this.textOf(wallClock));
    document.documentElement.style.setProperty('--time-width', width.toFixed(2));
  }

  textOf(wallClock: number): string {
    return this.#time.format(wallClock);
  }

  draw(time: ShownTime | null): void {
    this.#setHands?.(time?.wallClock ?? null);
    if (this.#date !== null) write(this.#date, time === null ? '' : this.#dateFormat.format(time.wallClock));
    if (this.#secondZone !== null) write(this.#secondZone, this.#secondZoneText(time?.secondWallClock ?? null));
    if (this.#appearance.shift && time !== null) shiftPage(time.instant);
  }

  #secondZoneText(wallClock: number | null): string {
    const { zone2, lang } = this.#appearance;
    if (wallClock === null || zone2 === null) return '';
    const city = zone2.replace(/^.*\//, '').replace(/_/g, ' ');
    const text = this.textOf(wallClock);
    // Isolated, since the name beside it may be written in the other direction.
    return `${city} ${lang === null ? text : `\u2068${text}\u2069`}`;
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

function setLanguage(element: HTMLElement, lang: string | null): void {
  if (lang === null) return;
  element.lang = lang;
  element.dir = 'auto';
}

function write(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
