import type { InitialState, ScreenState, Sync, Tick } from '../../protocol.ts';
import { instantOf } from '../house-clock.ts';
import * as policy from './policy.ts';
import { cappedRetryAfterMs, backoffWindowMs } from './reconnect.ts';
import { leastIntervalMs } from './staleness.ts';
import type { FrameEvent, Open, State, StateResponse, StepContext } from './state.ts';
import {
  isExact,
  markAlive,
  restartBurst,
  probeNow,
  sendPacedSync,
  sendProbe,
  sendSync,
  spendMessage,
} from './sync.ts';

/**
 * A socket that just opened; `initialState`: from a response that arrived just before. Screens that reconnect together
 * measure house time anew only if it has not settled or its error is large, and request the initial state later if a tick
 * comes in time. The single sync still detects a step of a clock that exceeds the error.
 */
export function openSocket(state: State, { now, random, house }: StepContext, initialState: InitialState | null): Open {
  const isMeasured = house.isSettled && isExact(house);
  return {
    name: 'open',
    openedAt: now,
    emptyAt: -Infinity,
    livenessAt: now + policy.quietMs,
    probes: 0,
    pendingSyncs: [],
    syncAt: now,
    burstLeft: isMeasured ? 1 : policy.burstCount,
    refiningLeft: isMeasured ? 0 : policy.refiningCount,
    statusAt: now,
    differs: false,
    requestAt:
      initialState === null
        ? now + (hasTickInTime(state, now) ? random * (state.spreadMs - policy.minSpreadMs) : 0)
        : Infinity,
    isRequesting: false,
    failures: 0,
    failingSince: Infinity,
    newestTickAt: null,
    initialState,
  };
}

/** Whether the next tick makes the screen live, or comes while it still is live. */
function hasTickInTime({ zone, freshForMs, isFresh, tickInstant }: State, now: number): boolean {
  const hasMissedTick = now > tickInstant + leastIntervalMs;
  return zone !== null && freshForMs <= policy.silenceMs && !(isFresh && hasMissedTick);
}

/** The next instant at which something is due. */
export function dueAtOpen({ livenessAt, syncAt, statusAt, requestAt }: Open): number {
  return Math.min(livenessAt, syncAt, statusAt, requestAt);
}

/** A frame arrived, or was used to measure house time. */
export function receive(state: State, open: Open, event: FrameEvent, context: StepContext): void {
  if (event.type === 'measured') return afterMeasuring(state, open, event, context);
  // A pending probe still needs its own response.
  if (open.probes === 0) markAlive(open, context.now);
  if (event.type === 'tick') receiveTick(state, open, event.tick, event.isContradiction, context);
  if (event.type === 'sync') receiveSync(state, open, event.sync, context);
}

/** Whether the probe timed out. */
export function isLost({ probes, livenessAt }: Open, now: number): boolean {
  const isLate = now - livenessAt > policy.lateTimerMs;
  return probes > 0 && now >= livenessAt && (probes > 1 || !isLate);
}

/** Carries out what is due, except the loss of the socket. */
export function runDue(state: State, open: Open, context: StepContext): void {
  const { now, effects } = context;
  if (now >= open.livenessAt) sendProbe(open, context);
  if (now >= open.syncAt) sendPacedSync(open, context);
  if (now >= open.statusAt) sendStatus(open, state.screen, context);
  if (now < open.requestAt) return;
  effects.push({ type: 'request-state', timeoutMs: policy.requestTimeoutMs });
  open.requestAt = Infinity;
  open.isRequesting = true;
}

/** After a pause of the device or the page: discards pending syncs, and probes the socket. */
export function resetAfterPause(open: Open, now: number): void {
  open.pendingSyncs = [];
  open.probes = 0;
  probeNow(open, now);
  restartBurst(open, now);
}

/** Handles any response except a refusal, or the lack of one. The request is repeated until the response is 200. */
export function onResponse(state: State, open: Open, response: StateResponse, context: StepContext): void {
  const { now, random } = context;
  if (response.state !== null) {
    open.isRequesting = false;
    open.failures = 0;
    open.failingSince = Infinity;
    open.initialState = open.newestTickAt === null ? response.state : null;
    return countInitialTick(state, open, context);
  }
  const outageMs = Math.max(0, now - open.failingSince);
  const waitMs = random * backoffWindowMs(state, state.spreadMs, open.failures, outageMs);
  retryRequest(open, context, cappedRetryAfterMs(response.retryAfterMs) + waitMs);
}

/** Repeats the request after a failure. */
export function retryRequest(open: Open, { now }: StepContext, waitMs: number): void {
  open.isRequesting = false;
  open.requestAt = now + waitMs;
  open.failures += 1;
  open.failingSince = Math.min(open.failingSince, now);
}

/** Reports the screen's state to the server, if the message limit allows it. */
export function sendStatus(open: Open, state: ScreenState, { now, effects }: StepContext): void {
  open.statusAt = now + policy.statusMs;
  if (!spendMessage(open, now)) return;
  effects.push({ type: 'send-status', state, differs: open.differs });
  open.differs = false;
}

/** Plans a request for the initial state within a random part of the spread, unless one is pending. */
export function planRequest({ spreadMs }: State, open: Open, { now, random }: StepContext): void {
  if (!open.isRequesting) open.requestAt = Math.min(open.requestAt, now + random * spreadMs);
}

function receiveTick(state: State, open: Open, tick: Tick, isContradiction: boolean, context: StepContext): void {
  const { now, house, effects } = context;
  effects.push({ type: 'onTick', value: tick });
  open.newestTickAt = tick.at;
  open.initialState = null;
  if (isContradiction) {
    probeNow(open, now);
    restartBurst(open, now);
  }
  endOutage(state, now);
  const instant = instantOf(house, tick.at, now);
  if (instant !== null) {
    state.tickInstant = Math.max(state.tickInstant, instant);
    if (now - instant > policy.lateTickMs) sendSync(open, context);
  } else if (now - open.openedAt > policy.quietMs) {
    // A server that ticks but does not respond to syncs must not make the page live.
    probeNow(open, now);
  }
  context.checkZone?.(state, open, tick, context);
}

function endOutage(state: State, now: number): void {
  state.attempts = 0;
  state.outageSince = Infinity;
  state.isAfterDrain = false;
  state.isSilent = false;
  state.receivedAt = now;
}

function receiveSync(state: State, open: Open, sync: Sync, { now, effects }: StepContext): void {
  const isWhole = Number.isFinite(sync.received) && Number.isFinite(sync.sent);
  if (!isWhole || !open.pendingSyncs.includes(sync.echo)) return;
  effects.push({ type: 'measure', sync, arrivedAt: now }, { type: 'onBuild', value: sync.build });
  open.pendingSyncs = open.pendingSyncs.filter((echo) => echo !== sync.echo);
  markAlive(open, now);
  state.receivedAt = now;
  setSpread(state, sync.spread);
}

export function setSpread(state: State, spreadMs: number): void {
  if (spreadMs >= 0) state.spreadMs = Math.min(Math.max(spreadMs, policy.minSpreadMs), policy.maxSpreadMs);
}

function afterMeasuring(
  state: State,
  open: Open,
  { isStepped, isNew }: { isStepped: boolean; isNew: boolean },
  context: StepContext,
): void {
  const { now, house } = context;
  if (isStepped) restartBurst(open, now);
  // Instants that were computed earlier are not valid any more.
  if (open.newestTickAt !== null && (isStepped || isNew)) {
    const instant = instantOf(house, open.newestTickAt, now);
    state.tickInstant = instant === null ? -Infinity : instant;
  }
  countInitialTick(state, open, context);
}

/** An initial state counts as a tick of its age. */
function countInitialTick(state: State, open: Open, { now, house }: StepContext): void {
  const { initialState } = open;
  if (initialState === null) return;
  if (initialState.stale || initialState.at === null) {
    open.initialState = null;
    state.tickInstant = -Infinity;
    state.connectingUntil = now;
    return;
  }
  // It came over another connection, so it does not show that this socket works.
  const instant = house.isHeld ? null : instantOf(house, initialState.at, now);
  if (instant === null) return;
  open.initialState = null;
  open.newestTickAt = initialState.at;
  state.tickInstant = Math.max(state.tickInstant, instant);
}
