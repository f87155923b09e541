import { closeCode, recheckReason, type InitialState } from '../../protocol.ts';
import * as policy from './policy.ts';
import type { Offline, Phase, Requesting, State, StateResponse, StepContext, Waiting } from './state.ts';

export function isOffline(phase: Phase): phase is Offline {
  return phase.name === 'opening' || phase.name === 'waiting' || phase.name === 'requesting';
}

/** Opens a socket. `initialState`: from a response that shows that the server is reachable. */
export function startHandshake(
  state: State,
  { now, effects }: StepContext,
  initialState: InitialState | null = null,
): void {
  effects.push({ type: 'open-socket' });
  state.phase = { name: 'opening', startedAt: now, initialState };
}

/** An open socket was lost: by a close with `code` and `reason`, or without one because it was silent. */
export function afterDisconnect(state: State, context: StepContext, code?: number, reason?: string): void {
  context.effects.push({ type: 'cancel-request' });
  state.outageSince = Math.min(state.outageSince, context.now);
  if (code === closeCode.goingAway) state.isAfterDrain = true;
  // A program always checks twice, since it exits after the second refusal.
  if (code === closeCode.sessionEnded) state.refusals = state.recheckMs === null ? 1 : 0;
  if (isClientFault(code)) wait(state, context.now + policy.clientFaultMs, 'handshake', true);
  // The server has spread these closes.
  else if (code === closeCode.sessionEnded && reason === recheckReason) wait(state, context.now, 'request', true);
  else waitForAttempt(state, context, code === closeCode.sessionEnded ? 'request' : 'handshake');
}

/** The browser reports that a handshake failed. From now on attempts are requests, until a response is 200. */
export function afterFailedHandshake(state: State, phase: Offline, context: StepContext): void {
  state.isSilent = false;
  if (phase.name === 'opening') waitForAttempt(state, context, 'request');
  else phase.hangingSince = Infinity;
}

/** Handles any response in `requesting` except a refusal, or the lack of one. */
export function onResponse(state: State, phase: Requesting, response: StateResponse, context: StepContext): void {
  const { hangingSince, requestedAt, timeoutMs } = phase;
  const { status, retryAfterMs, state: initialState } = response;
  const tookMs = context.now - requestedAt;
  state.isSilent = status === 0 && tookMs > 0.9 * timeoutMs;
  if (initialState === null) return waitForAttempt(state, context, 'request', hangingSince, retryAfterMs);
  const mayOnlyBeSlow = hangingSince >= context.now - policy.handshakeRoundTrips * tookMs;
  if (mayOnlyBeSlow && hangingSince < Infinity)
    state.phase = { name: 'opening', startedAt: hangingSince, initialState };
  else startHandshake(state, context, initialState);
}

/** Carries out what is due in a phase without a socket. */
export function runDue(state: State, phase: Offline, context: StepContext): void {
  const { now, effects } = context;
  if (phase.name === 'opening') {
    if (now < dueAtOffline(phase)) return;
    state.isSilent = true;
    if (phase.initialState === null) return waitForAttempt(state, context, 'request', phase.startedAt);
    effects.push({ type: 'close-socket' });
    return waitForAttempt(state, context, 'request');
  }
  if (now >= phase.hangingSince + policy.handshakeTimeoutMs) {
    effects.push({ type: 'close-socket' });
    phase.hangingSince = Infinity;
  }
  if (phase.name === 'requesting' || now < phase.attemptAt) return;
  if (phase.next === 'handshake') return startHandshake(state, context);
  const isShort = state.isSilent && now - state.outageSince < policy.urgentMs;
  const timeoutMs = isShort ? policy.urgentRequestTimeoutMs : policy.requestTimeoutMs;
  effects.push({ type: 'request-state', timeoutMs });
  state.phase = { name: 'requesting', requestedAt: now, timeoutMs, hangingSince: phase.hangingSince };
}

/** The network may be back: restarts the backoff, and abandons an attempt that seems dead. */
export function retryOnWake(state: State, phase: Offline, context: StepContext): void {
  const { now, effects } = context;
  if (now - state.wokenAt < policy.minWakeIntervalMs || (phase.name === 'waiting' && phase.isMandatory)) return;
  state.attempts = 0;
  state.wokenAt = now;
  if (phase.name === 'waiting') {
    wait(state, Math.min(phase.attemptAt, now + nextBackoffMs(state, context)), phase.next, false, phase.hangingSince);
    return;
  }
  const isOpening = phase.name === 'opening';
  if (now - (isOpening ? phase.startedAt : phase.requestedAt) < policy.oldAttemptMs) return;
  effects.push({ type: isOpening ? 'close-socket' : 'cancel-request' });
  waitForAttempt(state, context, 'request', isOpening ? Infinity : phase.hangingSince);
}

/** The instant at which something is due in a phase without a socket. */
export function dueAtOffline(phase: Offline): number {
  if (phase.name === 'opening')
    return phase.startedAt + (phase.initialState === null ? policy.handshakeHangsMs : policy.handshakeTimeoutMs);
  return Math.min(
    phase.hangingSince + policy.handshakeTimeoutMs,
    phase.name === 'waiting' ? phase.attemptAt : Infinity,
  );
}

/** Waits before the next attempt, after one that failed; at least for `retryAfterMs`. */
function waitForAttempt(
  state: State,
  context: StepContext,
  next: Waiting['next'],
  hangingSince?: number,
  retryAfterMs: number | null = null,
): void {
  const attemptAt = context.now + cappedRetryAfterMs(retryAfterMs) + nextBackoffMs(state, context);
  wait(state, attemptAt, next, retryAfterMs !== null, hangingSince);
}

export function wait(
  state: State,
  attemptAt: number,
  next: Waiting['next'],
  isMandatory: boolean,
  hangingSince = Infinity,
): void {
  state.phase = { name: 'waiting', attemptAt, next, isMandatory, hangingSince };
}

/** A random part of the next backoff window, ms. */
function nextBackoffMs(state: State, { now, random }: StepContext): number {
  const firstMs = state.isAfterDrain ? policy.firstWindowAfterDrainMs : state.spreadMs;
  state.attempts += 1;
  return random * backoffWindowMs(state, firstMs, state.attempts - 1, now - state.outageSince);
}

/** Backoff window `n` of an outage, ms: min(cap, first x 2^n). */
export function backoffWindowMs({ spreadMs }: State, firstMs: number, n: number, outageMs: number): number {
  return Math.min(Math.max(policy.maxBackoffWindowMs(outageMs), spreadMs), firstMs * 2 ** n);
}

/** A `Retry-After`, limited, ms; 0 without one. */
export function cappedRetryAfterMs(retryAfterMs: number | null): number {
  return retryAfterMs === null ? 0 : Math.min(retryAfterMs, policy.maxRetryAfterMs);
}

/** Whether this client broke a rule or was too slow: reconnecting early would only repeat that. */
function isClientFault(code: number | undefined): boolean {
  const { binary, brokenRule, tooLong, tooSlow } = closeCode;
  return code === binary || code === brokenRule || code === tooLong || code === tooSlow;
}
