import { closeCode, recheckReason, type InitialState } from '../../protocol.ts';
import * as policy from './policy.ts';
import type { Offline, Phase, Probing, State, StateAnswer, Turn, Waiting } from './state.ts';

export function isOffline(phase: Phase): phase is Offline {
  return phase.name === 'opening' || phase.name === 'waiting' || phase.name === 'probing';
}

/** Opens a socket. `told`: the path is known to be open, by this answer. */
export function beginHandshake(state: State, { now, effects }: Turn, told: InitialState | null = null): void {
  effects.push({ type: 'open-socket' });
  state.phase = { name: 'opening', startedAt: now, told };
}

/** An open socket was lost: by a close with `code` and `reason`, or without one because it was silent. */
export function afterOpenSocket(state: State, turn: Turn, code?: number, reason?: string): void {
  turn.effects.push({ type: 'cancel-question' });
  state.outageSince = Math.min(state.outageSince, turn.now);
  if (code === closeCode.goingAway) state.isDrained = true;
  // Programs ask twice in any case, because their second refusal ends them.
  if (code === closeCode.sessionEnded) state.refusals = state.recheckMs === null ? 1 : 0;
  if (isOurFault(code)) wait(state, turn.now + policy.faultMs, 'handshake', true);
  // The server has spread these closes.
  else if (code === closeCode.sessionEnded && reason === recheckReason) wait(state, turn.now, 'question', true);
  else waitForTry(state, turn, code === closeCode.sessionEnded ? 'question' : 'handshake');
}

/** The browser reports that a handshake failed. From now on tries are questions, until one is answered with 200. */
export function afterHandshake(state: State, phase: Offline, turn: Turn): void {
  state.isSilent = false;
  if (phase.name === 'opening') waitForTry(state, turn, 'question');
  else phase.hangingSince = Infinity;
}

/** The question of `probing` was answered, not with a refusal, or not at all. */
export function afterQuestion(state: State, phase: Probing, answer: StateAnswer, turn: Turn): void {
  const { hangingSince, askedAt, timeoutMs } = phase;
  const { status, retryAfterMs, state: told } = answer;
  const tookMs = turn.now - askedAt;
  state.isSilent = status === 0 && tookMs > 0.9 * timeoutMs;
  if (told === null) return waitForTry(state, turn, 'question', hangingSince, retryAfterMs);
  const mayOnlyBeSlow = hangingSince >= turn.now - policy.roundTripsOfHandshake * tookMs;
  if (mayOnlyBeSlow && hangingSince < Infinity) state.phase = { name: 'opening', startedAt: hangingSince, told };
  else beginHandshake(state, turn, told);
}

/** Carries out what is due in a phase without a socket. */
export function whenDue(state: State, phase: Offline, turn: Turn): void {
  const { now, effects } = turn;
  if (phase.name === 'opening') {
    if (now < dueAtOffline(phase)) return;
    state.isSilent = true;
    if (phase.told === null) return waitForTry(state, turn, 'question', phase.startedAt);
    effects.push({ type: 'close-socket' });
    return waitForTry(state, turn, 'question');
  }
  if (now >= phase.hangingSince + policy.handshake.giveUpMs) {
    effects.push({ type: 'close-socket' });
    phase.hangingSince = Infinity;
  }
  if (phase.name === 'probing' || now < phase.tryAt) return;
  if (phase.next === 'handshake') return beginHandshake(state, turn);
  const isShort = state.isSilent && now - state.outageSince < policy.urgentMs;
  const timeoutMs = isShort ? policy.questionTimeout.afterSilenceMs : policy.questionTimeout.normalMs;
  effects.push({ type: 'ask', timeoutMs });
  state.phase = { name: 'probing', askedAt: now, timeoutMs, hangingSince: phase.hangingSince };
}

/** The network may be back: the windows begin anew, and a try that seems dead is given up. */
export function retrySooner(state: State, phase: Offline, turn: Turn): void {
  const { now, effects } = turn;
  if (now - state.soonerAt < policy.sooner.onceInMs || (phase.name === 'waiting' && phase.isOrdered)) return;
  state.tries = 0;
  state.soonerAt = now;
  if (phase.name === 'waiting') {
    wait(state, Math.min(phase.tryAt, now + nextWaitMs(state, turn)), phase.next, false, phase.hangingSince);
    return;
  }
  const isOpening = phase.name === 'opening';
  if (now - (isOpening ? phase.startedAt : phase.askedAt) < policy.sooner.triesOlderThanMs) return;
  effects.push({ type: isOpening ? 'close-socket' : 'cancel-question' });
  waitForTry(state, turn, 'question', isOpening ? Infinity : phase.hangingSince);
}

/** The instant at which something is due in a phase without a socket. */
export function dueAtOffline(phase: Offline): number {
  const { hangsMs, giveUpMs } = policy.handshake;
  if (phase.name === 'opening') return phase.startedAt + (phase.told === null ? hangsMs : giveUpMs);
  return Math.min(phase.hangingSince + giveUpMs, phase.name === 'waiting' ? phase.tryAt : Infinity);
}

/** Waits before the next try, after one that failed; `retryAfterMs`: for at least as long as the server asked for. */
function waitForTry(
  state: State,
  turn: Turn,
  next: Waiting['next'],
  hangingSince?: number,
  retryAfterMs: number | null = null,
): void {
  const tryAt = turn.now + orderedMs(retryAfterMs) + nextWaitMs(state, turn);
  wait(state, tryAt, next, retryAfterMs !== null, hangingSince);
}

export function wait(
  state: State,
  tryAt: number,
  next: Waiting['next'],
  isOrdered: boolean,
  hangingSince = Infinity,
): void {
  state.phase = { name: 'waiting', tryAt, next, isOrdered, hangingSince };
}

/** A random part of the next window, ms. */
function nextWaitMs(state: State, { now, random }: Turn): number {
  const firstMs = state.isDrained ? policy.drainedMs : state.spreadMs;
  state.tries += 1;
  return random * windowMs(state, firstMs, state.tries - 1, now - state.outageSince);
}

/** Window `n` of waits in an outage, ms: min(cap, first x 2^n). */
export function windowMs({ spreadMs }: State, firstMs: number, n: number, outageMs: number): number {
  return Math.min(Math.max(policy.longestWindowMs(outageMs), spreadMs), firstMs * 2 ** n);
}

/** What of a `Retry-After` is obeyed, ms. */
export function orderedMs(retryAfterMs: number | null): number {
  return Math.min(retryAfterMs ?? 0, policy.longestRetryAfterMs);
}

/** This client broke a rule or was too slow: an early return would only repeat it. */
function isOurFault(code: number | undefined): boolean {
  const { binary, brokenRule, tooLong, tooSlow } = closeCode;
  return code === binary || code === brokenRule || code === tooLong || code === tooSlow;
}
