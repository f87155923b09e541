/** One query parameter of a face: its parser, its field in the settings sheet and its description in docs/faces.md. */
export interface FaceParameter<Value> {
  /** Undefined if the text is not allowed. */
  parse: (text: string) => Value | undefined;
  default: Value;
  /** The label in the settings sheet. */
  label: string;
  /** The allowed words, or an example if any text can be entered. */
  choices: readonly string[] | string;
  /** The allowed values, in the words of the documentation and the warnings. */
  values: string;
  /** The default, in the words of the documentation. */
  defaultText: string;
  meaning: string;
}

type Parse<Value> = FaceParameter<Value>['parse'];

const word =
  <const Word extends string>(...words: Word[]): Parse<Word> =>
  (text) =>
    words.find((word) => word === text);

const integer =
  (least: number, most: number): Parse<number> =>
  (text) =>
    /^-?\d+$/.test(text) && Number(text) >= least && Number(text) <= most ? Number(text) : undefined;

const parseSwitch: Parse<boolean> = (text) =>
  new Map([
    ['on', true],
    ['1', true],
    ['off', false],
    ['0', false],
  ]).get(text);

const parseColor: Parse<string> = (text) => {
  const digits = /^#?([\da-f]{3}|[\da-f]{6})$/i.exec(text)?.[1]?.toLowerCase();
  return digits && `#${digits.length === 3 ? digits.replace(/./g, '$&$&') : digits}`;
};

// The server decides which zones exist. A query decodes `Etc/GMT+5` as `Etc/GMT 5`, and no name contains a space.
const parseZone: Parse<string> = (text) => /^[\w+\-:/]{1,64}$/.exec(text.replace(/ /g, '+'))?.[0];

/** A zone that an address names, and its label on the face. */
export interface NamedLabel {
  name: string;
  label: string;
}

const mostZones = 6;

// A name may be an offset, which contains a colon itself.
const zoneAndLabel = /^([+\- ]\d\d:\d\d|[^:]*)(?::(.*))?$/;

const parseZones: Parse<readonly NamedLabel[]> = (text) => {
  const zones = text.split(',').map((item): NamedLabel | undefined => {
    const [, zone = '', label = ''] = zoneAndLabel.exec(item.replace(/^\s+(?!\d)/, '')) ?? [];
    const name = parseZone(zone);
    return name === undefined ? undefined : { name, label: label.trim() || cityOf(name) };
  });
  const isAllowed = zones.length <= mostZones && zones.every((zone) => zone !== undefined && zone.label.length <= 40);
  return isAllowed ? (zones as NamedLabel[]) : undefined;
};

/** The last part of the name of a zone, which is a city for most. */
export function cityOf(zone: string): string {
  return zone.replace(/^.*\//, '').replace(/_/g, ' ');
}

const parseLanguage: Parse<string> = (text) => {
  try {
    return Intl.DateTimeFormat.supportedLocalesOf(text).length > 0 ? text : undefined;
  } catch {
    return undefined;
  }
};

function onOff(isOn: boolean, label: string, meaning: string): FaceParameter<boolean> {
  const choices = ['on', 'off'];
  return {
    parse: parseSwitch,
    default: isOn,
    label,
    choices,
    values: 'on or off',
    defaultText: isOn ? 'on' : 'off',
    meaning,
  };
}

const parameter = <Value>(given: FaceParameter<Value>): FaceParameter<Value> => given;

const colorRule = '`color` and `background` require each other, with a contrast of at least 7:1';

/** All query parameters of a face, in the order of the settings sheet. */
export const faceParameters = {
  face: parameter<'digital' | 'analog' | '12h'>({
    parse: word('digital', 'analog', '12h'),
    default: 'digital',
    label: 'Face',
    choices: ['digital', 'analog', '12h'],
    values: 'digital, analog or 12h',
    defaultText: 'digital',
    meaning: 'digits or hands; `12h` is `digital` with `hours=12`',
  }),
  zone: parameter<string | null>({
    parse: parseZone,
    default: null,
    label: 'Zone',
    choices: 'Europe/Madrid',
    values: 'the IANA name of a zone',
    defaultText: 'the zone of the installation',
    meaning: 'the zone of the time',
  }),
  zone2: parameter<string | null>({
    parse: parseZone,
    default: null,
    label: 'Second zone',
    choices: 'Asia/Tokyo',
    values: 'the IANA name of a zone',
    defaultText: 'none',
    meaning: 'a second zone, shown in small digits below the time',
  }),
  zones: parameter<readonly NamedLabel[]>({
    parse: parseZones,
    default: [],
    label: 'Row of zones',
    choices: 'Europe/Madrid:Madrid,Asia/Tokyo:Tokyo',
    values: 'up to 6 IANA names of zones with labels, such as Asia/Tokyo:Tokyo',
    defaultText: 'none',
    meaning:
      'a row of zones below the time, separated by commas, each with its label after a colon and marked if its date differs',
  }),
  hours: parameter<12 | 24 | null>({
    parse: (text) => (text === '12' ? 12 : text === '24' ? 24 : undefined),
    default: null,
    label: 'Hours',
    choices: ['24', '12'],
    values: '24 or 12',
    defaultText: '24',
    meaning: '24-hour or 12-hour time',
  }),
  seconds: onOff(true, 'Seconds', 'shows seconds'),
  date: onOff(false, 'Date', 'shows the date'),
  weekday: onOff(false, 'Weekday', 'shows the day of the week'),
  lang: parameter<string | null>({
    parse: parseLanguage,
    default: null,
    label: 'Language',
    choices: 'es',
    values: 'a language tag that the browser supports',
    defaultText: "English; for words, the browser's",
    meaning: 'the language of time, date and words of state',
  }),
  size: parameter({
    parse: integer(10, 100),
    default: 100,
    label: 'Size, %',
    choices: '100',
    values: '10 to 100',
    defaultText: '100',
    meaning: 'percent of the size that fits the window',
  }),
  color: parameter<string | null>({
    parse: parseColor,
    default: null,
    label: 'Color',
    choices: 'f4f5f7',
    values: 'a color in hex',
    defaultText: 'light or dark, as the browser prefers',
    meaning: `the color of time and text; ${colorRule}`,
  }),
  background: parameter<string | null>({
    parse: (text) => (text === 'transparent' ? text : parseColor(text)),
    default: null,
    label: 'Background',
    choices: 'transparent',
    values: 'a color in hex, or transparent',
    defaultText: 'light or dark, as the browser prefers',
    meaning: `the color behind the time; ${colorRule}; \`transparent\` is for video mixers`,
  }),
  trim: parameter({
    parse: integer(-1_000, 1_000),
    default: 0,
    label: 'Screen delay, ms',
    choices: '0',
    values: '-1000 to 1000',
    defaultText: '0',
    meaning: 'the display latency of the screen, ms; each second is painted that much earlier',
  }),
  show: onOff(true, 'Messages and countdowns', 'shows the messages and countdowns of operators'),
  shift: onOff(false, 'Move against burn-in', 'moves the clock a little each minute, to prevent burn-in'),
  stale: parameter<'hold' | 'dash'>({
    parse: word('hold', 'dash'),
    default: 'hold',
    label: 'When not live',
    choices: ['hold', 'dash'],
    values: 'hold or dash',
    defaultText: 'hold',
    meaning: 'what a page that is not live shows: its last time, marked as stale, or dashes',
  }),
};

/** The values of all parameters. */
export type FaceValues = {
  -readonly [Name in keyof typeof faceParameters]: (typeof faceParameters)[Name] extends FaceParameter<infer Value>
    ? Value
    : never;
};
