import { describe, expect, test } from 'vitest';
import { Jwt, readUnverified } from '../../src/auth/jwt.ts';
import { screenIdleLifetimeMs } from '../../src/auth/session-renewal.ts';
import { Sessions } from '../../src/auth/sessions.ts';
import { Tickets } from '../../src/auth/tickets.ts';
import { Screens } from '../../src/screens/screens.ts';
import { MemoryRecords } from '../support/memory-records.ts';

const dayMs = 86_400_000;
const settings = { name: 'Lobby', group: null, face: '' };

function world() {
  const time = { ms: Date.UTC(2026, 10, 27), now: () => time.ms, errorMs: 0, offsetMs: 0 };
  const records = new MemoryRecords(time.now);
  const jwt = new Jwt(() => ['a secret of these tests that has more than 32 bytes'], time.now);
  const sessions = new Sessions({ records, time, jwt });
  const tickets = new Tickets({ records, time, jwt, credentials: sessions.credentials });
  const screens = new Screens({ records, time });
  const addScreen = async () => {
    await screens.takeName('screen', 'screen-1', settings.name);
    const { jti } = await screens.add('screen-1', settings, 'ana');
    return sessions.credentials.sign('screen', 'screen-1', jti);
  };
  const addLink = async (lifetimeMs = dayMs) => {
    const id = (await screens.addLink(settings, lifetimeMs)) ?? '';
    return { id, credential: await sessions.credentials.sign('link', id, id, time.ms + lifetimeMs) };
  };
  const verified = async (kind: 'screen' | 'link' | 'session' | 'token', credential: string) => {
    const session = sessions.credentials.verify(kind, credential);
    if (session === null) throw new Error('the credential is not valid');
    return session;
  };
  return { time, records, sessions, tickets, screens, addScreen, addLink, verified };
}

describe('a screen’s session', () => {
  test('is of a kind of its own and has no expiry', async () => {
    const { sessions, addScreen, time } = world();
    const credential = await addScreen();
    for (const kind of ['session', 'token', 'link'] as const) {
      expect(sessions.credentials.verify(kind, credential)).toBeNull();
    }
    time.ms += 4_000 * dayMs;
    expect(sessions.credentials.verify('screen', credential)).toMatchObject({ kind: 'screen', recordId: 'screen-1' });
  });

  test('ends 90 days after its last use, and is renewed once a day', async () => {
    const { sessions, addScreen, verified, records, time } = world();
    const session = await verified('screen', await addScreen());
    expect(await sessions.isValid(session)).toBe(true);
    const { updates } = records;
    time.ms += dayMs / 2;
    await sessions.revalidate([session]);
    expect(records.updates).toBe(updates);
    time.ms += 89 * dayMs;
    expect(await sessions.isValid(session)).toBe(true);
    expect(records.updates).toBe(updates + 1);
    expect(session.expiresAt).toBe(time.ms + screenIdleLifetimeMs);
    time.ms += 90 * dayMs;
    expect(await sessions.isValid(session)).toBe(false);
  });

  test('is marked as used at its first use', async () => {
    const { sessions, addScreen, verified, screens } = world();
    const session = await verified('screen', await addScreen());
    expect(await screens.get('screen-1')).toMatchObject({ wasUsed: false });
    await sessions.isValid(session);
    expect(await screens.get('screen-1')).toMatchObject({ wasUsed: true });
  });

  test('outlives the account that approved it, and ends with its record', async () => {
    const { sessions, addScreen, verified, screens } = world();
    const ended: string[] = [];
    sessions.onEnded((jti) => ended.push(jti));
    const session = await verified('screen', await addScreen());
    expect(await sessions.isValid(session)).toBe(true);
    const screen = await screens.find('Lobby');
    if (screen !== null) await screens.remove(screen);
    expect(ended).toEqual([session.jti]);
    expect(await sessions.isValid(session)).toBe(false);
  });

  test('has claims that can be read even if it is forged', async () => {
    const { addScreen, time } = world();
    const credential = await addScreen();
    const [header, payload] = credential.split('.');
    expect(readUnverified(`${header}.${payload}.forged`)).toMatchObject({ kind: 'screen', issuedAt: time.ms });
    for (const text of ['', 'a.b.c', 'x'.repeat(10_000)]) expect(readUnverified(text)).toBeNull();
  });
});

describe('a link’s session', () => {
  test('ends with the link, however often it is used', async () => {
    const { sessions, addLink, verified, time } = world();
    const session = await verified('link', (await addLink(2 * dayMs)).credential);
    expect(await sessions.isValid(session)).toBe(true);
    time.ms += 2 * dayMs - 1;
    expect(await sessions.isValid(session)).toBe(true);
    time.ms += 1;
    expect(await sessions.isValid(session)).toBe(false);
  });
});

describe('a ticket', () => {
  test('opens the link that it was issued for, once', async () => {
    const { tickets, addLink, verified } = world();
    const { id, credential } = await addLink();
    const text = await tickets.issue(await verified('link', credential));
    const ticket = tickets.verify(text);
    if (ticket === null) throw new Error('the ticket is not valid');
    expect(ticket.session).toMatchObject({ kind: 'link', recordId: id, jti: id });
    const spent = await Promise.all([tickets.consume(ticket), tickets.consume(ticket)]);
    expect(spent.toSorted()).toEqual([false, true]);
  });

  test('may be used again after its handshake was refused', async () => {
    const { tickets, addLink, verified } = world();
    const ticket = tickets.verify(await tickets.issue(await verified('link', (await addLink()).credential)));
    if (ticket === null) throw new Error('the ticket is not valid');
    await tickets.consume(ticket);
    await tickets.refund(ticket);
    expect(await tickets.consume(ticket)).toBe(true);
  });

  test('lives for 30 s and stores nothing before it is used', async () => {
    const { tickets, addLink, verified, time, records } = world();
    const session = await verified('link', (await addLink()).credential);
    records.writesLeft = 0;
    const text = await tickets.issue(session);
    time.ms += 29_999;
    expect(tickets.verify(text)).not.toBeNull();
    time.ms += 1;
    expect(tickets.verify(text)).toBeNull();
  });

  test('is no credential of another kind, and no credential is a ticket', async () => {
    const { sessions, tickets, addLink, addScreen, verified } = world();
    const { credential } = await addLink();
    const text = await tickets.issue(await verified('link', credential));
    for (const kind of ['session', 'token', 'screen', 'link'] as const) {
      expect(sessions.credentials.verify(kind, text)).toBeNull();
    }
    for (const other of [credential, await addScreen(), '', 'a.b.c']) expect(tickets.verify(other)).toBeNull();
  });
});
