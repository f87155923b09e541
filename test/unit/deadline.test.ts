import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { withDeadline } from '../../src/time/deadline.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Resolves to the reason with which the signal aborts. */
function reasonOf(signal: AbortSignal): Promise<unknown> {
  if (signal.aborted) return Promise.resolve(signal.reason);
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(signal.reason));
  });
}

describe('a deadline', () => {
  test('aborts with a TimeoutError', async () => {
    const reason = withDeadline(new AbortController().signal, 300, reasonOf);
    await vi.advanceTimersByTimeAsync(300);
    expect(await reason).toMatchObject({ name: 'TimeoutError' });
  });

  test.each(['before', 'after'])('aborts as soon as the process stops, %s the start', async (when) => {
    const stopping = new AbortController();
    if (when === 'before') stopping.abort();
    const reason = withDeadline(stopping.signal, 300, reasonOf);
    stopping.abort();
    expect(await reason).toBe(stopping.signal.reason);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('leaves no timer and no listener behind, whether the work succeeds or fails', async () => {
    const { signal } = new AbortController();
    expect(await withDeadline(signal, 300, async () => 'done')).toBe('done');
    await expect(withDeadline(signal, 300, () => Promise.reject(new Error('failed')))).rejects.toThrow('failed');
    expect(vi.getTimerCount()).toBe(0);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});
