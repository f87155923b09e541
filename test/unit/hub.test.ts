import { describe, expect, test } from 'vitest';
import type { Session } from '../../src/auth/session.ts';
import { Roster } from '../../src/screens/roster.ts';
import { Hub, type Socket, type SocketState } from '../../src/web/hub.ts';

/** A hub. `open` opens a socket, and `ended` lists those that it closed, with their reasons. */
function emptyHub() {
  const hub = new Hub(() => 0, new Roster({ build: '1.0.0', time: { now: () => 0 } }));
  const ended: [name: string, reason: string][] = [];
  const open = (name: string, session: Session, recheckAt = Infinity): void => {
    const state = { session, recheckAt, topics: [], address: '127.0.0.1', connection: null } as unknown as SocketState;
    hub.add({
      getUserData: () => ({ state }),
      end: (_code: number, reason: string) => void ended.push([name, reason]),
    } as unknown as Socket);
  };
  return { hub, open, ended };
}

function sessionOf(jti: string, expiresAt: number, isShared = false): Session {
  const shared = isShared ? { application: 'school' } : undefined;
  return { kind: 'session', jti, account: 'ana', recordId: jti, expiresAt, shared } as unknown as Session;
}

describe('the hub', () => {
  test('closes nothing that is not due, and returns when the next socket is', () => {
    const { hub, open, ended } = emptyHub();
    expect(hub.endDue(0)).toBe(Infinity);
    open('late', sessionOf('late', 3_000));
    open('early', sessionOf('early', 2_000));
    expect([hub.endDue(1_999), ended]).toEqual([2_000, []]);
  });

  test('closes all sockets of a session that has expired', () => {
    const { hub, open, ended } = emptyHub();
    const session = sessionOf('one', 2_000);
    open('first', session);
    open('second', session);
    open('other', sessionOf('other', 3_000));
    expect(hub.endDue(2_000)).toBe(3_000);
    expect(ended).toEqual([
      ['first', 'session ended'],
      ['second', 'session ended'],
    ]);
  });

  test('closes each socket of a shared session when its credential must be presented again', () => {
    const { hub, open, ended } = emptyHub();
    const session = sessionOf('one', 9_000, true);
    open('first', session, 5_000);
    open('second', session, 2_000);
    expect(hub.endDue(2_000)).toBe(5_000);
    expect(ended).toEqual([['second', 'recheck']]);
  });
});
