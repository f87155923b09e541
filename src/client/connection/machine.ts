import * as online from './open-socket.ts';
import { defaultSpreadMs, minWakeIntervalMs, requestTimeoutMs, signedOutRequestMs } from './policy.ts';
import * as offline from './reconnect.ts';
import { connect, noResponse, onResponse } from './response.ts';
import { evaluate, freshForMs, staleAt } from './staleness.ts';
import type { ConnectionEvent, Effect, Moment, State, StepContext } from './state.ts';
import { restartBurst, probeNow } from './sync.ts';

/**
 * The connection as a table. `step` is pure: it computes the next state and the effects of an event.
 *
 *  phase        event                                  next phase
 *  -----------  -------------------------------------  --------------------------------------------------
 *  idle         start                                  opening
 *  opening      opened                                 open
 *               failed, or 5 s passed                  waiting for a request
 *               1 s passed on an untested path         waiting for a request; the handshake may still open
 *  open         closed, or a probe timed out           waiting for a handshake
 *               closed with 4401                       waiting for a request; requesting, for a `recheck`
 *               response 401, twice                    signed-out
 *  waiting      time for a handshake                   opening
 *               time for a request                     requesting
 *  requesting   response 200                           opening
 *               response 401: once, twice              waiting for a request; signed-out
 *               another response, or none              waiting for a request
 *  signed-out   response 200                           opening
 *  any          stop                                   stopped, for good
 *
 * The screen's state follows from the phase and from `Staleness`, after every event.
 */
export function step(
  before: Readonly<State>,
  event: ConnectionEvent,
  moment: Moment,
): { state: State; effects: Effect[] } {
  const effects: Effect[] = [];
  // A shallow copy, which the rest of the step changes. Nested objects are replaced, not changed.
  const state = { ...before, phase: { ...before.phase } };
  const context = { ...moment, effects };
  if (state.phase.name !== 'stopped') handle(state, event, context);
  runDue(state, context);
  report(before, state, context);
  return { state, effects };
}

/** `recheckMs`: see `State`. */
export function createState(recheckMs: number | null): State {
  return {
    phase: { name: 'idle' },
    attempts: 0,
    outageSince: 0,
    isAfterDrain: false,
    spreadMs: defaultSpreadMs,
    isSilent: false,
    wokenAt: -Infinity,
    screen: 'connecting',
    isFresh: false,
    connectingUntil: 0,
    tickInstant: -Infinity,
    receivedAt: -Infinity,
    freshForMs: freshForMs(0),
    drawnAt: -Infinity,
    isVisible: true,
    zone: null,
    zoneRequestedAt: -Infinity,
    refusals: 0,
    recheckMs,
  };
}

/** The instant of the monotonic clock at which the event `time` is due; `Infinity`: never. */
export function dueAt(state: State): number {
  const { phase } = state;
  switch (phase.name) {
    case 'idle':
    case 'stopped':
      return Infinity;
    case 'signed-out':
      return phase.requestAt;
    case 'open':
      return Math.min(online.dueAtOpen(phase), staleAt(state));
    default:
      return Math.min(offline.dueAtOffline(phase), staleAt(state));
  }
}

function handle(state: State, event: ConnectionEvent, context: StepContext): void {
  const { now, effects } = context;
  const { phase } = state;
  switch (event.type) {
    case 'start':
      if (phase.name === 'idle') connect(state, context);
      break;
    case 'stop':
      effects.push({ type: 'cancel-request' }, { type: 'close-socket' });
      state.phase = { name: 'stopped' };
      break;
    case 'time':
      break;
    case 'wake':
      wake(state, context);
      break;
    case 'jump':
      if (event.hasForgotten) state.tickInstant = -Infinity;
      if (phase.name === 'open') online.resetAfterPause(phase, now);
      else if (event.hasForgotten) wake(state, context);
      break;
    case 'visibility':
      // A page that becomes visible gets the time to draw.
      if (event.isVisible && !state.isVisible && state.screen === 'live') state.drawnAt = now;
      state.isVisible = event.isVisible;
      break;
    case 'drawn':
      state.drawnAt = now;
      break;
    case 'opened':
      onOpened(state, context);
      break;
    case 'closed':
      if (phase.name === 'open') offline.afterDisconnect(state, context, event.code, event.reason);
      else if (offline.isOffline(phase)) offline.afterFailedHandshake(state, phase, context);
      break;
    case 'response':
      onResponse(state, event.response ?? noResponse, context);
      break;
    default:
      if (phase.name === 'open') online.receive(state, phase, event, context);
  }
}

function runDue(state: State, context: StepContext): void {
  const { phase } = state;
  const { now, effects } = context;
  if (phase.name === 'signed-out') {
    if (now < phase.requestAt) return;
    effects.push({ type: 'request-state', timeoutMs: requestTimeoutMs });
    state.phase = { ...phase, requestAt: now + signedOutRequestMs, requestedAt: now };
  } else if (offline.isOffline(phase)) {
    offline.runDue(state, phase, context);
  } else if (phase.name === 'open') {
    if (!online.isLost(phase, now)) return online.runDue(state, phase, context);
    // The probe timed out, although the browser still reports the socket as open.
    effects.push({ type: 'close-socket' });
    state.tickInstant = -Infinity;
    offline.afterDisconnect(state, context);
  }
}

function wake(state: State, context: StepContext): void {
  const { phase } = state;
  const { now } = context;
  if (phase.name === 'signed-out') {
    if (now - phase.requestedAt >= minWakeIntervalMs) phase.requestAt = now;
  } else if (offline.isOffline(phase)) {
    offline.retryOnWake(state, phase, context);
  } else if (phase.name === 'open') {
    probeNow(phase, now);
    restartBurst(phase, now);
  }
}

function onOpened(state: State, context: StepContext): void {
  const { phase } = state;
  const { effects } = context;
  if (!offline.isOffline(phase)) return;
  if (phase.name === 'requesting') effects.push({ type: 'cancel-request' });
  effects.push({ type: 'condense-exchanges' });
  state.isSilent = false;
  state.phase = online.openSocket(state, context, phase.name === 'opening' ? phase.initialState : null);
}

/** Brings the screen's state up to date and reports what changed. */
function report(before: Readonly<State>, state: State, context: StepContext): void {
  const { phase } = state;
  if (phase.name === 'idle' || phase.name === 'stopped') return;
  evaluate(state, context.now);
  const { isFresh, screen } = state;
  if (isFresh !== before.isFresh) context.effects.push({ type: 'onFresh', value: isFresh });
  if (screen === before.screen) return;
  context.effects.push({ type: 'onState', value: screen });
  if (phase.name !== 'open') return;
  online.sendStatus(phase, screen, context);
  if (screen === 'stale') online.planRequest(state, phase, context);
}
