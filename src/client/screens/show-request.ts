import type { Shown } from '../../operator-api.ts';
import type { Countdown, Show } from '../../protocol.ts';
import { targetOf, type TargetKey } from './shown.ts';

/** `keep`: the countdown that is set for the target goes on. */
export type CountKind = 'none' | 'keep' | 'duration' | 'time' | 'up';

/** The fields of the form, as typed. */
export interface ShowFields {
  target: TargetKey;
  message: string;
  count: CountKind;
  hours: string;
  minutes: string;
  seconds: string;
  /** `15:00`. */
  time: string;
  label: string;
  /** Durations, separated by commas. */
  warnings: string;
  /** A duration; empty: until the next change. */
  lifetime: string;
}

/** A sentence about a field. */
export interface FieldProblem {
  field: keyof ShowFields;
  problem: string;
}

/** The body of `POST /api/show`; the server finds the problems that it does not. `kept`: what is set for the target. */
export function showRequest(fields: ShowFields, kept: Countdown | undefined): { body: object } | FieldProblem {
  const { label, warnings, lifetime, target } = fields;
  // Before 2021, browsers wrote the lines of a form's text with CR.
  const message = fields.message.split('\r\n').join('\n').trim();
  if (message === '' && fields.count === 'none') {
    return { field: 'message', problem: 'Enter a message, or choose a countdown.' };
  }
  const count = countOf(fields, kept);
  if (count !== null && 'problem' in count) return count;
  const warnAt = fields.count === 'up' || !counts(count) ? [] : durationsOf(warnings);
  if (warnAt === null) return { field: 'warnings', problem: `${exampleOf(warnings)}, such as 5, 1 or 30 s.` };
  const lifetimes = durationsOf(lifetime);
  if (lifetimes === null || lifetimes.length > 1) {
    return { field: 'lifetime', problem: `${exampleOf(lifetime)}, such as 10, 30 s or 2 h.` };
  }
  const [forMs] = lifetimes;
  const details = {
    ...(label.trim() === '' ? {} : { label: label.trim() }),
    ...(warnAt.length === 0 ? {} : { warnAt }),
  };
  const show = {
    ...(message === '' ? {} : { message }),
    ...(count === null ? {} : { countdown: { ...count, ...details } }),
  };
  return { body: { ...targetOf(target), show, ...(forMs === undefined ? {} : { forMs }) } };
}

/** What a target shows, as the fields of the form. Without a show they are empty. */
export function fieldsOf(target: TargetKey, shown: Shown | undefined, now: number): ShowFields {
  const { message = '', countdown }: Show = shown?.show ?? {};
  const endsAt = shown?.endsAt ?? null;
  return {
    target,
    message,
    count: countdown !== undefined && canKeep(countdown, now) ? 'keep' : 'none',
    hours: '',
    minutes: '',
    seconds: '',
    time: '',
    label: countdown?.label ?? '',
    warnings: (countdown?.warnAt ?? []).map(durationText).join(', '),
    lifetime: endsAt === null ? '' : durationText(Math.max(1_000, Math.ceil((endsAt - now) / 1_000) * 1_000)),
  };
}

/** Whether a countdown can be part of a new show: the server refuses one that ends within a second. */
export function canKeep(countdown: Countdown, now: number): boolean {
  return countdown.until === undefined || countdown.until - now > 2_000;
}

function countOf(fields: ShowFields, kept: Countdown | undefined): object | null | FieldProblem {
  switch (fields.count) {
    case 'none':
      return null;
    case 'keep':
      if (kept === undefined) return { field: 'count', problem: 'The countdown has ended. Choose another one.' };
      return kept.until === undefined ? { since: kept.since } : { until: kept.until };
    case 'duration':
      return durationOf(fields);
    case 'time':
      if (/^\d\d:\d\d(:\d\d)?$/.test(fields.time)) return { untilTime: fields.time };
      return { field: 'time', problem: 'Enter a time, such as 15:00.' };
    case 'up':
      return { elapsedMs: 0 };
  }
}

function durationOf({ hours, minutes, seconds }: ShowFields): { remainingMs: number } | FieldProblem {
  const parts = [hours, minutes, seconds].map((text) => text.trim());
  const wrong = parts.findIndex((text) => !/^\d*$/.test(text));
  const field = (['hours', 'minutes', 'seconds'] as const)[wrong];
  if (field !== undefined) return { field, problem: `"${parts[wrong]}" is not a whole number.` };
  const [h = 0, m = 0, s = 0] = parts.map(Number);
  const remainingMs = ((h * 60 + m) * 60 + s) * 1_000;
  return remainingMs > 0 ? { remainingMs } : { field: 'minutes', problem: 'Enter how long the countdown runs.' };
}

/** Whether something counts down. */
function counts(count: object | null): boolean {
  return count !== null && !('since' in count);
}

const unitsMs: Record<string, number> = { '': 60_000, s: 1_000, m: 60_000, min: 60_000, h: 3_600_000 };

/** The durations in a text, ms; null if one is not valid. A number without a unit is in minutes. */
function durationsOf(text: string): number[] | null {
  const durations: number[] = [];
  for (const part of text.split(',').filter((each) => each.trim() !== '')) {
    const [, number, unit = ''] = /^\s*(\d+(?:\.\d+)?)\s*(s|m|min|h)?\s*$/i.exec(part) ?? [];
    const ms = Math.round(Number(number) * (unitsMs[unit.toLowerCase()] ?? NaN));
    if (!(ms > 0)) return null;
    durations.push(ms);
  }
  return durations;
}

function durationText(ms: number): string {
  return ms % 60_000 === 0 ? String(ms / 60_000) : `${ms / 1_000} s`;
}

function exampleOf(text: string): string {
  return `"${text.trim()}" must be in minutes`;
}
