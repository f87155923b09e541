import type { Countdown } from '../../protocol.ts';

const secondMs = 1_000;

/** `warning`: a threshold has passed; `last`: the last one has; `over`: the countdown has reached zero. */
type Phase = 'running' | 'warning' | 'last' | 'over';

/** What a countdown shows from one instant until a second later. */
export interface ShownCountdown {
  /** `24:59`, `1:02:03`; with a sign for what lies after the end of a countdown, or before the start of a count. */
  digits: string;
  phase: Phase;
  /** The threshold that the remaining time has reached, ms; null without one. */
  thresholdMs: number | null;
}

/** When the digits change: at the instants of house time whose remainder is this, ms. */
export function phaseMsOf({ until, since }: Countdown): number {
  return modulo(until ?? since ?? 0, secondMs);
}

/** What a countdown shows at an instant at which its digits change, epoch ms of house time. */
export function countdownAt({ until, since, warnAt = [] }: Countdown, instant: number): ShownCountdown {
  if (until === undefined) {
    const elapsedMs = instant - (since ?? 0);
    return { digits: (elapsedMs < 0 ? '\u2212' : '') + digitsOf(elapsedMs), phase: 'running', thresholdMs: null };
  }
  const remainingMs = until - instant;
  if (remainingMs <= 0) {
    return { digits: (remainingMs < 0 ? '+' : '') + digitsOf(remainingMs), phase: 'over', thresholdMs: null };
  }
  const reached = warnAt.filter((threshold) => remainingMs <= threshold);
  if (reached.length === 0) return { digits: digitsOf(remainingMs), phase: 'running', thresholdMs: null };
  const phase = reached.length === warnAt.length ? 'last' : 'warning';
  return { digits: digitsOf(remainingMs), phase, thresholdMs: Math.min(...reached) };
}

/** What the screens show of a countdown at any instant, epoch ms of house time. */
export function countdownNow(countdown: Countdown, now: number): ShownCountdown {
  const phaseMs = phaseMsOf(countdown);
  return countdownAt(countdown, Math.floor((now - phaseMs) / secondMs) * secondMs + phaseMs);
}

/** A duration in words that need no translation: `5 min`, in a language. */
export function shortDuration(ms: number, lang: string): string {
  return ms % 60_000 === 0
    ? amount(ms / 60_000, 'minute', lang, 'short')
    : amount(ms / secondMs, 'second', lang, 'short');
}

/** Digits in words, as a screen reader reads them: `24 minutes, 59 seconds`, in a language. */
export function spokenDigits(digits: string, lang: string): string {
  const [, sign = '', time = ''] = /^(\D?)(.*)$/.exec(digits) ?? [];
  const parts = time.split(':').map(Number);
  const units = ['hour', 'minute', 'second'].slice(-parts.length);
  const spoken = parts.map((count, index) => (count === 0 ? '' : amount(count, units[index] ?? '', lang, 'long')));
  const words = spoken.filter((part) => part !== '').join(', ');
  return sign + (words === '' ? amount(0, 'second', lang, 'long') : words);
}

function amount(count: number, unit: string, lang: string, unitDisplay: 'short' | 'long'): string {
  try {
    // The types of ECMAScript 2018 have no units.
    return new Intl.NumberFormat(lang, { style: 'unit', unit, unitDisplay } as object).format(count);
  } catch {
    // Chromium before 77 and Safari before 14.1 format no units.
    return `${count} ${{ hour: 'h', minute: 'min' }[unit] ?? 's'}`;
  }
}

function digitsOf(durationMs: number): string {
  const seconds = Math.round(Math.abs(durationMs) / secondMs);
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60];
  const tail = String(seconds % 60).padStart(2, '0');
  return hours === 0 ? `${minutes}:${tail}` : `${hours}:${String(minutes).padStart(2, '0')}:${tail}`;
}

function modulo(value: number, divisor: number): number {
  return ((value % divisor) + divisor) % divisor;
}
