import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Unavailable, type Job, type PushResult, type Ticks } from '../../src/backend/backend.ts';
import { Beat } from '../../src/beat/beat.ts';
import { silentLogger } from '../../src/logger.ts';
import type { HouseTime } from '../../src/time/house-time.ts';

const start = Date.UTC(2026, 10, 25, 12);

beforeEach(() => {
  vi.useFakeTimers({ now: start });
});

afterEach(() => {
  vi.useRealTimers();
});

/** A beat of 500 ms on a clock of its own, over ticks that a test sways. */
function beatOn(sway: { leads?: () => boolean; push?: (job: Job) => PushResult } = {}) {
  const pushed: Job[] = [];
  const shift = { ms: 0 };
  const time: HouseTime = { now: () => Date.now() + shift.ms, errorMs: 0, offsetMs: 0 };
  const ticks = {
    acquireLease: async () => ((sway.leads?.() ?? true) ? { term: 1 } : null),
    releaseLease: async () => {},
    push: async (job: Job) => {
      const result = sway.push?.(job) ?? 'pushed';
      if (result === 'pushed') pushed.push(job);
      return result;
    },
  } as unknown as Ticks;
  const tasks = [{ name: 'time', everyMs: 500 }];
  const beat = new Beat({ ticks, time, tasks, owner: 'me', log: silentLogger() });
  return { beat, pushed, shift, instants: () => pushed.map(({ at }) => at - start) };
}

describe('beat', () => {
  test('enqueues each instant of the grid, once', async () => {
    vi.setSystemTime(start + 123);
    const { beat, instants, pushed } = beatOn();
    await beat.start();
    await vi.advanceTimersByTimeAsync(1_877 + 10);
    expect(instants()).toEqual([0, 500, 1_000, 1_500, 2_000]);
    expect(pushed[0]).toEqual({ task: 'time', at: start, everyMs: 500, expiresAt: start + 500 });
    await beat.stop();
  });

  test('enqueues nothing while another leads, and the instant that is due when it does', async () => {
    let leads = false;
    const { beat, instants } = beatOn({ leads: () => leads });
    await beat.start();
    await vi.advanceTimersByTimeAsync(2_050);
    expect(instants()).toEqual([]);
    leads = true;
    await vi.advanceTimersByTimeAsync(400);
    expect(instants()).toEqual([2_000]);
    expect(beat.missed).toBe(0);
    await beat.stop();
  });

  test('tries an instant again until it has expired, then takes the newest alone and counts the others', async () => {
    let away = false;
    const { beat, instants } = beatOn({
      push: () => {
        if (away) throw new Unavailable('redis-down');
        return 'pushed';
      },
    });
    await beat.start();
    await vi.advanceTimersByTimeAsync(60);
    away = true;
    await vi.advanceTimersByTimeAsync(2_200);
    away = false;
    await vi.advanceTimersByTimeAsync(100);
    expect(instants()).toEqual([0, 2_000]);
    expect(beat.missed).toBe(3);
    await beat.stop();
  });

  test('goes on at once after the authority’s clock was stepped back', async () => {
    const { beat, instants, shift } = beatOn();
    await beat.start();
    await vi.advanceTimersByTimeAsync(60);
    shift.ms = -3_600_000;
    await vi.advanceTimersByTimeAsync(600);
    expect(instants()).toEqual([0, 500 - 3_600_000]);
    await beat.stop();
  });

  test('enqueues nothing more once it has stopped', async () => {
    const { beat, instants } = beatOn();
    await beat.start();
    await vi.advanceTimersByTimeAsync(60);
    await beat.stop();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(instants()).toEqual([0]);
    expect(beat.isLeader).toBe(false);
  });
});
