import { describe, expect, test } from 'vitest';
import { SessionCache } from '../../src/auth/session-cache.ts';
import type { Session } from '../../src/auth/session.ts';

function session(jti: string): Session {
  const times = { credentialExpiresAt: Infinity, expiresAt: Infinity, recordReadAt: 0, usedAt: 0 };
  const recordId = `ana/${jti}`;
  return { kind: 'session', jti, account: 'ana', recordId, credential: `of ${jti}`, ...times, hasEnded: false };
}

describe('SessionCache', () => {
  test('finds a session by its credential and by its jti, until it is deleted', () => {
    const cache = new SessionCache(2);
    const added = cache.add(session('a'));
    expect(cache.getByCredential('of a')).toBe(added);
    expect(cache.getByJti('a')).toBe(added);
    cache.delete('a');
    expect(cache.getByCredential('of a')).toBeUndefined();
    expect(cache.getByJti('a')).toBeUndefined();
  });

  test('evicts the least recently used session', () => {
    const cache = new SessionCache(2);
    for (const jti of ['a', 'b']) cache.add(session(jti));
    cache.getByCredential('of a');
    cache.add(session('c'));
    expect([...cache.all()].map(({ jti }) => jti).toSorted()).toEqual(['a', 'c']);
    expect(cache.getByCredential('of b')).toBeUndefined();
  });

  test('still finds a session with an open socket after it was evicted', () => {
    const cache = new SessionCache(1);
    const open = cache.add(session('a'));
    cache.openSessions = { openSession: (jti) => (jti === 'a' ? open : undefined), sessions: () => [open] };
    cache.add(session('b'));
    expect(cache.getByJti('a')).toBe(open);
    expect([...cache.all()].map(({ jti }) => jti).toSorted()).toEqual(['a', 'b']);
  });
});
