import type { Dial } from './face.ts';
import { hands } from './hands.ts';
import { type Look, readLook } from './look.ts';

/** How far `shift` moves the clock, as a fraction of its window. */
const shiftBy = 0.015;

/** Dresses the page as its address wants it. */
export function dress(query: string, display: HTMLElement): { look: Look; complaints: string[]; dial: Dial } {
  const { look, complaints } = readLook(query);
  const root = document.documentElement;
  root.classList.add(look.face);
  if (look.isTransparent) root.classList.add('transparent');
  if (look.shift) root.classList.add('shift');
  const set = (name: string, value: string | null): void => {
    if (value !== null) root.style.setProperty(name, value);
  };
  set('--size', String(look.size / 100));
  for (const name of ['--ink', '--quiet', '--live', '--wait', '--hand', '--line']) set(name, look.ink);
  for (const name of ['--ground', '--raised']) set(name, look.ground);
  speak(display, look.lang);
  const date = look.date || look.weekday ? add('date', look.lang, display, 'beforebegin') : null;
  const second = look.zone2 === null ? null : add('second', look.lang, display, 'afterend');
  const drawHands = look.face === 'analog' ? hands(display, look.seconds) : null;
  // Beside a name that is written the other way.
  const isolated = (text = ''): string => (look.lang === null ? text : `\u2068${text}\u2069`);
  const secondTime = look.zone2 === null ? null : formatOf(look, look.zone2);
  const secondPlace = look.zone2?.replace(/^.*\//, '').replaceAll('_', ' ');
  let zone = 'UTC';
  let widest = 5;
  let time = formatOf(look, zone);

  const dial: Dial = {
    place: (name) => {
      zone = name;
      time = formatOf(look, zone);
    },
    textOf: (instant) => time.format(instant),
    draw: (instant) => {
      const length = display.textContent?.length ?? 0;
      // It never grows back: at ten, twelve hours would shrink.
      if (instant !== null) widest = Math.max(widest, length);
      set('--chars', String(Math.max(widest, length)));
      drawHands?.(instant, zone);
      if (date !== null) write(date, instant === null ? '' : dateOf(look, zone, instant));
      if (second !== null)
        write(second, instant === null ? '' : `${secondPlace} ${isolated(secondTime?.format(instant))}`);
      if (look.shift && instant !== null) {
        const turn = Math.floor(instant / 60_000) % 60;
        const [x, y] = [Math.sin(turn * 1.3), Math.cos(turn * 0.7)].map((part) => (part * shiftBy * 100).toFixed(2));
        document.body.style.translate = `${x}vw ${y}vh`;
      }
    },
  };
  return { look, complaints, dial };
}

const formats = (look: Look): Intl.DateTimeFormatOptions => ({
  hour: look.hours === 12 ? 'numeric' : '2-digit',
  minute: '2-digit',
  ...(look.seconds ? { second: '2-digit' } : {}),
  hourCycle: look.hours === 12 ? 'h12' : 'h23',
});

function formatOf(look: Look, timeZone: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat(look.lang ?? (look.hours === 12 ? 'en-US' : 'en-GB'), { ...formats(look), timeZone });
}

function dateOf({ date, weekday, lang }: Look, timeZone: string, instant: number): string {
  return new Intl.DateTimeFormat(lang ?? 'en-GB', {
    timeZone,
    ...(weekday ? { weekday: 'long' } : {}),
    ...(date ? { day: 'numeric', month: 'long', year: 'numeric' } : {}),
  }).format(instant);
}

function add(id: string, language: string | null, beside: HTMLElement, where: InsertPosition): HTMLElement {
  const element = document.createElement('p');
  element.id = id;
  speak(element, language);
  beside.insertAdjacentElement(where, element);
  return element;
}

/** Says what an element's text is written in, and so which way. */
function speak(element: HTMLElement, language: string | null): void {
  if (language === null) return;
  element.lang = language;
  element.dir = 'auto';
}

function write(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
