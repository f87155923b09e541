import { expect } from 'vitest';
import type { Tick } from '../../src/protocol.ts';
import type { TestSocket } from './client.ts';
import type { ClockProcess } from './clock-process.ts';
import { until } from './until.ts';

/** Where a process counts the instants that it had to skip. */
const counters = ['clock_beats_missed_total', 'clock_tasks_expired_total', 'clock_ticks_expired_total'];

export interface Cadence {
  everyMs: number;
  /** The processes that the ticks come from. */
  from: readonly ClockProcess[];
}

/**
 * Reads so many instants on, and gives the tick of the last: each instant once, in order, and none left out but those
 * that a process which was held up has counted.
 */
export async function everyTick(
  socket: TestSocket,
  instants: number,
  { everyMs, from }: Cadence,
  after?: Tick,
): Promise<Tick> {
  const first = after ?? (await socket.nextTick());
  let [last, ticks] = [first, 0];
  while (last.at < first.at + instants * everyMs) {
    const tick = await socket.nextTick();
    expect(tick.at % everyMs).toBe(0);
    expect(tick.at).toBeGreaterThan(last.at);
    expect(tick.seq).toBeGreaterThan(last.seq);
    [last, ticks] = [tick, ticks + 1];
  }
  const leftOut = (last.at - first.at) / everyMs - ticks;
  if (leftOut > 0) await until(async () => (await skipped(from)) >= leftOut, `${leftOut} skipped ticks are counted`);
  return last;
}

/** The instants that those which still run had to skip so far, those of other channels too. */
export async function skipped(processes: readonly ClockProcess[]): Promise<number> {
  const counts = await Promise.all(
    processes.flatMap((one) => counters.map((name) => one.metric(name).catch(() => Number.NaN))),
  );
  return counts.filter(Number.isFinite).reduce((sum, count) => sum + count, 0);
}
