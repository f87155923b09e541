import { describe, expect, test } from 'vitest';
import { unreadyReason } from '../../src/probes/readiness.ts';

const running = new AbortController().signal;
const stopping = AbortSignal.abort();

describe('unreadyReason', () => {
  test.each([
    ['null for a process that can serve', null, running, false, null],
    ['the outage of the backend', 'redis-down', running, false, 'redis-down'],
    ['starting, until the first account is settled', null, running, true, 'starting'],
    ['the outage, while it keeps the first account from being settled', 'redis-down', running, true, 'redis-down'],
    ['draining, whatever else is wrong', 'redis-down', stopping, true, 'draining'],
  ] as const)('is %s', (_, outage, signal, isStarting, word) => {
    expect(unreadyReason({ backend: { outage }, stopping: signal, isStarting: () => isStarting })).toBe(word);
  });
});
