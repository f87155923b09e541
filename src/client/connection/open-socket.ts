import type { InitialState, ScreenState, Sync, Tick } from '../../protocol.ts';
import { timeText, wallClockAt } from '../../time/zone-offset.ts';
import { instantOf } from '../house-clock.ts';
import { canSpend, fullBucket, spend } from '../message-bucket.ts';
import type { Moment } from './moment.ts';
import * as policy from './policy.ts';
import { isRefusal, recheckDelay, signOut } from './reconnect.ts';
import { withdrawn, withInstant, withTick } from './staleness.ts';
import type { FrameEvent, Open, State, StateAnswer } from './state.ts';
import { firstPace, heard, measureAnew, probe, quiet, sendDueSync, sendSync } from './sync.ts';
import { partOfSpread, afterTick, windowMs, withSpread } from './tries.ts';
import type { Turn } from './turn.ts';

/** `told`: the answer to a question that was asked just before. */
export function openSocket({ now }: Moment, told: InitialState | null): Open {
  return {
    name: 'open',
    openedAt: now,
    bucket: fullBucket(now),
    liveness: quiet(now),
    unanswered: [],
    pace: firstPace(now),
    statusAt: now,
    question: told === null ? { name: 'planned', askAt: now, failures: 0, failingSince: null } : { name: 'none' },
    newestTickAt: null,
    told,
  };
}

/** The next instant at which something is due. */
export function dueAtOpen({ liveness, pace, statusAt, question }: Open): number {
  const livenessAt = liveness.name === 'quiet' ? liveness.probeAt : liveness.lostAt;
  return Math.min(livenessAt, pace.nextAt, statusAt, question.name === 'planned' ? question.askAt : Infinity);
}

/** A frame arrived, or was used to measure house time. */
export function receive(state: State, open: Open, event: FrameEvent, turn: Turn): State {
  const phase = heard(open, turn.moment);
  switch (event.type) {
    case 'other-frame':
      return { ...state, phase };
    case 'tick':
      return receiveTick(state, phase, event.tick, event.isContradiction, turn);
    case 'sync':
      return receiveSync(state, phase, event.sync, turn);
    case 'measured':
      return afterMeasuring(state, open, event.isStepped, event.isNew, turn);
  }
}

/** The probe was not answered in time. */
export function isLost({ liveness }: Open, { now }: Moment): boolean {
  return liveness.name === 'probed' && now >= liveness.lostAt && (liveness.isExtended || !isLate(liveness.lostAt, now));
}

/** Carries out what is due, except the loss of the socket. */
export function whenDue(state: State, open: Open, turn: Turn): State {
  const { now } = turn.moment;
  let phase = open;
  if (phase.liveness.name === 'quiet' && now >= phase.liveness.probeAt) phase = probe(phase, turn);
  if (phase.liveness.name === 'probed' && isLate(phase.liveness.lostAt, now)) {
    phase = probe({ ...phase, liveness: quiet(now) }, turn, true);
  }
  phase = sendDueSync(phase, turn);
  if (now >= phase.statusAt) phase = sendStatus(phase, state.staleness.screen, turn);
  if (phase.question.name === 'planned' && now >= phase.question.askAt) {
    turn.effects.push({ type: 'ask', timeoutMs: policy.questionTimeout.normalMs });
    const { failures, failingSince } = phase.question;
    phase = { ...phase, question: { name: 'asked', failures, failingSince } };
  }
  return { ...state, phase };
}

/** This side stood still: what it waits for begins anew. */
export function standStill(open: Open, turn: Turn): Open {
  return measureAnew(probe({ ...open, unanswered: [], liveness: quiet(turn.moment.now) }, turn), turn);
}

/** The question was answered; null: it was not. It is repeated until it is. */
export function afterQuestion(state: State, open: Open, answer: StateAnswer | null, turn: Turn): State {
  if (open.question.name !== 'asked') return state;
  const { now, random } = turn.moment;
  if (answer !== null && answer.state !== null) {
    const told = open.newestTickAt === null ? answer.state : null;
    return countTold({ ...state, phase: { ...open, question: { name: 'none' }, told } }, turn);
  }
  const { failures, failingSince } = open.question;
  const planned = (askAt: number): Open => ({
    ...open,
    question: { name: 'planned', askAt, failures: failures + 1, failingSince: failingSince ?? now },
  });
  if (answer === null || !isRefusal(answer)) {
    const windows = { ...state.tries, count: failures, outageSince: failingSince ?? now, isDrained: false };
    const orderedMs = Math.min(answer?.retryAfterMs ?? 0, policy.longestRetryAfterMs);
    return { ...state, phase: planned(now + orderedMs + random * windowMs(windows, now)) };
  }
  const refusals = state.refusals + 1;
  if (refusals >= policy.refusalsToSignOut) return signOut(state, turn);
  return { ...state, refusals, phase: planned(now + recheckDelay(state, turn)) };
}

/** Reports the screen's state to the server, if the message limit allows it. */
export function sendStatus(open: Open, state: ScreenState, { moment: { now }, effects }: Turn): Open {
  const later = { ...open, statusAt: now + policy.statusMs };
  if (!canSpend(open.bucket, now)) return later;
  effects.push({ type: 'send-status', state });
  return { ...later, bucket: spend(open.bucket, now) };
}

/** Plans the question for `askAt` at the latest, unless it is under way. */
export function planQuestion(open: Open, askAt: number): Open {
  const { question } = open;
  if (question.name === 'asked') return open;
  if (question.name === 'planned')
    return { ...open, question: { ...question, askAt: Math.min(question.askAt, askAt) } };
  return { ...open, question: { name: 'planned', askAt, failures: 0, failingSince: null } };
}

function receiveTick(before: State, open: Open, tick: Tick, isContradiction: boolean, turn: Turn): State {
  const { now, house } = turn.moment;
  turn.effects.push({ type: 'report-tick', tick });
  let phase: Open = { ...open, newestTickAt: tick.at, told: null };
  if (isContradiction) phase = measureAnew(probe(phase, turn), turn);
  let state = { ...before, tries: afterTick(before.tries), staleness: { ...before.staleness, heardAt: now } };
  const instant = instantOf(house, tick.at, now);
  if (instant !== null) {
    state = { ...state, staleness: withTick(state.staleness, instant) };
    if (now - instant > policy.lateTickMs) phase = sendSync(phase, turn);
  } else if (now - open.openedAt > policy.liveness.quietMs) {
    // The time of a server that ticks and answers no sync must not be claimed.
    phase = probe(phase, turn);
  }
  return checkZone({ ...state, phase }, phase, tick, turn);
}

/** Asks for the zone if the tick shows that it is not known, or changed. */
function checkZone(state: State, open: Open, { at, text }: Tick, { moment }: Turn): State {
  const { zone } = state;
  if (zone === null) return state;
  const soon = moment.now + partOfSpread(state.tries, moment);
  if (zone.zone === null) return { ...state, phase: planQuestion(open, soon) };
  const wallClock = wallClockAt(zone, at);
  if (wallClock === null) return state;
  if (text !== timeText(wallClock)) {
    if (moment.now - state.zoneAskedAt < policy.zoneMismatchMs) return state;
    return { ...state, zoneAskedAt: moment.now, phase: planQuestion(open, soon) };
  }
  const isChanged = zone.nextUtcOffset !== null && at >= zone.nextUtcOffset.at;
  if (!isChanged || open.question.name !== 'none') return state;
  return { ...state, phase: planQuestion(open, moment.now + moment.random * policy.zoneChangeMs) };
}

function receiveSync(state: State, open: Open, sync: Sync, { moment: { now }, effects }: Turn): State {
  const isWhole = Number.isFinite(sync.received) && Number.isFinite(sync.sent);
  if (!isWhole || !open.unanswered.includes(sync.echo)) return { ...state, phase: open };
  effects.push({ type: 'measure', sync, arrivedAt: now }, { type: 'report-build', build: sync.build });
  const unanswered = open.unanswered.filter((echo) => echo !== sync.echo);
  return {
    ...state,
    tries: withSpread(state.tries, sync.spread),
    staleness: { ...state.staleness, heardAt: now },
    phase: { ...open, unanswered, liveness: quiet(now) },
  };
}

function afterMeasuring(before: State, open: Open, isStepped: boolean, isNew: boolean, turn: Turn): State {
  const { now, house } = turn.moment;
  const state = { ...before, phase: isStepped ? measureAnew(open, turn) : open };
  if (open.newestTickAt === null || !(isStepped || isNew)) return countTold(state, turn);
  // Instants that were computed before are void.
  const instant = instantOf(house, open.newestTickAt, now) ?? -Infinity;
  return countTold({ ...state, staleness: withInstant(state.staleness, instant) }, turn);
}

/** An answer counts as a tick, as old as it is. */
function countTold(state: State & { phase: Open }, { moment: { now, house } }: Turn): State {
  const { phase, staleness } = state;
  const { told } = phase;
  if (told === null) return state;
  if (told.stale || told.at === null) {
    const isStale = { ...withdrawn(staleness), connectingUntil: now };
    return { ...state, staleness: isStale, phase: { ...phase, told: null } };
  }
  // It came over another connection: that this socket works is only known once it answered.
  const instant = house.isHeld ? null : instantOf(house, told.at, now);
  if (instant === null) return state;
  return {
    ...state,
    staleness: withTick(staleness, instant),
    phase: { ...phase, told: null, newestTickAt: told.at },
  };
}

function isLate(dueAt: number, now: number): boolean {
  return now - dueAt > policy.liveness.lateMs;
}
