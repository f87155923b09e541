import { expect } from 'vitest';
import type { Tick } from '../../src/protocol.ts';
import type { TestSocket } from './client.ts';
import type { ClockProcess } from './clock-process.ts';
import { until } from './until.ts';

/** The metrics that count the instants a process skips. */
const skipCounters = ['clock_beats_missed_total', 'clock_tasks_expired_total', 'clock_ticks_expired_total'];

interface Source {
  everyMs: number;
  /** The processes that produce and deliver the ticks. */
  from: readonly ClockProcess[];
}

/**
 * Reads the ticks of a socket and checks that each instant comes once and in order. An instant may be missing only if a
 * process has counted it as skipped since `start`.
 */
export class TickSequence {
  readonly #socket: TestSocket;
  readonly #everyMs: number;
  readonly #skipped: () => Promise<number>;
  #last: Tick | undefined;
  #missing = 0;

  private constructor(socket: TestSocket, everyMs: number, skipped: () => Promise<number>) {
    this.#socket = socket;
    this.#everyMs = everyMs;
    this.#skipped = skipped;
  }

  /** Takes the baseline of the skip counters. The sequence begins with the first tick that arrives after it. */
  static async start(socket: TestSocket, { everyMs, from }: Source): Promise<TickSequence> {
    const skipped = await countSkipped(from);
    socket.frames.length = 0;
    return new TickSequence(socket, everyMs, skipped);
  }

  /** Reads on until `intervals` have passed since the last tick. Returns the new last tick. */
  async advance(intervals: number): Promise<Tick> {
    const { at } = this.#last ?? (await this.#read());
    return this.advanceTo(at + intervals * this.#everyMs);
  }

  /** Reads on until a tick of the instant `at` or later. Returns it. */
  async advanceTo(at: number): Promise<Tick> {
    let last = this.#last ?? (await this.#read());
    while (last.at < at) last = await this.#read();
    return last;
  }

  async #read(): Promise<Tick> {
    const tick = await this.#socket.nextTick();
    expectOnGrid(tick, this.#everyMs);
    if (this.#last !== undefined) {
      expectLater(tick, this.#last);
      await this.#expectCounted((tick.at - this.#last.at) / this.#everyMs - 1);
    }
    this.#last = tick;
    return tick;
  }

  /** Checks at once, since a process that is about to stop takes its counters with it. */
  async #expectCounted(missing: number): Promise<void> {
    if (missing === 0) return;
    const total = (this.#missing += missing);
    await until(async () => (await this.#skipped()) >= total, `${total} missing ticks are counted as skipped`);
  }
}

/** Checks a sequence of this length that begins now. Returns its last tick. */
export async function expectEveryTick(socket: TestSocket, intervals: number, source: Source): Promise<Tick> {
  return (await TickSequence.start(socket, source)).advance(intervals);
}

function expectOnGrid(tick: Tick, everyMs: number): void {
  expect(tick.at % everyMs).toBe(0);
}

function expectLater(tick: Tick, last: Tick): void {
  expect(tick.at).toBeGreaterThan(last.at);
  expect(tick.seq).toBeGreaterThan(last.seq);
}

/**
 * Returns a function that counts the instants that these processes have skipped since this call, on all channels. The
 * last count that was read of a process remains after its end.
 */
export async function countSkipped(processes: readonly ClockProcess[]): Promise<() => Promise<number>> {
  const counters = await Promise.all(
    processes.map(async (process) => {
      const baseline = await skippedSinceStart(process).catch(() => 0);
      return { process, baseline, latest: baseline };
    }),
  );
  return async () => {
    for (const counter of counters) {
      counter.latest = await skippedSinceStart(counter.process).catch(() => counter.latest);
    }
    return sum(counters.map(({ baseline, latest }) => latest - baseline));
  };
}

/** Rejects for a process that has ended. */
async function skippedSinceStart(process: ClockProcess): Promise<number> {
  const counts = await Promise.all(skipCounters.map((name) => process.metric(name)));
  return sum(counts.filter(Number.isFinite));
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
