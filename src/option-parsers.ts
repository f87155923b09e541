import { isIP } from 'node:net';
import { minSecretBytes } from './secrets.ts';
import { isZone } from './time/zone.ts';

/** A value that is not allowed. The message says what is, and completes the sentence "must be ...". */
export class BadValue extends Error {}

export function integerBetween(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max) {
      throw new BadValue(`a whole number from ${min} to ${max}`);
    }
    return value;
  };
}

export const port = integerBetween(0, 65_535);

const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Parses milliseconds, or a number with a unit: `500`, `500ms`, `1.5s`, `90d`. The bounds are in ms. */
export function durationBetween(minMs: number, maxMs: number, example = '500, 500ms or 2s'): (text: string) => number {
  return (text) => {
    const [, digits, unit = 'ms'] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(text) ?? [];
    const valueMs = Number(digits) * unitMs[unit as keyof typeof unitMs];
    if (digits === undefined || !Number.isInteger(valueMs) || valueMs < minMs || valueMs > maxMs) {
      throw new BadValue(`a duration from ${formatDuration(minMs)} to ${formatDuration(maxMs)}, such as ${example}`);
    }
    return valueMs;
  };
}

/** A duration in the largest unit of which it is a whole number. */
function formatDuration(ms: number): string {
  const [unit, size] = Object.entries(unitMs).findLast(([, size]) => ms >= size && ms % size === 0) ?? ['ms', 1];
  return `${ms / size}${unit}`;
}

export function oneOf<const T extends string>(allowed: readonly T[]): (text: string) => T {
  return (text) => {
    const found = allowed.find((value) => value === text);
    if (found === undefined) throw new BadValue(`one of ${allowed.join(', ')}`);
    return found;
  };
}

export function anyText(text: string): string {
  return text;
}

export function filePath(text: string): string {
  if (text.trim() === '') throw new BadValue('a path that is not blank');
  return text;
}

/** An IP address or a host name. The resolver would accept `*` and an empty text as all addresses. */
export function listenAddress(text: string): string {
  if (isIP(text) === 0 && !/^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(text)) {
    throw new BadValue('an address of this host or its name, such as 192.0.2.1, ::1 or localhost; :: for all');
  }
  return text;
}

/** Parses items separated by commas, with optional blanks around each. A blank text is the empty list. */
export function commaList<T>(parseItem: (text: string) => T): (text: string) => T[] {
  return (text) => {
    const items = text
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== '');
    // Commas alone are a mistake, which the parser of an item reports.
    return (items.length === 0 && text.trim() !== '' ? [''] : items).map(parseItem);
  };
}

/** Parses signing secrets: the first signs, all verify. */
export function secretList(text: string): [string, ...string[]] {
  const [first = '', ...others] = commaList(secretText)(text);
  return [secretText(first), ...others];
}

function secretText(text: string): string {
  if (Buffer.byteLength(text) < minSecretBytes) {
    throw new BadValue(
      `at least ${minSecretBytes} bytes long, like each secret of a list; 'clock secret' generates one`,
    );
  }
  return text;
}

export function zoneName(text: string): string {
  // POSIX allows a leading colon in TZ; Intl does not.
  const name = text.replace(/^:/, '');
  if (!isZone(name)) throw new BadValue('the IANA name of a time zone, such as Europe/Madrid');
  return name;
}
