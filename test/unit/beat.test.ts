import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Unavailable } from '../../src/backend/backend.ts';
import type { Job, PushResult, Ticks } from '../../src/backend/ticks.ts';
import { Beat, type ScheduledTask } from '../../src/beat/beat.ts';
import { silentLogger } from '../../src/logger.ts';
import type { HouseTime } from '../../src/time/house-time.ts';

const start = Date.UTC(2026, 10, 25, 12);

beforeEach(() => {
  vi.useFakeTimers({ now: start });
});

afterEach(() => {
  vi.useRealTimers();
});

interface Setup {
  tasks?: readonly ScheduledTask[];
  /** How far each reading of house time is off, ms. */
  readingError?: () => number;
  isLeader?: () => boolean;
  push?: (job: Job) => PushResult;
}

const halfSeconds: ScheduledTask = { name: 'time', everyMs: 500, expiryMs: 500 };

/** A beat with a task every 500 ms, over ticks whose results a test chooses. */
function beatOn({ tasks = [halfSeconds], readingError = () => 0, ...results }: Setup = {}) {
  const pushed: Job[] = [];
  const shift = { ms: 0 };
  const counts = { acquireLease: 0 };
  const time: HouseTime = { now: () => Date.now() + shift.ms + readingError(), errorMs: 0, offsetMs: 0 };
  const ticks = {
    acquireLease: async () => {
      counts.acquireLease += 1;
      return (results.isLeader?.() ?? true) ? { term: 1 } : null;
    },
    releaseLease: async () => {},
    push: async (job: Job) => {
      const result = results.push?.(job) ?? 'pushed';
      if (result === 'pushed') pushed.push(job);
      return result;
    },
  } as unknown as Ticks;
  const beat = new Beat({ ticks, time, tasks, owner: 'me', log: silentLogger() });
  return { beat, pushed, shift, counts, instants: () => pushed.map(({ at }) => at - start) };
}

describe('beat', () => {
  test('enqueues each instant of the grid once', async () => {
    vi.setSystemTime(start + 123);
    const { beat, instants, pushed } = beatOn();
    await beat.start();
    await vi.advanceTimersByTimeAsync(1_877 + 10);
    expect(instants()).toEqual([0, 500, 1_000, 1_500, 2_000]);
    expect(pushed[0]).toEqual({ task: 'time', at: start, everyMs: 500, expiresAt: start + 500 });
    await beat.stop();
  });

  test('skips no instant that falls between two readings of the clock', async () => {
    // At a wake-up the first reading is just before the instant, since the timer fired early, and the second is after.
    let readings = 0;
    const readingError = (): number => (readings++ % 2 === 0 ? -0.01 : 0.01);
    const { beat, instants } = beatOn({ readingError });
    await beat.start();
    await vi.advanceTimersByTimeAsync(100 * 500 + 10);
    expect(instants().filter((at) => at >= 0)).toEqual(Array.from({ length: 101 }, (_, index) => index * 500));
    expect(beat.missed).toBe(0);
    await beat.stop();
  });

  test('skips no instant, whatever time passes between readings and however early timers fire', async () => {
    const errors = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 1, maxLength: 50 });
    await fc.assert(
      fc.asyncProperty(errors, async (errorsMs) => {
        vi.setSystemTime(start);
        let readings = 0;
        const { beat, instants } = beatOn({ readingError: () => errorsMs[readings++ % errorsMs.length] ?? 0 });
        await beat.start();
        await vi.advanceTimersByTimeAsync(20 * 500 + 10);
        await beat.stop();
        expect(instants().filter((at) => at >= 0)).toEqual(Array.from({ length: 21 }, (_, index) => index * 500));
      }),
      { numRuns: 50 },
    );
  });

  test('enqueues the date at once when it starts, although its instant has passed', async () => {
    vi.setSystemTime(start + 42_000);
    const { beat, pushed } = beatOn({ tasks: [{ name: 'date', everyMs: 60_000, expiryMs: 60_000 }] });
    await beat.start();
    await vi.advanceTimersByTimeAsync(100);
    expect(pushed).toEqual([{ task: 'date', at: start, everyMs: 60_000, expiresAt: start + 60_000 }]);
    await vi.advanceTimersByTimeAsync(18_000);
    expect(pushed.map(({ at }) => at - start)).toEqual([0, 60_000]);
    await beat.stop();
  });

  test('does not enqueue a time that is older than its expiry', async () => {
    vi.setSystemTime(start + 1_001);
    const { beat, instants } = beatOn({ tasks: [{ name: 'time', everyMs: 60_000, expiryMs: 1_000 }] });
    await beat.start();
    await vi.advanceTimersByTimeAsync(59_010);
    expect(instants()).toEqual([60_000]);
    await beat.stop();
  });

  test('enqueues nothing while another beat is the leader, then the newest due instant', async () => {
    let isLeader = false;
    const { beat, instants } = beatOn({ isLeader: () => isLeader });
    await beat.start();
    await vi.advanceTimersByTimeAsync(2_050);
    expect(instants()).toEqual([]);
    isLeader = true;
    await vi.advanceTimersByTimeAsync(400);
    expect(instants()).toEqual([2_000]);
    expect(beat.missed).toBe(0);
    await beat.stop();
  });

  test('renews the lease 300 ms after it last enqueued a job, since that renews it as well', async () => {
    const { beat, counts } = beatOn();
    await beat.start();
    await vi.advanceTimersByTimeAsync(100);
    counts.acquireLease = 0;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(counts.acquireLease).toBe(20);
    await beat.stop();
  });

  test('acquires the lease at once when a job is refused because the lease has lapsed', async () => {
    let hasLapsed = false;
    const { beat, counts, instants } = beatOn({ push: () => (hasLapsed ? 'not-leader' : 'pushed') });
    await beat.start();
    await vi.advanceTimersByTimeAsync(450);
    hasLapsed = true;
    counts.acquireLease = 0;
    await vi.advanceTimersByTimeAsync(51);
    expect(counts.acquireLease).toBe(1);
    hasLapsed = false;
    await vi.advanceTimersByTimeAsync(60);
    expect(instants()).toEqual([0, 500]);
    await beat.stop();
  });

  test.each([150, 450])('is no leader any more when the backend goes away %i ms after an instant', async (afterMs) => {
    let isDown = false;
    const failIfDown = <T>(value: T): T => {
      if (isDown) throw new Unavailable('redis-down');
      return value;
    };
    const { beat } = beatOn({ isLeader: () => failIfDown(true), push: () => failIfDown('pushed') });
    await beat.start();
    await vi.advanceTimersByTimeAsync(afterMs);
    expect(beat.isLeader).toBe(true);
    isDown = true;
    await vi.advanceTimersByTimeAsync(350);
    expect(beat.isLeader).toBe(false);
    await beat.stop();
  });

  test('tries to acquire the lease every 300 ms while another beat is the leader', async () => {
    let readings = 0;
    const { beat, counts } = beatOn({ isLeader: () => false, readingError: () => readings++ });
    await beat.start();
    await vi.advanceTimersByTimeAsync(3_050);
    expect(counts.acquireLease).toBe(11);
    expect(readings, 'looks for due instants').toBe(0);
    await beat.stop();
  });

  test('retries an instant until it expires, then enqueues only the newest and counts the others as missed', async () => {
    let isDown = false;
    const { beat, instants } = beatOn({
      push: () => {
        if (isDown) throw new Unavailable('redis-down');
        return 'pushed';
      },
    });
    await beat.start();
    await vi.advanceTimersByTimeAsync(60);
    isDown = true;
    await vi.advanceTimersByTimeAsync(2_200);
    isDown = false;
    await vi.advanceTimersByTimeAsync(100);
    expect(instants()).toEqual([0, 2_000]);
    expect(beat.missed).toBe(3);
    await beat.stop();
  });

  test('continues at once after the clock of the authority was stepped back', async () => {
    const { beat, instants, shift } = beatOn();
    await beat.start();
    await vi.advanceTimersByTimeAsync(60);
    shift.ms = -3_600_000;
    await vi.advanceTimersByTimeAsync(600);
    expect(instants()).toEqual([0, 500 - 3_600_000]);
    await beat.stop();
  });

  test('enqueues nothing after it has stopped', async () => {
    const { beat, instants } = beatOn();
    await beat.start();
    await vi.advanceTimersByTimeAsync(60);
    await beat.stop();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(instants()).toEqual([0]);
    expect(beat.isLeader).toBe(false);
  });
});
