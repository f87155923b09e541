import { afterEach, describe, expect, test, vi } from 'vitest';
import { runInBackground } from '../../src/background.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

describe('runInBackground', () => {
  test('throws what the work rejects with, outside the promise', async () => {
    const queued = vi.spyOn(globalThis, 'queueMicrotask').mockImplementation(() => {});
    const fault = new Error('nothing expects this');
    runInBackground(Promise.reject(fault));
    await Promise.resolve();
    expect(queued.mock.calls).toHaveLength(1);
    expect(queued.mock.calls[0]?.[0]).toThrow(fault);
  });

  test('does nothing when the work succeeds', async () => {
    const queued = vi.spyOn(globalThis, 'queueMicrotask').mockImplementation(() => {});
    runInBackground(Promise.resolve('done'));
    await Promise.resolve();
    expect(queued).not.toHaveBeenCalled();
  });
});
