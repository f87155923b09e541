import type { InitialState } from '../../protocol.ts';
import type { Moment } from './moment.ts';
import * as online from './open-socket.ts';
import * as offline from './reconnect.ts';
import { evaluate, firstStaleness, staleAt, withdrawn, withInterval, withVisibility } from './staleness.ts';
import type { Effect, ConnectionEvent, State, StateAnswer } from './state.ts';
import { measureAnew, probe } from './sync.ts';
import { firstTries, partOfSpread, withSpread } from './tries.ts';
import type { Turn } from './turn.ts';

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
 *               closed with 4401                       waiting for a question
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
export function step(state: State, event: ConnectionEvent, moment: Moment): { state: State; effects: Effect[] } {
  const turn: Turn = { moment, effects: [] };
  if (state.phase.name === 'stopped') return { state, effects: [] };
  const next = report(state, whenDue(handle(state, event, turn), turn), turn);
  return { state: next, effects: turn.effects };
}

/** `recheckMs`: see `State`. */
export function initialState(recheckMs: number | null): State {
  return {
    phase: { name: 'idle' },
    tries: firstTries(0),
    staleness: firstStaleness(0),
    zone: null,
    zoneAskedAt: -Infinity,
    refusals: 0,
    recheckMs,
  };
}

/** The instant of the monotonic clock at which the event `time` is due; `Infinity`: never. */
export function dueAt({ phase, staleness }: State): number {
  switch (phase.name) {
    case 'idle':
    case 'stopped':
      return Infinity;
    case 'signed-out':
      return phase.askAt;
    case 'open':
      return Math.min(online.dueAtOpen(phase), staleAt(staleness));
    default:
      return Math.min(offline.dueAtOffline(phase), staleAt(staleness));
  }
}

function handle(state: State, event: ConnectionEvent, turn: Turn): State {
  const { moment } = turn;
  const { phase, staleness } = state;
  switch (event.type) {
    case 'start': {
      if (phase.name !== 'idle') return state;
      const { isVisible } = staleness;
      const begun = {
        ...state,
        tries: firstTries(moment.now),
        staleness: { ...firstStaleness(moment.now), isVisible },
      };
      return offline.beginHandshake(begun, turn, null);
    }
    case 'stop':
      turn.effects.push({ type: 'cancel-question' }, { type: 'close-socket' });
      return { ...state, phase: { name: 'stopped' } };
    case 'time':
      return state;
    case 'wake':
      return wake(state, turn);
    case 'jump': {
      const still = event.hasForgotten ? { ...state, staleness: withdrawn(staleness) } : state;
      if (phase.name === 'open') return { ...still, phase: online.standStill(phase, turn) };
      return event.hasForgotten ? wake(still, turn) : still;
    }
    case 'visibility':
      return { ...state, staleness: withVisibility(staleness, event.isVisible, moment.now) };
    case 'drawn':
      return staleness.isFresh ? { ...state, staleness: { ...staleness, drawnAt: moment.now } } : state;
    case 'opened':
      return opened(state, turn);
    case 'closed':
      return closed(state, event.code, turn);
    case 'answer':
      return answered(state, event.answer, turn);
    default:
      return phase.name === 'open' ? online.receive(state, phase, event, turn) : state;
  }
}

function whenDue(state: State, turn: Turn): State {
  const { phase } = state;
  switch (phase.name) {
    case 'idle':
    case 'stopped':
      return state;
    case 'signed-out':
      return turn.moment.now < phase.askAt ? state : offline.askSignedOut(state, turn);
    case 'open':
      return online.isLost(phase, turn.moment) ? lost(state, turn) : online.whenDue(state, phase, turn);
    default:
      return offline.whenDue(state, phase, turn);
  }
}

function wake(state: State, turn: Turn): State {
  const { phase } = state;
  switch (phase.name) {
    case 'idle':
    case 'stopped':
      return state;
    case 'signed-out':
      return offline.mayAsk(phase, turn.moment.now) ? offline.askSignedOut(state, turn) : state;
    case 'open':
      return { ...state, phase: measureAnew(probe(phase, turn), turn) };
    default:
      return offline.retrySooner(state, phase, turn);
  }
}

function opened(state: State, turn: Turn): State {
  const { phase, tries } = state;
  if (phase.name !== 'opening' && phase.name !== 'waiting' && phase.name !== 'probing') return state;
  if (phase.name === 'probing') turn.effects.push({ type: 'cancel-question' });
  turn.effects.push({ type: 'condense-house' });
  const told = phase.name === 'opening' ? phase.told : null;
  return { ...state, tries: { ...tries, isSilent: false }, phase: online.openSocket(turn.moment, told) };
}

function closed(state: State, code: number, turn: Turn): State {
  const { phase } = state;
  if (phase.name === 'open') {
    turn.effects.push({ type: 'cancel-question' });
    return offline.afterOpenSocket(state, code, turn);
  }
  const isOffline = phase.name === 'opening' || phase.name === 'waiting' || phase.name === 'probing';
  return isOffline ? offline.afterHandshake(state, phase, turn) : state;
}

/** The open socket does not answer, whatever it says of itself. */
function lost(state: State, turn: Turn): State {
  turn.effects.push({ type: 'cancel-question' }, { type: 'close-socket' });
  return offline.afterOpenSocket({ ...state, staleness: withdrawn(state.staleness) }, 'silent', turn);
}

function answered(state: State, answer: StateAnswer | null, turn: Turn): State {
  const { phase } = state;
  const told = answer?.state ?? null;
  const known = told === null ? state : learn(state, told, turn);
  if (phase.name === 'probing') return offline.afterQuestion(known, phase, answer, turn);
  if (phase.name === 'open') return online.afterQuestion(known, phase, answer, turn);
  return phase.name === 'signed-out' && told !== null ? offline.signIn(known, told, turn) : state;
}

/** Takes over what an answer says besides the time. */
function learn(state: State, told: InitialState, { effects }: Turn): State {
  const { current, at, seq, channel, interval, spread, build } = told;
  const zone = { zone: told.zone, utcOffsetMs: told.utcOffsetMs ?? null, nextUtcOffset: told.nextUtcOffset ?? null };
  effects.push({ type: 'report-zone', zone }, { type: 'report-build', build });
  if (current !== null && at !== null && seq !== null) {
    effects.push({ type: 'report-tick', tick: { channel, text: current, at, seq } });
  }
  const tries = withSpread(state.tries, spread);
  return { ...state, tries, staleness: withInterval(state.staleness, interval), zone, refusals: 0 };
}

/** Brings the screen's state up to date and reports what changed. */
function report(before: State, state: State, turn: Turn): State {
  const { phase } = state;
  if (phase.name === 'idle' || phase.name === 'stopped') return state;
  const staleness = evaluate(state.staleness, phase.name === 'signed-out', turn.moment.now);
  const { isFresh, screen } = staleness;
  if (isFresh !== before.staleness.isFresh) turn.effects.push({ type: 'report-fresh', isFresh });
  if (screen === before.staleness.screen) return { ...state, staleness };
  turn.effects.push({ type: 'report-state', state: screen });
  if (phase.name !== 'open') return { ...state, staleness };
  const told = online.sendStatus(phase, screen, turn);
  if (screen !== 'stale') return { ...state, staleness, phase: told };
  const askAt = turn.moment.now + partOfSpread(state.tries, turn.moment);
  return { ...state, staleness, phase: online.planQuestion(told, askAt) };
}
