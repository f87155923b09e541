import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { RefusalLog } from '../../src/auth/sso/refusal-log.ts';
import { recordedLog } from '../support/recorded-log.ts';

describe('the log of refused sign-ins', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test('has one line per reason and second, with a count', () => {
    const { log, lines } = recordedLog();
    const refusals = new RefusalLog(log);
    for (let times = 0; times < 3; times += 1) refusals.add({ reason: 'signature' }, 'cookie');
    refusals.add({ reason: 'expired' }, 'header');
    vi.advanceTimersByTime(1_000);
    expect(lines.map(({ reason, count }) => [reason, count])).toEqual([
      ['signature', 3],
      ['expired', 1],
    ]);
  });

  test('has no timer after its end, and loses no refusal', () => {
    const { log, lines } = recordedLog();
    const refusals = new RefusalLog(log);
    refusals.add({ reason: 'signature' }, 'cookie');
    refusals.stop();
    refusals.add({ reason: 'signature' }, 'cookie');
    expect(vi.getTimerCount()).toBe(0);
    expect(lines).toHaveLength(2);
  });
});
