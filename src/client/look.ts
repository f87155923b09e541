/** How the address of the page wants the clock to look. */
export interface Look {
  face: 'digital' | 'analog';
  /** Instead of the installation's. */
  zone: string | null;
  /** Shown small beside it. */
  zone2: string | null;
  hours: 12 | 24;
  seconds: boolean;
  date: boolean;
  weekday: boolean;
  /** A language of BCP 47; null for the article's plain form. */
  lang: string | null;
  /** Percent of what fits. */
  size: number;
  /** `#rrggbb`. */
  ink: string | null;
  /** `#rrggbb`; over a transparent one, that of the halo round what is in `ink`. */
  ground: string | null;
  isTransparent: boolean;
  /** By how much the screen is late, ms. */
  trimMs: number;
  /** Moves a little each minute, so that nothing burns in. */
  shift: boolean;
  stale: 'hold' | 'dash';
}

type Parse<T> = (text: string) => T | undefined;

const oneOf =
  <const T extends string>(...words: T[]): Parse<T> =>
  (text) =>
    words.find((word) => word === text);
const switches = new Map([
  ['on', true],
  ['1', true],
  ['off', false],
  ['0', false],
]);
const isOn: Parse<boolean> = (text) => switches.get(text);
const between =
  (least: number, most: number): Parse<number> =>
  (text) =>
    /^-?\d+$/.test(text) && Number(text) >= least && Number(text) <= most ? Number(text) : undefined;
const color: Parse<string> = (text) => {
  const digits = /^#?([\da-f]{3}|[\da-f]{6})$/i.exec(text)?.[1]?.toLowerCase();
  return digits && `#${digits.length === 3 ? digits.replaceAll(/./g, '$&$&') : digits}`;
};
const zone: Parse<string> = (text) => known(text, () => new Intl.DateTimeFormat('en', { timeZone: text }));
const language: Parse<string> = (text) => known(text, () => Intl.DateTimeFormat.supportedLocalesOf(text).length);

function known(text: string, make: () => unknown): string | undefined {
  try {
    return make() ? text : undefined;
  } catch {
    return undefined;
  }
}

const least = 7;

/** Reads the query of an address; what cannot be meant so is passed over, with a line that says it. */
export function readLook(query: string): { look: Look; complaints: string[] } {
  const asked = new URLSearchParams(query);
  const complaints: string[] = [];
  const take = <T>(name: string, parse: Parse<T>, standard: T): T => {
    const [text, ...others] = asked.getAll(name);
    asked.delete(name);
    const value = text === undefined ? undefined : parse(text);
    if (text !== undefined && value === undefined) complaints.push(`${name}=${text} is not known: passed over`);
    if (others.length > 0) complaints.push(`${name} is given more than once: the first one counts`);
    return value ?? standard;
  };
  const face = take('face', oneOf('digital', 'analog', '12h'), 'digital');
  const ground = take<string | null>('ground', (text) => (text === 'transparent' ? text : color(text)), null);
  const look: Look = {
    face: face === '12h' ? 'digital' : face,
    zone: take<string | null>('zone', zone, null),
    zone2: take<string | null>('zone2', zone, null),
    hours: take('hours', oneOf('12', '24'), face === '12h' ? '12' : '24') === '12' ? 12 : 24,
    seconds: take('seconds', isOn, true),
    date: take('date', isOn, false),
    weekday: take('weekday', isOn, false),
    lang: take<string | null>('lang', language, null),
    size: take('size', between(10, 100), 100),
    ink: take<string | null>('ink', color, null),
    ground: ground === 'transparent' ? null : ground,
    isTransparent: ground === 'transparent',
    trimMs: take('trim', between(-1_000, 1_000), 0),
    shift: take('shift', isOn, false),
    stale: take('stale', oneOf('hold', 'dash'), 'hold'),
  };
  for (const name of new Set(asked.keys())) complaints.push(`${name} is not known: passed over`);
  const { ink, isTransparent } = look;
  if (isTransparent && ink !== null) look.ground = opposite(ink);
  const why = unreadable(look);
  if (why !== null) {
    complaints.push(why);
    look.ink = null;
    look.ground = null;
  }
  return { look, complaints };
}

/** Why nobody could read what is in these colours; null when there is no reason. */
function unreadable({ ink, ground, isTransparent }: Look): string | null {
  if (ink === null && ground === null) return null;
  if (ink === null || ground === null) return 'ink and ground are passed over: one without the other';
  const ratio = contrast(ink, ground);
  if (ratio >= least) return null;
  if (isTransparent) return 'ink is passed over: no halo gives it a contrast of 7';
  return `ink and ground are passed over: their contrast is ${ratio.toFixed(1)}, and 7 is needed`;
}

function opposite(rgb: string): string {
  // Black and white stand out equally from a luminance of 0.179.
  return luminance(rgb) > 0.179 ? '#000000' : '#ffffff';
}

/** WCAG 2's ratio of two colours, 1 to 21. */
function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(rgb: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(rgb.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
