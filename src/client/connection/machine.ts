import type { InitialState } from '../../protocol.ts';
import * as online from './open-socket.ts';
import { handshake, refusalsToSignOut, signedOutMs, sooner, spread } from './policy.ts';
import * as offline from './reconnect.ts';
import { evaluate, limitMs, staleAt } from './staleness.ts';
import type { ConnectionEvent, Effect, Moment, Open, Probing, State, StateAnswer, Turn } from './state.ts';
import { measureAnew, probeNow } from './sync.ts';

/**
 * The connection as a table. `step` computes what an event leads to; it knows no timer, socket or request.
 *
 *  phase        event                                  next phase
 *  -----------  -------------------------------------  --------------------------------------------------
 *  idle         start                                  opening
 *  opening      opened                                 open
 *               failed, or 5 s passed                  waiting for a question
 *               1 s passed on an untested path         waiting for a question; the handshake may still open
 *  open         closed, or a sync without an answer    waiting for a handshake
 *               closed with 4401                       waiting for a question; probing, with the reason `recheck`
 *               answer 401, twice                      signed-out
 *  waiting      time for a handshake                   opening
 *               time for a question                    probing
 *  probing      answer 200                             opening
 *               answer 401: once, twice                waiting for a question; signed-out
 *               another answer, or none                waiting for a question
 *  signed-out   answer 200                             opening
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
  // A copy, which the rest of the step changes. What lies deeper is replaced, not changed.
  const state = { ...before, phase: { ...before.phase } };
  const turn = { ...moment, effects };
  if (state.phase.name !== 'stopped') handle(state, event, turn);
  whenDue(state, turn);
  report(before, state, turn);
  return { state, effects };
}

/** `recheckMs`: see `State`. */
export function initialState(recheckMs: number | null): State {
  return {
    phase: { name: 'idle' },
    tries: 0,
    outageSince: 0,
    isDrained: false,
    spreadMs: spread.defaultMs,
    isSilent: false,
    soonerAt: -Infinity,
    screen: 'connecting',
    isFresh: false,
    connectingUntil: 0,
    tickInstant: -Infinity,
    heardAt: -Infinity,
    limitMs: limitMs(0),
    drawnAt: -Infinity,
    isVisible: true,
    zone: null,
    zoneAskedAt: -Infinity,
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
      return phase.askAt;
    case 'open':
      return Math.min(online.dueAtOpen(phase), staleAt(state));
    default:
      return Math.min(offline.dueAtOffline(phase), staleAt(state));
  }
}

function handle(state: State, event: ConnectionEvent, turn: Turn): void {
  const { now, effects } = turn;
  const { phase } = state;
  switch (event.type) {
    case 'start':
      if (phase.name === 'idle') connect(state, turn);
      break;
    case 'stop':
      effects.push({ type: 'cancel-question' }, { type: 'close-socket' });
      state.phase = { name: 'stopped' };
      break;
    case 'time':
      break;
    case 'wake':
      wake(state, turn);
      break;
    case 'jump':
      if (event.hasForgotten) state.tickInstant = -Infinity;
      if (phase.name === 'open') online.standStill(phase, now);
      else if (event.hasForgotten) wake(state, turn);
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
      opened(state, turn);
      break;
    case 'closed':
      if (phase.name === 'open') offline.afterOpenSocket(state, turn, event.code, event.reason);
      else if (offline.isOffline(phase)) offline.afterHandshake(state, phase, turn);
      break;
    case 'answer':
      answered(state, event.answer ?? noAnswer, turn);
      break;
    default:
      if (phase.name === 'open') online.receive(state, phase, event, turn);
  }
}

function whenDue(state: State, turn: Turn): void {
  const { phase } = state;
  const { now, effects } = turn;
  if (phase.name === 'signed-out') {
    if (now < phase.askAt) return;
    effects.push({ type: 'ask', timeoutMs: handshake.giveUpMs });
    state.phase = { ...phase, askAt: now + signedOutMs, askedAt: now };
  } else if (offline.isOffline(phase)) {
    offline.whenDue(state, phase, turn);
  } else if (phase.name === 'open') {
    if (!online.isLost(phase, now)) return online.whenDue(state, phase, turn);
    // The open socket does not answer, whatever it says of itself.
    effects.push({ type: 'close-socket' });
    state.tickInstant = -Infinity;
    offline.afterOpenSocket(state, turn);
  }
}

function wake(state: State, turn: Turn): void {
  const { phase } = state;
  const { now } = turn;
  if (phase.name === 'signed-out') {
    if (now - phase.askedAt >= sooner.onceInMs) phase.askAt = now;
  } else if (offline.isOffline(phase)) {
    offline.retrySooner(state, phase, turn);
  } else if (phase.name === 'open') {
    probeNow(phase, now);
    measureAnew(phase, now);
  }
}

function opened(state: State, { now, effects }: Turn): void {
  const { phase } = state;
  if (!offline.isOffline(phase)) return;
  if (phase.name === 'probing') effects.push({ type: 'cancel-question' });
  effects.push({ type: 'condense-house' });
  state.isSilent = false;
  state.phase = online.openSocket(now, phase.name === 'opening' ? phase.told : null);
}

function answered(state: State, answer: StateAnswer, turn: Turn): void {
  const { phase } = state;
  const { status, state: told } = answer;
  if (told !== null) learn(state, told, turn);
  if (phase.name === 'signed-out') {
    // The time without a session was no outage.
    if (told !== null) connect(state, turn, told);
  } else if (phase.name === 'open' || phase.name === 'probing') {
    // 403 too: the session is known and may not read the clock.
    if (status === 401 || status === 403) refused(state, phase, turn);
    else if (phase.name === 'open') online.afterQuestion(state, phase, answer, turn);
    else offline.afterQuestion(state, phase, answer, turn);
  }
}

/** There was no answer in time, or none at all. */
const noAnswer: StateAnswer = { status: 0, retryAfterMs: null, state: null };

/** The session was refused: that is checked once more before the screen counts as signed out. */
function refused(state: State, phase: Open | Probing, turn: Turn): void {
  const { now, random, effects } = turn;
  const recheckMs = state.recheckMs ?? random * state.spreadMs;
  state.isSilent = false;
  state.refusals += 1;
  if (state.refusals >= refusalsToSignOut) {
    effects.push({ type: 'close-socket' });
    state.phase = { name: 'signed-out', askAt: now + random * signedOutMs, askedAt: now };
  } else if (phase.name === 'open') {
    online.askAgain(phase, turn, recheckMs);
  } else {
    offline.wait(state, now + recheckMs, 'question', true, phase.hangingSince);
  }
}

/** The first handshake, or that after signing in again. */
function connect(state: State, turn: Turn, told: InitialState | null = null): void {
  const { now } = turn;
  Object.assign(state, { tries: 0, outageSince: now, screen: 'connecting', connectingUntil: now + state.limitMs });
  offline.beginHandshake(state, turn, told);
}

/** Takes over what an answer says besides the time. */
function learn(state: State, told: InitialState, { effects }: Turn): void {
  const { current, at, seq, channel, interval, spread, build } = told;
  const zone = { zone: told.zone, utcOffsetMs: told.utcOffsetMs ?? null, nextUtcOffset: told.nextUtcOffset ?? null };
  effects.push({ type: 'report-zone', zone, screen: told.screen }, { type: 'report-build', build });
  if (current !== null && at !== null && seq !== null) {
    effects.push({ type: 'report-tick', tick: { channel, text: current, at, seq } });
  }
  state.zone = zone;
  state.limitMs = limitMs(interval);
  state.refusals = 0;
  online.setSpread(state, spread);
}

/** Brings the screen's state up to date and reports what changed. */
function report(before: Readonly<State>, state: State, turn: Turn): void {
  const { phase } = state;
  if (phase.name === 'idle' || phase.name === 'stopped') return;
  evaluate(state, turn.now);
  const { isFresh, screen } = state;
  if (isFresh !== before.isFresh) turn.effects.push({ type: 'report-fresh', isFresh });
  if (screen === before.screen) return;
  turn.effects.push({ type: 'report-state', state: screen });
  if (phase.name !== 'open') return;
  online.sendStatus(phase, screen, turn);
  if (screen === 'stale') online.planQuestion(state, phase, turn);
}
