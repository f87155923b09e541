import type { InitialState, ScreenState, Sync, Tick } from '../../protocol.ts';
import { timeText, wallClockAt } from '../../time/zone-offset.ts';
import { instantOf } from '../house-clock.ts';
import * as policy from './policy.ts';
import { orderedMs, windowMs } from './reconnect.ts';
import type { FrameEvent, Open, State, StateAnswer, Turn } from './state.ts';
import { markAlive, measureAnew, probeNow, sendPacedSync, sendProbe, sendSync, spendMessage } from './sync.ts';

/** `told`: the answer to a question that was asked just before. */
export function openSocket(now: number, told: InitialState | null): Open {
  return {
    name: 'open',
    openedAt: now,
    emptyAt: -Infinity,
    livenessAt: now + policy.liveness.quietMs,
    probes: 0,
    unanswered: [],
    syncAt: now,
    burstLeft: policy.burstCount,
    roughLeft: policy.roughCount,
    statusAt: now,
    differs: false,
    askAt: told === null ? now : Infinity,
    isAsking: false,
    failures: 0,
    failingSince: Infinity,
    newestTickAt: null,
    told,
  };
}

/** The next instant at which something is due. */
export function dueAtOpen({ livenessAt, syncAt, statusAt, askAt }: Open): number {
  return Math.min(livenessAt, syncAt, statusAt, askAt);
}

/** A frame arrived, or was used to measure house time. */
export function receive(state: State, open: Open, event: FrameEvent, turn: Turn): void {
  if (event.type === 'measured') return afterMeasuring(state, open, event, turn);
  // A probe that is under way still needs its own answer.
  if (open.probes === 0) markAlive(open, turn.now);
  if (event.type === 'tick') receiveTick(state, open, event.tick, event.isContradiction, turn);
  if (event.type === 'sync') receiveSync(state, open, event.sync, turn);
}

/** The probe was not answered in time. */
export function isLost({ probes, livenessAt }: Open, now: number): boolean {
  const isLate = now - livenessAt > policy.liveness.lateMs;
  return probes > 0 && now >= livenessAt && (probes > 1 || !isLate);
}

/** Carries out what is due, except the loss of the socket. */
export function whenDue(state: State, open: Open, turn: Turn): void {
  const { now, effects } = turn;
  if (now >= open.livenessAt) sendProbe(open, turn);
  if (now >= open.syncAt) sendPacedSync(open, turn);
  if (now >= open.statusAt) sendStatus(open, state.screen, turn);
  if (now < open.askAt) return;
  effects.push({ type: 'ask', timeoutMs: policy.questionTimeout.normalMs });
  open.askAt = Infinity;
  open.isAsking = true;
}

/** This side stood still: what it waits for begins anew. */
export function standStill(open: Open, now: number): void {
  open.unanswered = [];
  open.probes = 0;
  probeNow(open, now);
  measureAnew(open, now);
}

/** The question was answered, not with a refusal, or not at all. It is repeated until it is answered with 200. */
export function afterQuestion(state: State, open: Open, answer: StateAnswer, turn: Turn): void {
  const { now, random } = turn;
  if (answer.state !== null) {
    open.isAsking = false;
    open.failures = 0;
    open.failingSince = Infinity;
    open.told = open.newestTickAt === null ? answer.state : null;
    return countTold(state, open, turn);
  }
  const outageMs = Math.max(0, now - open.failingSince);
  const waitMs = random * windowMs(state, state.spreadMs, open.failures, outageMs);
  askAgain(open, turn, orderedMs(answer.retryAfterMs) + waitMs);
}

/** Repeats the question after a failure. */
export function askAgain(open: Open, { now }: Turn, waitMs: number): void {
  open.isAsking = false;
  open.askAt = now + waitMs;
  open.failures += 1;
  open.failingSince = Math.min(open.failingSince, now);
}

/** Reports the screen's state to the server, if the message limit allows it. */
export function sendStatus(open: Open, state: ScreenState, { now, effects }: Turn): void {
  open.statusAt = now + policy.statusMs;
  if (!spendMessage(open, now)) return;
  effects.push({ type: 'send-status', state, differs: open.differs });
  open.differs = false;
}

/** Plans the question, at the latest after a random part of the spread, unless it is under way. */
export function planQuestion({ spreadMs }: State, open: Open, { now, random }: Turn): void {
  if (!open.isAsking) open.askAt = Math.min(open.askAt, now + random * spreadMs);
}

function receiveTick(state: State, open: Open, tick: Tick, isContradiction: boolean, turn: Turn): void {
  const { now, house, effects } = turn;
  effects.push({ type: 'report-tick', tick });
  open.newestTickAt = tick.at;
  open.told = null;
  if (isContradiction) {
    probeNow(open, now);
    measureAnew(open, now);
  }
  // The outage is over.
  Object.assign(state, { tries: 0, outageSince: Infinity, isDrained: false, isSilent: false, heardAt: now });
  const instant = instantOf(house, tick.at, now);
  if (instant !== null) {
    state.tickInstant = Math.max(state.tickInstant, instant);
    if (now - instant > policy.lateTickMs) sendSync(open, turn);
  } else if (now - open.openedAt > policy.liveness.quietMs) {
    // The time of a server that ticks and answers no sync must not be claimed.
    probeNow(open, now);
  }
  checkZone(state, open, tick, turn);
}

/** Asks for the zone if the tick shows that it is not known, or changed. */
function checkZone(state: State, open: Open, { at, text }: Tick, turn: Turn): void {
  const { zone } = state;
  if (zone === null) return;
  if (zone.zone === null) return planQuestion(state, open, turn);
  const wallClock = wallClockAt(zone, at);
  if (wallClock === null) return;
  const { now, random } = turn;
  if (text !== timeText(wallClock)) {
    open.differs = true;
    if (now - state.zoneAskedAt < policy.zoneMismatchMs) return;
    state.zoneAskedAt = now;
    return planQuestion(state, open, turn);
  }
  const isChanged = zone.nextUtcOffset !== null && at >= zone.nextUtcOffset.at;
  if (isChanged && !open.isAsking && open.askAt === Infinity) open.askAt = now + random * policy.zoneChangeMs;
}

function receiveSync(state: State, open: Open, sync: Sync, { now, effects }: Turn): void {
  const isWhole = Number.isFinite(sync.received) && Number.isFinite(sync.sent);
  if (!isWhole || !open.unanswered.includes(sync.echo)) return;
  effects.push({ type: 'measure', sync, arrivedAt: now }, { type: 'report-build', build: sync.build });
  open.unanswered = open.unanswered.filter((echo) => echo !== sync.echo);
  markAlive(open, now);
  state.heardAt = now;
  setSpread(state, sync.spread);
}

export function setSpread(state: State, spreadMs: number): void {
  const { leastMs, mostMs } = policy.spread;
  if (spreadMs >= 0) state.spreadMs = Math.min(Math.max(spreadMs, leastMs), mostMs);
}

function afterMeasuring(
  state: State,
  open: Open,
  { isStepped, isNew }: { isStepped: boolean; isNew: boolean },
  turn: Turn,
): void {
  const { now, house } = turn;
  if (isStepped) measureAnew(open, now);
  // Instants that were computed before are void.
  if (open.newestTickAt !== null && (isStepped || isNew)) {
    state.tickInstant = instantOf(house, open.newestTickAt, now) ?? -Infinity;
  }
  countTold(state, open, turn);
}

/** An answer counts as a tick, as old as it is. */
function countTold(state: State, open: Open, { now, house }: Turn): void {
  const { told } = open;
  if (told === null) return;
  if (told.stale || told.at === null) {
    open.told = null;
    state.tickInstant = -Infinity;
    state.connectingUntil = now;
    return;
  }
  // It came over another connection: that this socket works is only known once it answered.
  const instant = house.isHeld ? null : instantOf(house, told.at, now);
  if (instant === null) return;
  open.told = null;
  open.newestTickAt = told.at;
  state.tickInstant = Math.max(state.tickInstant, instant);
}
