import type { Moment } from './moment.ts';
import { drainedMs, longestRetryAfterMs, outageAges, questionTimeout, sooner, spread } from './policy.ts';

/** The tries of an outage. It begins with the start, or with the loss of a socket that had carried a tick. */
export interface Tries {
  /** Waits chosen so far in this outage: n of the next window. */
  readonly count: number;
  /** Null while the socket carries ticks. */
  readonly outageSince: number | null;
  /** The outage began with a close with 1001. */
  readonly isDrained: boolean;
  /** The latest value that the server told. */
  readonly spreadMs: number;
  /** The last try got no sign of life: no refusal, no answer, no error. */
  readonly isSilent: boolean;
  /** When waking last set `count` to 0. */
  readonly soonerAt: number;
}

export function firstTries(now: number): Tries {
  return {
    count: 0,
    outageSince: now,
    isDrained: false,
    spreadMs: spread.defaultMs,
    isSilent: false,
    soonerAt: -Infinity,
  };
}

/** The window of the next wait, ms: min(cap, first x 2^n). */
export function windowMs({ count, outageSince, isDrained, spreadMs }: Tries, now: number): number {
  const { capMs } = ageOf(outageSince, now);
  const firstMs = isDrained ? drainedMs : spreadMs;
  return Math.min(Math.max(capMs, spreadMs), firstMs * 2 ** count);
}

/** The next wait, ms: a random part of its window, after what `Retry-After` asked for. */
export function nextWait(tries: Tries, { now, random }: Moment, retryAfterMs: number | null = null): [Tries, number] {
  const orderedMs = Math.min(retryAfterMs ?? 0, longestRetryAfterMs);
  return [{ ...tries, count: tries.count + 1 }, orderedMs + random * windowMs(tries, now)];
}

/** How long the next question may take, ms. */
export function questionMs({ isSilent, outageSince }: Tries, now: number): number {
  const isShort = isSilent && ageOf(outageSince, now).isUrgent;
  return isShort ? questionTimeout.afterSilenceMs : questionTimeout.normalMs;
}

/** A random part of the spread, ms. */
export function partOfSpread({ spreadMs }: Tries, { random }: Moment): number {
  return random * spreadMs;
}

export function withSpread(tries: Tries, spreadMs: number): Tries {
  if (!(spreadMs >= 0)) return tries;
  return { ...tries, spreadMs: Math.min(Math.max(spreadMs, spread.leastMs), spread.mostMs) };
}

/** The socket carries ticks: the outage is over. */
export function afterTick(tries: Tries): Tries {
  return { ...tries, count: 0, outageSince: null, isDrained: false, isSilent: false };
}

/** The socket was lost; without a tick on it this is still the same outage. */
export function afterLoss(tries: Tries, now: number, isDrained: boolean): Tries {
  return { ...tries, outageSince: tries.outageSince ?? now, isDrained: isDrained || tries.isDrained };
}

/** Begins the windows anew, if that was not done a short time ago; else null. */
export function beginAnew(tries: Tries, now: number): Tries | null {
  return now - tries.soonerAt < sooner.onceInMs ? null : { ...tries, count: 0, soonerAt: now };
}

function ageOf(since: number | null, now: number): (typeof outageAges)[number] {
  const ageMs = since === null ? 0 : now - since;
  return outageAges.find(({ untilMs }) => ageMs < untilMs) ?? outageAges[outageAges.length - 1] ?? outageAges[0];
}
