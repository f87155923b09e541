import { describe, expect, test } from 'vitest';
import { commonUnreadyReason, unreadyReason } from '../../src/probes/readiness.ts';

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

describe('commonUnreadyReason', () => {
  test.each([
    ['null while one process can serve', ['redis-down', null], false, null],
    ['the outage, if no process can serve', ['redis-down', 'redis-down'], false, 'redis-down'],
    ['starting before the first process listens', [], false, 'starting'],
    ['starting, until the first account is settled', [null, null], true, 'starting'],
    ['the outage, while it keeps the first account from being settled', ['redis-down'], true, 'redis-down'],
    ['draining while one process drains', ['draining', null], true, 'draining'],
  ] as const)('is %s', (_, reasons, isStarting, word) => {
    expect(commonUnreadyReason(reasons, isStarting)).toBe(word);
  });
});
