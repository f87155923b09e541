import { canSpend, spend } from '../message-bucket.ts';
import type { Moment } from './moment.ts';
import { liveness, syncPace, unansweredSyncs } from './policy.ts';
import type { Open, Pace } from './state.ts';
import type { Turn } from './turn.ts';

/** The pace of a socket that just opened: house time is measured at once. */
export function firstPace(now: number): Pace {
  return { nextAt: now, burstLeft: syncPace.burst.count, roughLeft: syncPace.rough.count };
}

/** Measures house time several times in a row, then again and again. */
export function measureAnew(open: Open, turn: Turn): Open {
  return sendDueSync({ ...open, pace: firstPace(turn.moment.now) }, turn);
}

/** Sends the sync that is due by the pace, if one is. */
export function sendDueSync(open: Open, turn: Turn): Open {
  const { now, random } = turn.moment;
  if (now < open.pace.nextAt) return open;
  const sent = sendSync(open, turn, syncPace.reserve);
  const { minMs, maxMs, burstLeft, roughLeft } = nextPace(sent, turn.moment);
  return { ...sent, pace: { nextAt: now + minMs + random * (maxMs - minMs), burstLeft, roughLeft } };
}

/** Asks for a sign of life, unless that was done; without an answer in time the socket is lost. */
export function probe(open: Open, turn: Turn, isExtended = false): Open {
  if (open.liveness.name === 'probed') return open;
  const { now } = turn.moment;
  const sent = sendSync(open, turn);
  // Without a message left, the socket is probed later.
  if (sent === open) return { ...open, liveness: quiet(now) };
  return { ...sent, liveness: { name: 'probed', lostAt: now + liveness.answerMs, isExtended } };
}

/** Something arrived. A probe that is under way still needs its own answer. */
export function heard(open: Open, { now }: Moment): Open {
  return open.liveness.name === 'probed' ? open : { ...open, liveness: quiet(now) };
}

export function quiet(now: number): Open['liveness'] {
  return { name: 'quiet', probeAt: now + liveness.quietMs };
}

/** Sends a sync if the message limit allows it with `reserve` messages left; else returns `open` itself. */
export function sendSync(open: Open, { moment: { now }, effects }: Turn, reserve = 0): Open {
  if (!canSpend(open.bucket, now, reserve)) return open;
  effects.push({ type: 'send-sync', echo: now });
  const unanswered = open.unanswered.length < unansweredSyncs ? open.unanswered : [];
  return { ...open, bucket: spend(open.bucket, now), unanswered: [...unanswered, now] };
}

function nextPace(
  { bucket, pace: { burstLeft, roughLeft } }: Open,
  { now, house }: Moment,
): { minMs: number; maxMs: number; burstLeft: number; roughLeft: number } {
  const { burst, rough, regular, reserve } = syncPace;
  if (burstLeft > 1) return { ...burst, burstLeft: burstLeft - 1, roughLeft };
  const isRough = house.jitterMs > rough.jitterMs || (house.errorMs ?? Infinity) > rough.errorMs;
  if (!isRough || roughLeft < 1) return { ...regular, burstLeft: 0, roughLeft };
  const { minMs, maxMs } = canSpend(bucket, now, reserve) ? burst : rough;
  return { minMs, maxMs, burstLeft: 0, roughLeft: roughLeft - 1 };
}
