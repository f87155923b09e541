import { describe, expect, test } from 'vitest';
import { Unavailable } from '../../src/backend/backend.ts';
import { Jwt } from '../../src/auth/jwt.ts';
import type { Session } from '../../src/auth/session.ts';
import { Sessions } from '../../src/auth/sessions.ts';
import { Tokens } from '../../src/auth/tokens.ts';
import type { HouseTime } from '../../src/time/house-time.ts';
import { MemoryRecords } from '../support/memory-records.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** Two processes over the same records, at a time of the test's own. */
function world() {
  const time: HouseTime & { ms: number } = { ms: Date.UTC(2026, 10, 25), now: () => time.ms, errorMs: 0, offsetMs: 0 };
  const now = time.now;
  const records = new MemoryRecords(now);
  const jwt = new Jwt(() => ['a secret of these tests that has more than 32 bytes'], now);
  const here = new Sessions({ records, time, jwt });
  const there = new Sessions({ records, time, jwt });
  const ended: string[] = [];
  there.onEnded((jti) => ended.push(jti));
  return { time, records, jwt, here, there, ended, tokens: new Tokens({ records, time, jwt, sessions: here }) };
}

async function read(sessions: Sessions, { kind, credential }: Session): Promise<Session> {
  const session = await sessions.verify(kind, credential);
  if (session === null) throw new Error('the credential is none');
  return session;
}

describe('a session', () => {
  test('is read from its credential in any process, as one object in each', async () => {
    const { here, there } = world();
    const opened = await here.open('ana');
    expect(await read(here, opened)).toBe(opened);
    const [first, second] = await Promise.all([read(there, opened), read(there, opened)]);
    expect(first).toMatchObject({ jti: opened.jti, account: 'ana', kind: 'session' });
    expect(second).toBe(first);
  });

  test('is nothing that a token is, nor what somebody made up', async () => {
    const { here } = world();
    const { credential } = await here.open('ana');
    expect(await here.verify('token', credential)).toBeNull();
    expect(await here.verify('session', `${credential.slice(0, -2)}xx`)).toBeNull();
  });

  test('stands while its record does, and is asked about once a minute at most', async () => {
    const { here, there, records, time } = world();
    const session = await read(there, await here.open('ana'));
    for (const waitMs of [0, 30_000, 29_000]) {
      time.ms += waitMs;
      expect(await there.isValid(session)).toBe(true);
    }
    expect(records.reads).toBe(1);
    time.ms += 2_000;
    expect(await there.isValid(session)).toBe(true);
    expect(records.reads).toBe(2);
  });

  test('does not stand without a record', async () => {
    const { here, there, records } = world();
    const opened = await here.open('ana');
    const session = await read(there, opened);
    await records.delete('session', opened.recordId);
    expect(await there.isValid(session)).toBe(false);
  });

  test('ends 14 days after its last use', async () => {
    const { here, there, time } = world();
    const session = await read(there, await here.open('ana'));
    time.ms += 14 * dayMs - 1;
    expect(await there.isValid(session)).toBe(true);
    time.ms += 14 * dayMs;
    expect(await there.isValid(session)).toBe(false);
  });

  test('is renewed by its use, once a day at most', async () => {
    const { here, records, time } = world();
    const session = await here.open('ana');
    for (const [passed, updates] of [
      [10 * hourMs, 0],
      [13 * hourMs, 0],
      [2 * hourMs, 1],
      [hourMs, 1],
      [23 * hourMs, 2],
    ] as const) {
      time.ms += passed;
      expect(await here.isValid(session)).toBe(true);
      expect(records.updates).toBe(updates);
    }
  });

  test('is not renewed beyond the 90 days of its credential', async () => {
    const { here, time } = world();
    const session = await here.open('ana');
    const opened = time.ms;
    for (let days = 1; days < 90; days += 1) {
      time.ms = opened + days * dayMs;
      expect(await here.isValid(session)).toBe(true);
      expect(session.expiresAt).toBeLessThanOrEqual(opened + 90 * dayMs);
    }
    time.ms = opened + 90 * dayMs;
    expect(await here.isValid(session)).toBe(false);
    expect(await here.verify('session', session.credential)).toBeNull();
  });

  test('is believed for a minute after its use, and no longer, while nobody can be asked', async () => {
    const { here, there, records, time } = world();
    const session = await read(there, await here.open('ana'));
    expect(there.wasUsedRecently(session)).toBe(false);
    await there.isValid(session);
    records.isAway = true;
    time.ms += 59_000;
    expect(there.wasUsedRecently(session)).toBe(true);
    time.ms += 2_000;
    expect(there.wasUsedRecently(session)).toBe(false);
    await expect(there.isValid(session)).rejects.toThrow(Unavailable);
    records.isAway = false;
    expect(await there.isValid(session)).toBe(true);
  });
});

describe('what ends', () => {
  test('is told to every process, and does not stand there any more', async () => {
    const { here, there, ended } = world();
    const opened = await here.open('ana');
    const session = await read(there, opened);
    await there.isValid(session);
    await here.end('session', [opened]);
    expect(ended).toEqual([opened.jti]);
    expect(session.hasEnded).toBe(true);
    expect(await there.isValid(await read(there, opened))).toBe(false);
  });

  test('is not revived by an answer that was under way', async () => {
    const { here, there, records } = world();
    const opened = await here.open('ana');
    const session = await read(there, opened);
    const release = records.hold();
    const stands = there.isValid(session);
    await here.end('session', [opened]);
    release();
    expect(await stands).toBe(false);
  });

  test('is asked about again when something may have been missed', async () => {
    const { here, there, records, ended } = world();
    const opened = await here.open('ana');
    const session = await read(there, opened);
    expect(await there.isValid(session)).toBe(true);
    await records.delete('session', opened.recordId);
    expect(await there.isValid(session)).toBe(true);
    records.reportGap();
    expect(await there.isValid(session)).toBe(false);
    expect(ended).toEqual([opened.jti]);
  });

  test('with an account are its sessions and tokens, but for the one that is kept, and nobody else’s', async () => {
    const { here, there, tokens, ended } = world();
    const [kept, other, near] = [await here.open('ana'), await here.open('ana'), await here.open('ana2')];
    const token = await tokens.issue('ana', hourMs, 'wall');
    const theirs = await tokens.issue('ana2', hourMs, 'lobby');
    await here.endAllOf('ana', kept);
    expect(ended.toSorted()).toEqual([other.jti, token?.id].toSorted());
    expect(await there.isValid(await read(there, kept))).toBe(true);
    expect(await there.isValid(await read(there, near))).toBe(true);
    const lobby = await there.verify('token', theirs?.text ?? '');
    expect(lobby !== null && (await there.isValid(lobby))).toBe(true);
  });
});

describe('a token', () => {
  test('stands until its time is over, and its use does not renew it', async () => {
    const { there, tokens, time, records } = world();
    const issued = await tokens.issue('ana', 30 * dayMs, 'wall');
    const session = await there.verify('token', issued?.text ?? '');
    if (session === null) throw new Error('no token');
    for (let days = 1; days < 30; days += 1) {
      time.ms += dayMs;
      expect(await there.isValid(session)).toBe(true);
    }
    expect(records.updates).toBe(0);
    time.ms += dayMs;
    expect(await there.isValid(session)).toBe(false);
  });

  test('does not stand on the record of another that took its label', async () => {
    const { there, tokens } = world();
    const first = await tokens.issue('ana', hourMs, 'wall');
    expect(await tokens.issue('bob', hourMs, 'wall')).toBeNull();
    await tokens.revoke('wall');
    await tokens.issue('bob', hourMs, 'wall');
    const session = await there.verify('token', first?.text ?? '');
    expect(session !== null && (await there.isValid(session))).toBe(false);
  });

  test('is revoked by its id or its label, once', async () => {
    const { tokens } = world();
    const issued = await tokens.issue('ana', hourMs, 'wall');
    expect(await tokens.revoke('nothing')).toBe(false);
    expect(await tokens.revoke(issued?.id ?? '')).toBe(true);
    expect(await tokens.revoke('wall')).toBe(false);
  });
});
