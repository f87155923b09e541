import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { RestartablePause } from '../../src/time/restartable-pause.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Whether the promise has resolved. */
function observe(promise: Promise<void>): () => boolean {
  let isDone = false;
  void promise.then(() => (isDone = true));
  return () => isDone;
}

describe('a restartable pause', () => {
  test('ends its time after the last restart, and can begin again', async () => {
    const pause = new RestartablePause();
    const { signal } = new AbortController();
    const isDone = observe(pause.wait(300, signal));
    for (let n = 0; n < 5; n += 1) {
      await vi.advanceTimersByTimeAsync(200);
      pause.restart(300);
    }
    await vi.advanceTimersByTimeAsync(299);
    expect(isDone()).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(isDone()).toBe(true);
    pause.restart(300);
    expect(vi.getTimerCount()).toBe(0);
    const isDoneAgain = observe(pause.wait(300, signal));
    await vi.advanceTimersByTimeAsync(300);
    expect(isDoneAgain()).toBe(true);
  });

  test('can be restarted with another time, and ended at once', async () => {
    const pause = new RestartablePause();
    const { signal } = new AbortController();
    const isDone = observe(pause.wait(300, signal));
    pause.restart(100);
    await vi.advanceTimersByTimeAsync(99);
    expect(isDone()).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(isDone()).toBe(true);
    const isEnded = observe(pause.wait(300, signal));
    pause.end();
    await vi.advanceTimersByTimeAsync(0);
    expect(isEnded()).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('ends at once if its signal aborts, and leaves no timer', async () => {
    const pause = new RestartablePause();
    const stopping = new AbortController();
    const isDone = observe(pause.wait(300, stopping.signal));
    stopping.abort();
    await vi.advanceTimersByTimeAsync(0);
    expect(isDone()).toBe(true);
    await pause.wait(300, stopping.signal);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('that is closed ends at once, and so does each later one', async () => {
    const pause = new RestartablePause();
    const isDone = observe(pause.wait(300));
    pause.close();
    await vi.advanceTimersByTimeAsync(0);
    expect(isDone()).toBe(true);
    await pause.wait(300);
    expect(vi.getTimerCount()).toBe(0);
  });
});
