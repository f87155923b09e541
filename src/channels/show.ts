import type { Countdown, Show } from '../protocol.ts';
import { nextInstantOf } from '../time/local-instant.ts';
import type { Zone } from '../time/zone.ts';
import { InvalidContent, jsonContent } from './content.ts';

const dayMs = 86_400_000;
/** The minimum and maximum duration of a countdown, of its warnings and of what is shown for a time, ms. */
export const minShowMs = 1_000;
export const maxShowMs = 366 * dayMs;
/** A client's estimate of the present house time may be that far ahead, ms. */
const toleranceMs = 1_000;
const maxLabelLength = 100;
const maxWarnings = 8;

/** A time of day that does not exist on the day on which it would be next. */
export class SkippedTime extends InvalidContent {}

export interface ShowContext {
  /** The present house time, epoch ms. */
  now: number;
  /** The zone of the clock. Its error is passed on. */
  zone: () => Zone;
}

/** Validates what is to be shown, and replaces times relative to now by instants. Throws `InvalidContent`. */
export function parseShow(value: unknown, context: ShowContext): Show {
  const { message, countdown, ...others } = objectOf(value, 'What is shown');
  expectNoKeys(others);
  if (message === undefined && countdown === undefined)
    throw new InvalidContent('A message or a countdown is missing.');
  const show = {
    ...(message === undefined ? {} : { message: parseMessage(message) }),
    ...(countdown === undefined ? {} : { countdown: parseCountdown(countdown, context) }),
  };
  jsonContent(show);
  return show;
}

function parseCountdown(value: unknown, context: ShowContext): Countdown {
  const { label, warnAt, ...count } = objectOf(value, 'A countdown');
  const instant = instantOf(count, context);
  const details = {
    ...(label === undefined ? {} : { label: parseLabel(label) }),
    ...(warnAt === undefined ? {} : { warnAt: parseWarnings(warnAt) }),
  };
  if ('since' in instant && warnAt !== undefined) {
    throw new InvalidContent('Only a countdown with an end has warnings.');
  }
  return { ...instant, ...details };
}

/** What a countdown counts to or from, by the only key of an object. */
function instantOf(count: Record<string, unknown>, context: ShowContext): { until: number } | { since: number } {
  // Instants are whole ms. With a fraction, a second from now would be less than a second ahead.
  const now = Math.floor(context.now);
  const [key = '', ...others] = Object.keys(count);
  const value = count[key];
  if (others.length > 0) throw new InvalidContent(`A countdown has exactly one of ${countKeys}.`);
  switch (key) {
    case 'until':
      return { until: endOf(numberOf(value, key), now) };
    case 'remainingMs':
      return { until: endOf(now + numberOf(value, key), now) };
    case 'untilTime':
      return { until: nextEndAt(timeOfDay(value), context.zone(), now) };
    case 'since':
      return { since: startOf(numberOf(value, key), now) };
    case 'elapsedMs':
      return { since: startOf(now - numberOf(value, key), now) };
    default:
      throw new InvalidContent(`A countdown has one of ${countKeys}, and "label" and "warnAt".`);
  }
}

const countKeys = '"until", "remainingMs", "untilTime", "since" and "elapsedMs"';

function endOf(instant: number, now: number): number {
  if (instant - now >= minShowMs && instant - now <= maxShowMs) return instant;
  throw new InvalidContent('A countdown ends between a second and 366 days from now.');
}

function startOf(instant: number, now: number): number {
  if (instant <= now + toleranceMs && instant >= now - maxShowMs) return instant;
  throw new InvalidContent('A count starts between 366 days ago and now.');
}

function nextEndAt(time: string, zone: Zone, now: number): number {
  const instant = nextInstantOf(time, zone, now, minShowMs);
  if (instant !== 'skipped') return instant;
  throw new SkippedTime(`${time} does not exist on the next day in ${zone.name}: the clocks are set forward over it.`);
}

/** A time of day, `15:00` or `15:00:30`, with seconds. Throws `InvalidContent`. */
export function timeOfDay(value: unknown): string {
  const isTime = typeof value === 'string' && /^(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d)?$/.test(value);
  if (isTime) return value.padEnd(8, ':00');
  throw new InvalidContent('A time of day is written as 15:00 or 15:00:30.');
}

function objectOf(value: unknown, what: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new InvalidContent(`${what} is not an object.`);
}

function expectNoKeys(others: object): void {
  const [key] = Object.keys(others);
  if (key !== undefined) throw new InvalidContent(`The key ${JSON.stringify(key)} is unknown.`);
}

/** A message may have several lines, and no other control characters. Throws `InvalidContent`. */
export function parseMessage(value: unknown): string {
  return textOf(value, 'The message');
}

function textOf(value: unknown, what: string): string {
  if (typeof value !== 'string') throw new InvalidContent(`${what} is not a text.`);
  if (value.trim() === '') throw new InvalidContent(`${what} is blank.`);
  if (/[^\P{Cc}\n]/u.test(value)) throw new InvalidContent(`${what} contains a control character.`);
  return value;
}

/** A label has one line. Throws `InvalidContent`. */
export function parseLabel(value: unknown): string {
  const label = textOf(value, 'The label');
  if ([...label].length <= maxLabelLength && !label.includes('\n')) return label;
  throw new InvalidContent(`The label has more than one line or more than ${maxLabelLength} characters.`);
}

/** The instants before the end at which a countdown warns, ms, the longest first. Throws `InvalidContent`. */
export function parseWarnings(value: unknown): number[] {
  const isList = Array.isArray(value) && value.length > 0 && value.length <= maxWarnings;
  if (isList && value.every(isWarning)) return [...new Set(value)].toSorted((a, b) => b - a);
  throw new InvalidContent(`Warnings are 1 to ${maxWarnings} whole numbers of ms, from a second to 366 days.`);
}

function isWarning(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= minShowMs && Number(value) <= maxShowMs;
}

function numberOf(value: unknown, key: string): number {
  if (typeof value === 'number') return Math.round(value);
  throw new InvalidContent(`"${key}" is not a number of ms.`);
}
