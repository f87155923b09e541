import { type Arrival, delayAt } from '../load/arrivals.ts';
import { LoadClient } from '../load/load-client.ts';
import { median, usageOf } from '../usage.ts';
import { passes, until } from '../../test/support/until.ts';
import { messageAt, type RunningPeer } from './peer.ts';

export interface Figures {
  /** CPU of the server over the messages that its sockets received. */
  cpuUsPerMessage: number;
  /** Growth of resident memory, of a server that has had sockets before. */
  kibPerSocket: number;
  cpuMsPer1000Handshakes: number;
  /** The time from the instant of a message to its arrival at the last socket, median over the messages. */
  lastMs: number;
  /** The delay that 99 % of the receptions do not exceed. */
  p99Ms: number;
  /** The share of the messages due that had not arrived when none of them arrived for 15 s. */
  missing: number;
}

export interface Size {
  sockets: number;
  seconds: number;
}

const intervalMs = 500;
const settlingMs = 1_500;
/** When nothing arrives for this long, the rest never will: the article's system drops messages after 10 s. */
const endedAfterMs = 15_000;
/** These handshakes compile the server's code before others are measured. */
const warmUpSockets = 500;

/** Opens the sockets and measures for some seconds. Rejects if that does not succeed within `limitMs`. */
export async function measure(peer: RunningPeer, size: Size, limitMs: number): Promise<Figures> {
  const load = new LoadClient();
  const feed = setInterval(() => {
    peer.publish?.(messageAt(now())).catch(() => {});
  }, intervalMs);
  const { promise: tooSlow, reject } = Promise.withResolvers<never>();
  const limit = setTimeout(() => reject(new Error(`no result within ${limitMs / 1_000} s`)), limitMs);
  try {
    return await Promise.race([measureWith(load, peer, size), tooSlow]);
  } finally {
    clearTimeout(limit);
    clearInterval(feed);
    load.stop();
  }
}

async function measureWith(load: LoadClient, peer: RunningPeer, size: Size): Promise<Figures> {
  const { target, pids } = peer;
  const residentKiB = (): number => pids.reduce((sum, pid) => sum + usageOf(pid).residentKiB, 0);
  const cpuMs = (): number => pids.reduce((sum, pid) => sum + usageOf(pid).cpuUs / 1_000, 0);
  await load.open(target, Math.min(warmUpSockets, size.sockets));
  await load.close();
  await passes(settlingMs);
  const idle = residentKiB();

  const beforeOpening = cpuMs();
  await load.open(target, size.sockets);
  const opening = cpuMs() - beforeOpening;
  const { arrivals: whileOpening } = await load.report();
  await peer.startSchedule?.();
  await passes(settlingMs);

  await load.reset();
  const [startAt, start] = [now(), cpuMs()];
  await passes(size.seconds * 1_000);
  const [endAt, end] = [now(), cpuMs()];
  const { arrivals, size: open } = await load.report();
  if (open < size.sockets) throw new Error(`the server closed ${size.sockets - open} sockets`);
  const resident = residentKiB();
  // A message of which nothing arrived is missing as well.
  const least = Math.floor((endAt - startAt) / intervalMs);
  const expectedOf = (messages: readonly Arrival[]): number => Math.max(least, messages.length) * size.sockets;
  const due = await arrivalsDue(load, startAt, endAt, expectedOf);
  if (due.length === 0) throw new Error('no message arrived');

  const cpuMsPerMessage = (end - start) / total(arrivals.messages);
  return {
    cpuUsPerMessage: 1_000 * cpuMsPerMessage,
    kibPerSocket: (resident - idle) / size.sockets,
    // Messages are delivered during the handshakes, too.
    cpuMsPer1000Handshakes: ((opening - total(whileOpening.messages) * cpuMsPerMessage) / size.sockets) * 1_000,
    lastMs: median(due.map(({ at, lastMs }) => lastMs - at)),
    p99Ms: delayAt(0.99, arrivals.delays),
    missing: 1 - total(due) / expectedOf(due),
  };
}

/** The messages of a period that arrived, once as much of them as expected did, or nothing more for a while. */
async function arrivalsDue(
  load: LoadClient,
  startAt: number,
  endAt: number,
  expectedOf: (messages: readonly Arrival[]) => number,
) {
  let [before, grewAt] = [0, now()];
  return until(
    async () => {
      const { arrivals } = await load.report();
      const due = arrivals.messages.filter(({ at }) => at >= startAt && at < endAt);
      const count = total(due);
      if (count > before) [before, grewAt] = [count, now()];
      return count >= expectedOf(due) || now() - grewAt > endedAfterMs ? due : null;
    },
    'the messages arrive',
    120_000,
    250,
  );
}

function total(messages: readonly { sockets: number }[]): number {
  return messages.reduce((sum, { sockets }) => sum + sockets, 0);
}

function now(): number {
  return Math.floor(performance.timeOrigin + performance.now());
}
