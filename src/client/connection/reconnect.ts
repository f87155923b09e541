import { closeCode, type InitialState } from '../../protocol.ts';
import { faultMs, handshake, refusalsToSignOut, roundTripsOfHandshake, signedOutMs, sooner } from './policy.ts';
import { connectingAgain } from './staleness.ts';
import type { Handshake, Opening, Probing, SignedOut, State, StateAnswer, Waiting } from './state.ts';
import { afterLoss, beginAnew, nextWait, partOfSpread, questionMs } from './tries.ts';
import type { Turn } from './turn.ts';

/** The phases without an open socket, which are all about when the next request is sent. */
export type Offline = Opening | Waiting | Probing;

/** Opens a socket. `told`: the path is known to be open, by this answer. */
export function beginHandshake(state: State, { moment: { now }, effects }: Turn, told: InitialState | null): State {
  effects.push({ type: 'open-socket' });
  const started: Handshake = { startedAt: now, giveUpAt: now + handshake.giveUpMs };
  const hangsAt = told === null ? now + handshake.hangsMs : null;
  return { ...state, phase: { name: 'opening', handshake: started, hangsAt, told } };
}

/** Waits before the next try, after one that failed; `retryAfterMs`: for at least as long as the server asked for. */
function waitForTry(
  state: State,
  { moment }: Turn,
  next: Waiting['next'],
  { hanging = null, retryAfterMs = null }: { hanging?: Handshake | null; retryAfterMs?: number | null } = {},
): State {
  const [tries, waitMs] = nextWait(state.tries, moment, retryAfterMs);
  const isOrdered = retryAfterMs !== null;
  return { ...state, tries, phase: { name: 'waiting', tryAt: moment.now + waitMs, next, isOrdered, hanging } };
}

/** An open socket was lost: by a close with `code`, or because it was silent. */
export function afterOpenSocket(state: State, code: number | 'silent', turn: Turn): State {
  const { now } = turn.moment;
  const lost = { ...state, tries: afterLoss(state.tries, now, code === closeCode.goingAway) };
  if (code === closeCode.sessionEnded) {
    // Programs ask twice in any case, because their second refusal ends them.
    const refusals = state.recheckMs === null ? 1 : 0;
    return waitForTry({ ...lost, refusals }, turn, 'question');
  }
  if (!isOurFault(code)) return waitForTry(lost, turn, 'handshake');
  return {
    ...lost,
    phase: { name: 'waiting', tryAt: now + faultMs, next: 'handshake', isOrdered: true, hanging: null },
  };
}

/** The browser reports that a handshake failed. From now on tries are questions, until one is answered with 200. */
export function afterHandshake(state: State, phase: Offline, turn: Turn): State {
  const heard = { ...state, tries: { ...state.tries, isSilent: false } };
  return phase.name === 'opening'
    ? waitForTry(heard, turn, 'question')
    : { ...heard, phase: { ...phase, hanging: null } };
}

/** The question of `probing` was answered; null: not in time, or not at all. */
export function afterQuestion(state: State, phase: Probing, answer: StateAnswer | null, turn: Turn): State {
  const { now } = turn.moment;
  const { hanging, askedAt, timeoutMs } = phase;
  const isSilent = answer === null && now - askedAt > 0.9 * timeoutMs;
  const heard = { ...state, tries: { ...state.tries, isSilent } };
  if (answer === null) return waitForTry(heard, turn, 'question', { hanging });
  if (isRefusal(answer)) return afterRefusal(heard, hanging, turn);
  if (answer.state === null) {
    return waitForTry(heard, turn, 'question', { hanging, retryAfterMs: answer.retryAfterMs });
  }
  const mayOnlyBeSlow = hanging !== null && now - hanging.startedAt <= roundTripsOfHandshake * (now - askedAt);
  if (!mayOnlyBeSlow) return beginHandshake(heard, turn, answer.state);
  return { ...heard, phase: { name: 'opening', handshake: hanging, hangsAt: null, told: answer.state } };
}

/** Carries out what is due in a phase without a socket. */
export function whenDue(state: State, phase: Offline, turn: Turn): State {
  const { now } = turn.moment;
  if (phase.name === 'opening') {
    if (now < (phase.hangsAt ?? phase.handshake.giveUpAt)) return state;
    const silent = { ...state, tries: { ...state.tries, isSilent: true } };
    if (phase.hangsAt !== null) return waitForTry(silent, turn, 'question', { hanging: phase.handshake });
    turn.effects.push({ type: 'close-socket' });
    return waitForTry(silent, turn, 'question');
  }
  if (phase.hanging !== null && now >= phase.hanging.giveUpAt) {
    turn.effects.push({ type: 'close-socket' });
    return { ...state, phase: { ...phase, hanging: null } };
  }
  if (phase.name === 'probing' || now < phase.tryAt) return state;
  if (phase.next === 'handshake') return beginHandshake(state, turn, null);
  const timeoutMs = questionMs(state.tries, now);
  turn.effects.push({ type: 'ask', timeoutMs });
  return { ...state, phase: { name: 'probing', askedAt: now, timeoutMs, hanging: phase.hanging } };
}

/** The network may be back: the windows begin anew, and a try that seems dead is given up. */
export function retrySooner(state: State, phase: Offline, turn: Turn): State {
  const { now } = turn.moment;
  if (phase.name === 'waiting' && phase.isOrdered) return state;
  const tries = beginAnew(state.tries, now);
  if (tries === null) return state;
  const anew = { ...state, tries };
  if (phase.name === 'waiting') {
    const sooner = waitForTry(anew, turn, phase.next, phase) as State & { phase: Waiting };
    return { ...sooner, phase: { ...sooner.phase, tryAt: Math.min(phase.tryAt, sooner.phase.tryAt) } };
  }
  const startedAt = phase.name === 'opening' ? phase.handshake.startedAt : phase.askedAt;
  if (now - startedAt < sooner.triesOlderThanMs) return anew;
  turn.effects.push({ type: phase.name === 'opening' ? 'close-socket' : 'cancel-question' });
  return waitForTry(anew, turn, 'question', phase.name === 'opening' ? {} : phase);
}

/** The session was refused: that is checked once more before the screen counts as signed out. */
function afterRefusal(state: State, hanging: Handshake | null, turn: Turn): State {
  const refusals = state.refusals + 1;
  if (refusals >= refusalsToSignOut) return signOut(state, turn);
  const tryAt = turn.moment.now + recheckDelay(state, turn);
  return { ...state, refusals, phase: { name: 'waiting', tryAt, next: 'question', isOrdered: true, hanging } };
}

/** How long after a refusal the session is checked again, ms. */
export function recheckDelay({ recheckMs, tries }: State, { moment }: Turn): number {
  return recheckMs ?? partOfSpread(tries, moment);
}

export function signOut(state: State, { moment: { now, random }, effects }: Turn): State {
  effects.push({ type: 'close-socket' });
  return { ...state, phase: { name: 'signed-out', askAt: now + random * signedOutMs, askedAt: now } };
}

/** A signed-out screen asks whether it is signed in again. */
export function askSignedOut(state: State, { moment: { now }, effects }: Turn): State {
  effects.push({ type: 'ask', timeoutMs: handshake.giveUpMs });
  return { ...state, phase: { name: 'signed-out', askAt: now + signedOutMs, askedAt: now } };
}

/** Signed in again: the time without a session was no outage. */
export function signIn(state: State, told: InitialState, turn: Turn): State {
  const { now } = turn.moment;
  const tries = { ...state.tries, count: 0, outageSince: now };
  return beginHandshake({ ...state, tries, staleness: connectingAgain(state.staleness, now) }, turn, told);
}

/** A screen in the phase `signed-out` asks at most this often when it wakes. */
export function mayAsk({ askedAt }: SignedOut, now: number): boolean {
  return now - askedAt >= sooner.onceInMs;
}

/** 403 too: the session is known and may not read the clock. */
export function isRefusal({ status }: StateAnswer): boolean {
  return status === 401 || status === 403;
}

/** The instant at which something is due in a phase without a socket. */
export function dueAtOffline(phase: Offline): number {
  if (phase.name === 'opening') return phase.hangsAt ?? phase.handshake.giveUpAt;
  const giveUpAt = phase.hanging?.giveUpAt ?? Infinity;
  return phase.name === 'waiting' ? Math.min(phase.tryAt, giveUpAt) : giveUpAt;
}

/** This client broke a rule or was too slow: an early return would only repeat it. */
function isOurFault(code: number | 'silent'): boolean {
  const { binary, brokenRule, tooLong, tooSlow } = closeCode;
  return code === binary || code === brokenRule || code === tooLong || code === tooSlow;
}
