import type { InitialState } from '../../protocol.ts';
import * as online from './open-socket.ts';
import { refusalsToSignOut, signedOutRequestMs } from './policy.ts';
import * as offline from './reconnect.ts';
import { freshForMs } from './staleness.ts';
import type { Open, Requesting, State, StateResponse, StepContext } from './state.ts';

/** Handles the response to a request for the initial state, in any phase. */
export function onResponse(state: State, response: StateResponse, context: StepContext): void {
  const { phase } = state;
  const { status, state: initialState } = response;
  if (initialState !== null) applyInitialState(state, initialState, context);
  if (phase.name === 'signed-out') {
    // The time without a session does not count as an outage.
    if (initialState !== null) connect(state, context, initialState);
  } else if (phase.name === 'open' || phase.name === 'requesting') {
    // 403 too: the session is known and may not read the clock.
    if (status === 401 || status === 403) onRefusal(state, phase, context);
    else if (phase.name === 'open') online.onResponse(state, phase, response, context);
    else offline.onResponse(state, phase, response, context);
  }
}

/** There was no response in time, or none at all. */
export const noResponse: StateResponse = { status: 0, retryAfterMs: null, state: null };

/** The session was refused: that is checked once more before the screen counts as signed out. */
function onRefusal(state: State, phase: Open | Requesting, context: StepContext): void {
  const { now, random, effects } = context;
  const recheckMs = state.recheckMs ?? random * state.spreadMs;
  state.isSilent = false;
  state.refusals += 1;
  if (state.refusals >= refusalsToSignOut) {
    effects.push({ type: 'close-socket' });
    state.phase = { name: 'signed-out', requestAt: now + random * signedOutRequestMs, requestedAt: now };
  } else if (phase.name === 'open') {
    online.retryRequest(phase, context, recheckMs);
  } else {
    offline.wait(state, now + recheckMs, 'request', true, phase.hangingSince);
  }
}

/** The first handshake, or that after signing in again. */
export function connect(state: State, context: StepContext, initialState: InitialState | null = null): void {
  const { now } = context;
  state.attempts = 0;
  state.outageSince = now;
  state.screen = 'connecting';
  state.connectingUntil = now + state.freshForMs;
  offline.startHandshake(state, context, initialState);
}

/** Applies everything in an initial state except the time. */
function applyInitialState(state: State, initialState: InitialState, { effects }: StepContext): void {
  const { current, at, seq, channel, interval, spread, build, screen } = initialState;
  const zone = {
    zone: initialState.zone,
    utcOffsetMs: initialState.utcOffsetMs ?? null,
    nextUtcOffset: initialState.nextUtcOffset ?? null,
  };
  if (screen) effects.push({ type: 'onScreen', value: screen });
  effects.push({ type: 'onZone', value: zone }, { type: 'onBuild', value: build });
  if (current !== null && at !== null && seq !== null) {
    effects.push({ type: 'onTick', value: { channel, text: current, at, seq } });
  }
  state.zone = zone;
  state.freshForMs = freshForMs(interval);
  state.refusals = 0;
  online.setSpread(state, spread);
}
