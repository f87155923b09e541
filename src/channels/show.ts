import type { Countdown, Show } from '../protocol.ts';
import { InvalidContent, jsonContent } from './content.ts';

const dayMs = 86_400_000;
/** The minimum and maximum duration of a countdown, of its warnings and of what is shown for a time, ms. */
export const minShowMs = 1_000;
export const maxShowMs = 366 * dayMs;
/** A client's estimate of the present house time may be that far ahead, ms. */
const toleranceMs = 1_000;
const maxLabelLength = 100;
const maxWarnings = 8;

/** Validates what is to be shown at `now`. Throws `InvalidContent`. */
export function parseShow(value: unknown, now: number): Show {
  const { message, countdown, ...others } = objectOf(value, 'What is shown');
  expectNoKeys(others);
  if (message === undefined && countdown === undefined)
    throw new InvalidContent('A message or a countdown is missing.');
  const show = {
    ...(message === undefined ? {} : { message: parseMessage(message) }),
    ...(countdown === undefined ? {} : { countdown: parseCountdown(countdown, now) }),
  };
  jsonContent(show);
  return show;
}

function parseCountdown(value: unknown, now: number): Countdown {
  const { until, since, label, warnAt, ...others } = objectOf(value, 'A countdown');
  expectNoKeys(others);
  if ((until === undefined) === (since === undefined)) {
    throw new InvalidContent('A countdown has exactly one of "until" and "since".');
  }
  const details = {
    ...(label === undefined ? {} : { label: parseLabel(label) }),
    ...(warnAt === undefined ? {} : { warnAt: parseWarnings(warnAt) }),
  };
  if (until !== undefined) {
    const instant = instantOf(until);
    if (instant - now < minShowMs || instant - now > maxShowMs) {
      throw new InvalidContent('A countdown ends between a second and 366 days from now.');
    }
    return { until: instant, ...details };
  }
  if (warnAt !== undefined) throw new InvalidContent('Only a countdown with "until" has warnings.');
  const instant = instantOf(since);
  if (instant > now + toleranceMs || instant < now - maxShowMs) {
    throw new InvalidContent('A count starts between 366 days ago and now.');
  }
  return { since: instant, ...details };
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

function parseWarnings(value: unknown): number[] {
  const isList = Array.isArray(value) && value.length > 0 && value.length <= maxWarnings;
  if (isList && value.every(isWarning)) return [...new Set(value)].toSorted((a, b) => b - a);
  throw new InvalidContent(`Warnings are 1 to ${maxWarnings} whole numbers of ms, from a second to 366 days.`);
}

function isWarning(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= minShowMs && Number(value) <= maxShowMs;
}

function instantOf(value: unknown): number {
  if (typeof value === 'number') return Math.round(value);
  throw new InvalidContent('An instant is a number of ms since the epoch.');
}
