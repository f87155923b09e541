import { describe, expect, test } from 'vitest';
import { SessionCache } from '../../src/auth/session-cache.ts';
import type { Session } from '../../src/auth/session.ts';

const minuteMs = 60_000;

function session(jti: string): Session {
  const times = { credentialExpiresAt: Infinity, expiresAt: Infinity, recordReadAt: 0, usedAt: 0 };
  const recordId = `ana/${jti}`;
  return { kind: 'session', jti, account: 'ana', recordId, credential: `of ${jti}`, ...times, hasEnded: false };
}

function cacheOf(max: number) {
  const time = { ms: Date.UTC(2026, 10, 25), now: () => time.ms };
  return { time, cache: new SessionCache(time, max) };
}

describe('SessionCache', () => {
  test('finds a session by its credential and by its jti, until it is deleted', () => {
    const { cache } = cacheOf(2);
    const added = cache.add(session('a'));
    expect(cache.getByCredential('of a')).toBe(added);
    expect(cache.getByJti('a')).toBe(added);
    cache.delete('a');
    expect(cache.getByCredential('of a')).toBeUndefined();
    expect(cache.getByJti('a')).toBeUndefined();
  });

  test('evicts the least recently used session', () => {
    const { cache } = cacheOf(2);
    for (const jti of ['a', 'b']) cache.add(session(jti));
    cache.getByCredential('of a');
    cache.add(session('c'));
    expect([...cache.all()].map(({ jti }) => jti).toSorted()).toEqual(['a', 'c']);
    expect(cache.getByCredential('of b')).toBeUndefined();
  });

  test('drops a session that was not used for ten minutes', () => {
    const { cache, time } = cacheOf(2);
    cache.add(session('a'));
    for (let uses = 0; uses < 3; uses += 1) {
      time.ms += 9 * minuteMs;
      expect(cache.getByCredential('of a')).toBeDefined();
    }
    time.ms += 11 * minuteMs;
    expect(cache.getByCredential('of a')).toBeUndefined();
    expect(cache.getByJti('a')).toBeUndefined();
  });

  test('still finds a session with an open socket after it was evicted', () => {
    const { cache } = cacheOf(1);
    const open = cache.add(session('a'));
    cache.openSessions = { openSession: (jti) => (jti === 'a' ? open : undefined), sessions: () => [open] };
    cache.add(session('b'));
    expect(cache.getByJti('a')).toBe(open);
    expect([...cache.all()].map(({ jti }) => jti).toSorted()).toEqual(['a', 'b']);
  });
});
