import { closeCode } from '../../src/protocol.ts';
import { RedisCluster } from './redis-cluster.ts';
import { RedisSentinels } from './redis-sentinels.ts';
import type { RedisServer } from './redis-server.ts';
import { measureStall } from './stopwatch.ts';
import { until } from './until.ts';
import { intervalMs, WatchedInstallation } from './watched-installation.ts';

/** What clients noticed of the loss of a Redis. */
export interface FailoverResult {
  /** From the loss of the master to the moment when Redis names its replica as the master, ms. */
  promotionMs: number;
  /** The longest step between two instants that a client received, ms. */
  gapMs: number;
  /** How long the machine was too busy in that time, ms. */
  stalledMs: number;
  /** The close code of each socket that closed. */
  closeCodes: number[];
  /** What clients showed as live although it was not true. */
  falsehoods: string[];
  /** The answers of all web processes to sessions that were ended just before the loss. */
  endedStatuses: number[];
}

/** Ticks may be missing for this long beyond the time that Redis needs to promote a replica, ms. */
const maxGapMs = 3_000;
const endedSessions = 20;
/** A loss without an effect is observed for this many intervals. */
const observedIntervals = 12;

/** The promises that a loss broke; empty if it kept all of them. `mayMissTicks`: whether the loss concerns the ticks. */
export function brokenPromises(result: FailoverResult, mayMissTicks: boolean): string[] {
  const { promotionMs, gapMs, stalledMs, closeCodes, falsehoods, endedStatuses } = result;
  const allowedMs = (mayMissTicks ? promotionMs + maxGapMs : intervalMs) + stalledMs;
  const broken = falsehoods.map((what) => `a client was ${what}`);
  if (gapMs > allowedMs) broken.push(`ticks are ${gapMs} ms apart, and ${Math.round(allowedMs)} ms are allowed`);
  if (closeCodes.includes(closeCode.sessionEnded)) broken.push('a client was signed out although its session is valid');
  if (endedStatuses.some((status) => status !== 401)) broken.push(`ended sessions got ${endedStatuses.join()}`);
  return broken;
}

/** Kills the master of a group of three sentinels. */
export async function sentinelFailover(clients: number): Promise<FailoverResult> {
  const redis = await RedisSentinels.start();
  return watched(redis, clients, (installation) => failOver(installation, redis.master, () => redis.hasFailedOver()));
}

/** Kills a master and a replica of other slots, and then the master of the slot of the ticks, in a cluster of six nodes. */
export async function clusterFailover(clients: number): Promise<{ others: FailoverResult; own: FailoverResult }> {
  const redis = await RedisCluster.start(6);
  return watched(redis, clients, async (installation) => {
    const own = await redis.masterOf('time');
    const [other, another] = [0, 1, 2].filter((index) => index !== own) as [number, number];
    const lose = (index: number): Promise<FailoverResult> => {
      const replica = serverAt(redis.replicas, index);
      const isMaster = async (): Promise<boolean> => (await replica.cli('ROLE')).startsWith('master');
      return failOver(installation, serverAt(redis.masters, index), isMaster);
    };
    await serverAt(redis.replicas, another).crash();
    return { others: await lose(other), own: await lose(own) };
  });
}

// Node 22 runs this file for the bench, and has no `await using`.
async function watched<T>(
  redis: { url: string } & AsyncDisposable,
  clients: number,
  run: (installation: WatchedInstallation) => Promise<T>,
): Promise<T> {
  try {
    const installation = await WatchedInstallation.start(redis.url, clients);
    try {
      return await run(installation);
    } finally {
      await installation[Symbol.asyncDispose]();
    }
  } finally {
    await redis[Symbol.asyncDispose]();
  }
}

async function failOver(
  installation: WatchedInstallation,
  master: RedisServer,
  hasFailedOver: () => Promise<boolean>,
): Promise<FailoverResult> {
  const { clients } = installation;
  const closedBefore = clients.map(({ closeCodes }) => closeCodes.length);
  const sessions = await Promise.all(Array.from({ length: endedSessions }, () => installation.openSession()));
  const statuses = await Promise.all(sessions.map((session) => installation.statusesOf(session)));
  if (statuses.flat().some((status) => status !== 200)) throw new Error('a new session is refused');
  const stalledMs = measureStall();
  const from = Date.now() - 2 * intervalMs;
  await installation.endSessions(sessions);
  await master.crash();
  const lostAt = Date.now();
  await until(hasFailedOver, 'the replica is the master', 60_000);
  const promotedAt = Date.now();
  await installation.receivedAfter(promotedAt + observedIntervals * intervalMs);
  const ended = await Promise.all(sessions.map((session) => installation.statusesOf(session)));
  return {
    promotionMs: promotedAt - lostAt,
    gapMs: installation.longestStepMs(from),
    stalledMs: stalledMs(),
    closeCodes: clients.flatMap(({ closeCodes }, index) => closeCodes.slice(closedBefore[index])),
    falsehoods: clients.flatMap((client) => client.falsehoods.map(({ what }) => what)),
    endedStatuses: [...new Set(ended.flat())],
  };
}

function serverAt(servers: readonly RedisServer[], index: number): RedisServer {
  return servers[index] as RedisServer;
}
