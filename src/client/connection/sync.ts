import { canSpend, spend } from '../message-bucket.ts';
import * as policy from './policy.ts';
import type { Open, Turn } from './state.ts';

/** Measures house time several times in a row, then again and again. */
export function measureAnew(open: Open, now: number): void {
  open.syncAt = now;
  open.burstLeft = policy.burstCount;
  open.roughLeft = policy.roughCount;
}

/** Sends the sync that is due by the pace. */
export function sendPacedSync(open: Open, turn: Turn): void {
  sendSync(open, turn, policy.reservedMessages);
  const [minMs, maxMs] = nextPace(open, turn);
  open.syncAt = turn.now + minMs + turn.random * (maxMs - minMs);
}

/** Asks for a sign of life at once, unless that was done; without an answer in time the socket is lost. */
export function probeNow(open: Open, now: number): void {
  if (open.probes === 0) open.livenessAt = now;
}

/** Sends the probe that is due. Without a message left, the socket is probed later. */
export function sendProbe(open: Open, turn: Turn): void {
  if (!sendSync(open, turn)) return markAlive(open, turn.now);
  open.livenessAt = turn.now + policy.liveness.answerMs;
  open.probes += 1;
}

/** The socket answered. */
export function markAlive(open: Open, now: number): void {
  open.livenessAt = now + policy.liveness.quietMs;
  open.probes = 0;
}

/** Sends a sync, if the message limit allows it with `reserve` messages left. */
export function sendSync(open: Open, turn: Turn, reserve = 0): boolean {
  const { now, effects } = turn;
  if (!spendMessage(open, now, reserve)) return false;
  effects.push({ type: 'send-sync', echo: now });
  open.unanswered = [...(open.unanswered.length < policy.unansweredSyncs ? open.unanswered : []), now];
  return true;
}

/** Counts a message, if the limit allows it. */
export function spendMessage(open: Open, now: number, reserve = 0): boolean {
  const isAllowed = canSpend(open.emptyAt, now, reserve);
  if (isAllowed) open.emptyAt = spend(open.emptyAt, now);
  return isAllowed;
}

function nextPace(open: Open, { now, house }: Turn): readonly [minMs: number, maxMs: number] {
  open.burstLeft -= 1;
  if (open.burstLeft > 0) return policy.burstMs;
  const isRough = house.jitterMs > policy.jitterMs || (house.errorMs ?? Infinity) > policy.errorMs;
  if (!isRough || open.roughLeft === 0) return policy.regularMs;
  open.roughLeft -= 1;
  return canSpend(open.emptyAt, now, policy.reservedMessages) ? policy.burstMs : policy.roughMs;
}
