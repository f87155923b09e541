import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { SharedTimer, timerDelays } from '../../src/time/shared-timer.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Shared timers that record when they are due, and the number of timers of Node.js that they have set so far. */
function recording() {
  const startedAt = performance.now();
  const due: [name: string, at: number][] = [];
  const setTimer = vi.spyOn(globalThis, 'setTimeout');
  const timer = (name: string, onDue = (): void => {}): SharedTimer =>
    new SharedTimer(() => {
      due.push([name, Math.round(performance.now() - startedAt)]);
      onDue();
    });
  return { due, timer, nodeTimers: () => setTimer.mock.calls.length };
}

describe('a shared timer', () => {
  test('is due once, at its time, whatever the order in which several are set', async () => {
    const { due, timer } = recording();
    timer('b').set(200);
    timer('a').set(100);
    timer('c').set(300);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(due).toEqual([
      ['a', 100],
      ['b', 200],
      ['c', 300],
    ]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('can be moved in both directions, cleared and set again', async () => {
    const { due, timer } = recording();
    const [later, sooner, never] = [timer('later'), timer('sooner'), timer('never')];
    later.set(100);
    sooner.set(400);
    never.set(50);
    later.set(300);
    sooner.set(200);
    never.clear();
    expect([later.isSet, never.isSet]).toEqual([true, false]);
    await vi.advanceTimersByTimeAsync(500);
    expect(later.isSet).toBe(false);
    later.set(100);
    await vi.advanceTimersByTimeAsync(500);
    expect(due).toEqual([
      ['sooner', 200],
      ['later', 300],
      ['later', 600],
    ]);
  });

  test('wakes the process once with others that are due at the same time', async () => {
    const { due, timer, nodeTimers } = recording();
    for (const name of ['a', 'b', 'c']) timer(name).set(100);
    await vi.advanceTimersByTimeAsync(200);
    expect(due.length).toBe(3);
    expect(nodeTimers()).toBe(1);
  });

  test('sets no timer when it is moved or cleared before it is the next one', async () => {
    const { due, timer, nodeTimers } = recording();
    const answer = timer('answer');
    const renewal = timer('renewal');
    // Runs after the promise that the timer resolves, like the code after a pause.
    const tick = timer('tick', () => {
      void Promise.resolve()
        .then(() => {})
        .then(() => {
          renewal.set(300);
          tick.set(200);
        });
    });
    tick.set(200);
    renewal.set(300);
    for (let passedMs = 0; passedMs < 2_000; passedMs += 200) {
      answer.set(1_000);
      await vi.advanceTimersByTimeAsync(100);
      answer.clear();
      await vi.advanceTimersByTimeAsync(100);
    }
    expect(due.map(([name]) => name)).toEqual(Array.from({ length: 10 }, () => 'tick'));
    // One for each tick, and the one that waits for the next.
    expect(nodeTimers()).toBe(11);
    tick.clear();
    renewal.clear();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('that an event moves away wakes the process at once, and not at its first time', async () => {
    const { due, timer, nodeTimers } = recording();
    const startedAt = performance.now();
    const check = timer('check');
    check.set(750);
    await vi.advanceTimersByTimeAsync(500);
    check.set(750);
    const wakes: number[] = [];
    while (due.length === 0) {
      await vi.advanceTimersToNextTimerAsync();
      wakes.push(performance.now() - startedAt);
    }
    expect(wakes).toEqual([501, 1_250]);
    expect([due, nodeTimers()]).toEqual([[['check', 1_250]], 3]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('that many events move away sets few timers', async () => {
    const { due, timer, nodeTimers } = recording();
    const check = timer('check');
    for (let passedMs = 0; passedMs < 7_500; passedMs += 10) {
      check.set(750);
      await vi.advanceTimersByTimeAsync(10);
    }
    expect(due).toEqual([]);
    expect(nodeTimers()).toBeLessThanOrEqual(40);
    check.clear();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('that throws does not keep the others from being due', async () => {
    const { due, timer } = recording();
    new SharedTimer(() => {
      throw new Error('broken');
    }).set(100);
    timer('next').set(100);
    await expect(vi.advanceTimersByTimeAsync(100)).rejects.toThrow('broken');
    await vi.advanceTimersByTimeAsync(100);
    expect(due.map(([name]) => name)).toEqual(['next']);
  });

  test('runs those that are due together in the order of their times', async () => {
    const { due, timer } = recording();
    timer('c').set(100.6);
    timer('a').set(100);
    timer('b').set(100.3);
    await vi.advanceTimersByTimeAsync(200);
    expect(due.map(([name]) => name)).toEqual(['a', 'b', 'c']);
  });

  test.each([-500, 0, 0.3, 100.4])('records no delay if Node.js is on time, set to %s ms', async (ms) => {
    const { due, timer } = recording();
    const record = vi.spyOn(timerDelays, 'record');
    timer('on time').set(ms);
    await vi.advanceTimersByTimeAsync(200);
    expect(due.length).toBe(1);
    expect(record.mock.calls).toEqual([[1]]);
    record.mockRestore();
  });

  test('may be further away than a timer of Node.js can be', async () => {
    const { due, timer, nodeTimers } = recording();
    timer('far').set(3e9);
    await vi.advanceTimersByTimeAsync(1_000);
    expect([due.length, nodeTimers()]).toEqual([0, 1]);
    await vi.advanceTimersByTimeAsync(3e9);
    expect(due).toEqual([['far', 3e9]]);
  });

  test('refuses NaN, which would keep the others from being due', async () => {
    const { due, timer } = recording();
    timer('good').set(100);
    const bad = timer('bad');
    expect(() => bad.set(Number.NaN)).toThrow(RangeError);
    expect(bad.isSet).toBe(false);
    await vi.advanceTimersByTimeAsync(200);
    expect(due).toEqual([['good', 100]]);
  });
});
