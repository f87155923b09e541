import type { HouseReading } from '../house-clock.ts';
import { canSpend, spend } from '../message-bucket.ts';
import * as policy from './policy.ts';
import type { Open, StepContext } from './state.ts';

/** Restarts the measurement of house time with a burst. */
export function restartBurst(open: Open, now: number): void {
  open.syncAt = now;
  open.burstLeft = policy.burstCount;
  open.refiningLeft = policy.refiningCount;
}

/** Whether house time needs no better measurement. */
export function isExact({ errorMs }: HouseReading): boolean {
  return errorMs !== null && errorMs <= policy.errorMs;
}

/** Sends the sync that is due by the pace. */
export function sendPacedSync(open: Open, context: StepContext): void {
  sendSync(open, context, policy.reservedMessages);
  const [minMs, maxMs] = nextPace(open, context);
  open.syncAt = context.now + minMs + context.random * (maxMs - minMs);
}

/** Probes the socket at once, unless a probe is pending. If that times out, the socket is lost. */
export function probeNow(open: Open, now: number): void {
  if (open.probes === 0) open.livenessAt = now;
}

/** Sends the probe that is due. Without a message left, the socket is probed later. */
export function sendProbe(open: Open, context: StepContext): void {
  if (!sendSync(open, context)) return markAlive(open, context.now);
  open.livenessAt = context.now + policy.probeTimeoutMs;
  open.probes += 1;
}

/** The socket works. */
export function markAlive(open: Open, now: number): void {
  open.livenessAt = now + policy.quietMs;
  open.probes = 0;
}

/** Sends a sync, if the message limit allows it with `reserve` messages left. */
export function sendSync(open: Open, context: StepContext, reserve = 0): boolean {
  const { now, effects } = context;
  if (!spendMessage(open, now, reserve)) return false;
  effects.push({ type: 'send-sync', echo: now });
  open.pendingSyncs = [...(open.pendingSyncs.length < policy.maxPendingSyncs ? open.pendingSyncs : []), now];
  return true;
}

/** Counts a message, if the limit allows it. */
export function spendMessage(open: Open, now: number, reserve = 0): boolean {
  const isAllowed = canSpend(open.emptyAt, now, reserve);
  if (isAllowed) open.emptyAt = spend(open.emptyAt, now);
  return isAllowed;
}

function nextPace(open: Open, { now, house }: StepContext): readonly [minMs: number, maxMs: number] {
  open.burstLeft -= 1;
  if (open.burstLeft > 0) return policy.burstMs;
  if (open.refiningLeft === 0 || (isExact(house) && house.jitterMs <= policy.jitterMs)) return policy.regularMs;
  open.refiningLeft -= 1;
  return canSpend(open.emptyAt, now, policy.reservedMessages) ? policy.burstMs : policy.refiningMs;
}
