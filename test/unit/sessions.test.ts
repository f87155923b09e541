import { describe, expect, test } from 'vitest';
import { Accounts } from '../../src/auth/accounts.ts';
import { Jwt } from '../../src/auth/jwt.ts';
import type { Passwords } from '../../src/auth/passwords.ts';
import type { OpenedSession, Session } from '../../src/auth/session.ts';
import { Sessions } from '../../src/auth/sessions.ts';
import { Tokens } from '../../src/auth/tokens.ts';
import { Unavailable } from '../../src/backend/backend.ts';
import type { HouseTime } from '../../src/time/house-time.ts';
import { withAlteredSignature } from '../support/altered-signature.ts';
import { MemoryRecords } from '../support/memory-records.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** Passwords without scrypt. */
const plainPasswords: Pick<Passwords, 'hash' | 'verify'> = {
  hash: async (password) => password,
  verify: async (password, hash) => password === hash,
};

/** Two processes over the same records, with a clock that the test sets, and the accounts ana and ana2. */
async function twoProcesses() {
  const time: HouseTime & { ms: number } = { ms: Date.UTC(2026, 10, 25), now: () => time.ms, errorMs: 0, offsetMs: 0 };
  const records = new MemoryRecords(time.now);
  const jwt = new Jwt(() => ['a secret of these tests that has more than 32 bytes'], time.now);
  const [here, there] = [new Sessions({ records, time, jwt }), new Sessions({ records, time, jwt })];
  const accounts = new Accounts({ records, time, passwords: plainPasswords as Passwords, sessions: here });
  const tokens = new Tokens({ records, time, jwt, sessions: here });
  const ended: string[] = [];
  there.onEnded((jti) => ended.push(jti));
  for (const name of ['ana', 'ana2']) await accounts.add(name, `password of ${name}`, false);

  const accountOf = async (name: string) => {
    const account = await accounts.get(name);
    if (account === null) throw new Error(`no account ${name}`);
    return account;
  };
  const open = async (name = 'ana') => here.open(name, await accountOf(name));
  const issue = async (name: string, lifetimeMs: number, label: string) =>
    tokens.issue(name, await accountOf(name), lifetimeMs, label);
  return { time, records, here, there, ended, accounts, accountOf, tokens, open, issue };
}

async function verified(sessions: Sessions, { kind, credential }: Pick<OpenedSession, 'kind' | 'credential'>) {
  const session = sessions.credentials.verify(kind, credential);
  if (session === null) throw new Error('the credential is not valid');
  return session;
}

async function verifiedToken(sessions: Sessions, token: { text: string } | null) {
  return verified(sessions, { kind: 'token', credential: token?.text ?? '' });
}

describe('a session', () => {
  test('is verified in every process, as one object in each', async () => {
    const { here, there, open } = await twoProcesses();
    const opened = await open();
    expect(await verified(here, opened)).toBe(opened);
    const [first, second] = await Promise.all([verified(there, opened), verified(there, opened)]);
    expect(first).toMatchObject({ jti: opened.jti, account: 'ana', kind: 'session' });
    expect(second).toBe(first);
  });

  test('is one object although its credential is written differently', async () => {
    const { there, open } = await twoProcesses();
    const opened = await open();
    // The last character of 32 bytes in base64url has two unused bits.
    const last = opened.credential.at(-1) ?? '';
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const variant = opened.credential.slice(0, -1) + alphabet.charAt(alphabet.indexOf(last) ^ 1);
    const session = await verified(there, opened);
    expect(there.credentials.verify('session', variant)).toBe(session);
  });

  test('is not verified as a token, nor with a changed signature', async () => {
    const { here, open } = await twoProcesses();
    const { credential } = await open();
    expect(here.credentials.verify('token', credential)).toBeNull();
    expect(here.credentials.verify('session', withAlteredSignature(credential))).toBeNull();
  });

  test('is valid while its record exists, which is read at most once a minute', async () => {
    const { there, records, time, open } = await twoProcesses();
    const session = await verified(there, await open());
    for (const waitMs of [0, 30_000, 29_000]) {
      time.ms += waitMs;
      expect(await there.isValid(session)).toBe(true);
    }
    expect(records.reads.get('session')).toBe(1);
    time.ms += 2_000;
    expect(await there.isValid(session)).toBe(true);
    expect(records.reads.get('session')).toBe(2);
  });

  test('shares one read with the other sessions of the same turn', async () => {
    const { there, records, open } = await twoProcesses();
    const opened = await Promise.all([open(), open('ana2'), open()]);
    const [missing] = opened;
    await records.delete('session', missing?.recordId ?? '');
    const sessions = await Promise.all(opened.map((each) => verified(there, each)));
    const twice = [...sessions, ...sessions];
    const valid = await Promise.all(twice.map((session) => there.isValid(session)));
    expect(valid).toEqual([false, true, true, false, true, true]);
    expect(records.reads.get('session')).toBe(1);
    expect(records.reads.get('account')).toBe(1);
  });

  test('is not valid without a record', async () => {
    const { there, records, open } = await twoProcesses();
    const opened = await open();
    const session = await verified(there, opened);
    await records.delete('session', opened.recordId);
    expect(await there.isValid(session)).toBe(false);
  });

  test('ends 14 days after its last use', async () => {
    const { there, time, open } = await twoProcesses();
    const session = await verified(there, await open());
    time.ms += 14 * dayMs - 1;
    expect(await there.isValid(session)).toBe(true);
    time.ms += 14 * dayMs;
    expect(await there.isValid(session)).toBe(false);
  });

  test('is renewed when it is used, at most once a day', async () => {
    const { here, records, time, open } = await twoProcesses();
    const session = await open();
    for (const [passedMs, updates] of [
      [10 * hourMs, 0],
      [13 * hourMs, 0],
      [2 * hourMs, 1],
      [hourMs, 1],
      [23 * hourMs, 2],
    ] as const) {
      time.ms += passedMs;
      expect(await here.isValid(session)).toBe(true);
      expect(records.updates).toBe(updates);
    }
  });

  test('is not renewed beyond the 90 days of its credential', async () => {
    const { here, time, open } = await twoProcesses();
    const session = await open();
    const opened = time.ms;
    for (let days = 1; days < 90; days += 1) {
      time.ms = opened + days * dayMs;
      expect(await here.isValid(session)).toBe(true);
      expect(session.expiresAt).toBeLessThanOrEqual(opened + 90 * dayMs);
    }
    time.ms = opened + 90 * dayMs;
    expect(await here.isValid(session)).toBe(false);
    expect(here.credentials.verify('session', session.credential)).toBeNull();
  });

  test('counts as recently used for a minute, while its record cannot be read', async () => {
    const { there, records, time, open } = await twoProcesses();
    const session = await verified(there, await open());
    expect(there.wasUsedRecently(session)).toBe(false);
    expect(await there.isValid(session)).toBe(true);
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

describe('an ended session', () => {
  test('is reported to every process and is not valid in any', async () => {
    const { here, there, ended, open } = await twoProcesses();
    const opened = await open();
    const session = await verified(there, opened);
    await there.isValid(session);
    await here.end('session', [opened]);
    expect(ended).toEqual([opened.jti]);
    expect(session.hasEnded).toBe(true);
    expect(await there.isValid(await verified(there, opened))).toBe(false);
  });

  test('is not revived by its open socket, although that is still closing', async () => {
    const { here, there, open } = await twoProcesses();
    const opened = await open();
    const session = await verified(there, opened);
    there.openSessions = { openSession: () => session, sessions: () => [session] };
    await there.isValid(session);
    await here.end('session', [opened]);
    expect(await there.isValid(await verified(there, opened))).toBe(false);
    expect(there.wasUsedRecently(session)).toBe(false);
  });

  test.each([
    ['by itself', async ({ here }: World, opened: Session) => here.end('session', [opened])],
    ['with its account', async ({ accounts }: World) => accounts.disable('ana')],
  ])('%s is not revived by an answer that was in flight', async (_, end) => {
    const world = await twoProcesses();
    const opened = await world.open();
    const session = await verified(world.there, opened);
    const release = world.records.hold();
    const isValid = world.there.isValid(session);
    await end(world, opened);
    release();
    expect(await isValid).toBe(false);
  });

  test('is found by reading again after messages may have been lost', async () => {
    const { there, records, ended, open } = await twoProcesses();
    const opened = await open();
    const session = await verified(there, opened);
    expect(await there.isValid(session)).toBe(true);
    await records.delete('session', opened.recordId);
    expect(await there.isValid(session)).toBe(true);
    records.reportGap();
    expect(await there.isValid(session)).toBe(false);
    expect(ended).toEqual([opened.jti]);
  });

  test('does not make the check of 20,000 others start again', async () => {
    const { here, there, records, open } = await twoProcesses();
    const template = await open();
    const record = { ...(await records.get<object>('session', template.recordId)) };
    const all: Session[] = [];
    for (let n = 0; n < 20_000; n += 1) {
      const [jti, recordId] = [`jti${n}`, `ana/jti${n}`];
      all.push({ ...template, jti, recordId, credential: `credential ${n}` });
      await records.create('session', recordId, { ...record, jti });
    }
    // One sign-out during each read: the first session of the chunk that is being read, and the last of all.
    let reads = 0;
    const signedOut = new Set<Session>();
    records.onRead = () => {
      for (const index of [reads * 250, all.length - 1 - reads]) {
        const session = all[index] as Session;
        signedOut.add(session);
        void here.end('session', [session]);
      }
      reads += 1;
    };
    const valid = await there.revalidate(all);
    expect(reads).toBe(80);
    expect(records.reads.get('session')).toBe(40);
    expect(valid.size).toBe(all.length - signedOut.size);
    expect([...signedOut].filter((session) => valid.has(session))).toEqual([]);
  });
});

type World = Awaited<ReturnType<typeof twoProcesses>>;

describe.each<[string, (accounts: Accounts, exempt: Session) => Promise<boolean>, keeps: boolean]>([
  ['disable', (accounts) => accounts.disable('ana'), false],
  ['remove', (accounts) => accounts.remove('ana'), false],
  ['setPassword', (accounts) => accounts.setPassword('ana', 'another password'), false],
  ['setPassword with an exempt session', (accounts, exempt) => accounts.setPassword('ana', 'x', exempt), true],
])('Accounts.%s', (_, act, keeps) => {
  test('ends all sessions and tokens of the account, and no others', async () => {
    const { there, accounts, open, issue, ended, tokens } = await twoProcesses();
    const [exempt, other, near] = [await open(), await open(), await open('ana2')];
    const [token, theirs] = [await issue('ana', hourMs, 'wall'), await issue('ana2', hourMs, 'lobby')];
    const seen = [exempt, other, near].map((session) => verified(there, session));
    const programs = [token, theirs].map((issued) => verifiedToken(there, issued));
    const all = await Promise.all([...seen, ...programs]);
    expect(await act(accounts, exempt)).toBe(true);
    expect(ended.toSorted()).toEqual([...(keeps ? [] : [exempt.jti]), other.jti, token?.id].toSorted());
    expect(await Promise.all(all.map((session) => there.isValid(session)))).toEqual([keeps, false, true, false, true]);
    expect((await tokens.list()).map(({ label }) => label)).toEqual(['lobby']);
    expect(await issue('ana2', hourMs, 'wall')).not.toBeNull();
  });

  test('costs one write and lists nothing, whatever the number of sessions', async () => {
    const { accounts, records, open } = await twoProcesses();
    const [exempt] = [await open(), await open(), await open()];
    records.list = () => Promise.reject(new Error('nothing is listed'));
    records.writesLeft = 1;
    expect(await act(accounts, exempt)).toBe(true);
    expect(records.writesLeft).toBe(0);
  });

  test('changes nothing if the backend fails first', async () => {
    const { there, accounts, accountOf, records, open } = await twoProcesses();
    const [exempt, other] = [await open(), await open()];
    const before = await accountOf('ana');
    records.writesLeft = 0;
    await expect(act(accounts, exempt)).rejects.toThrow(Unavailable);
    expect(await accountOf('ana')).toEqual(before);
    expect(await there.isValid(await verified(there, other))).toBe(true);
  });

  test('is complete if the backend fails right after it, and its message is lost', async () => {
    const { there, accounts, records, open } = await twoProcesses();
    const [exempt, other] = [await open(), await open()];
    const session = await verified(there, other);
    expect(await there.isValid(session)).toBe(true);
    records.writesLeft = 1;
    records.publish = async () => {};
    await act(accounts, exempt).catch(() => {});
    records.reportGap();
    expect(await there.isValid(session)).toBe(false);
  });

  test('invalidates a sign-in or a token that began before it', async () => {
    const { there, accounts, accountOf, tokens, here, open } = await twoProcesses();
    const exempt = await open();
    const checked = await accountOf('ana');
    await act(accounts, exempt);
    expect(await accounts.signIn(checked)).toBeNull();
    expect(await accounts.canStillSignIn(checked)).toBe(false);
    const late = await here.open('ana', checked);
    const token = await tokens.issue('ana', checked, hourMs, 'late');
    expect(await there.isValid(await verified(there, late))).toBe(false);
    expect(await there.isValid(await verifiedToken(there, token))).toBe(false);
  });
});

describe('Accounts', () => {
  test('let an account in again after it was enabled, but no earlier session', async () => {
    const { there, accounts, open } = await twoProcesses();
    const before = await open();
    await accounts.disable('ana');
    expect(await accounts.check('ana', 'password of ana')).toBeNull();
    await accounts.enable('ana');
    expect(await there.isValid(await verified(there, before))).toBe(false);
    expect(await there.isValid(await verified(there, await open()))).toBe(true);
  });

  test.each(['ANA', ' ana\n', '\uff41na'])('find ana by the name %j at sign-in', async (name) => {
    const { accounts } = await twoProcesses();
    expect(await accounts.check(name, 'password of ana')).toMatchObject({ name: 'ana' });
  });

  test('end an exempt session with the next new password', async () => {
    const { there, accounts, open } = await twoProcesses();
    const exempt = await open();
    await accounts.setPassword('ana', 'another password', exempt);
    await accounts.setPassword('ana', 'a third password');
    expect(await there.isValid(await verified(there, exempt))).toBe(false);
  });

  test('do not revive a session when an account of the same name is added again', async () => {
    const { there, accounts, open } = await twoProcesses();
    const before = await open();
    await accounts.remove('ana');
    await accounts.add('ana', 'password of ana', false);
    expect(await there.isValid(await verified(there, before))).toBe(false);
  });

  test('end the session that a sign-in replaces', async () => {
    const { there, accounts, accountOf, open, ended } = await twoProcesses();
    const before = await open();
    const after = await accounts.signIn(await accountOf('ana2'), before);
    expect(ended).toEqual([before.jti]);
    expect(after !== null && (await there.isValid(await verified(there, after)))).toBe(true);
  });
});

describe('a token', () => {
  test('is valid until it expires, and its use does not renew it', async () => {
    const { there, issue, time, records } = await twoProcesses();
    const session = await verifiedToken(there, await issue('ana', 30 * dayMs, 'wall'));
    for (let days = 1; days < 30; days += 1) {
      time.ms += dayMs;
      expect(await there.isValid(session)).toBe(true);
    }
    expect(records.updates).toBe(0);
    time.ms += dayMs;
    expect(await there.isValid(session)).toBe(false);
  });

  test('is not valid under the record of another one that took its label', async () => {
    const { there, tokens, issue } = await twoProcesses();
    const first = await issue('ana', hourMs, 'wall');
    expect(await issue('ana2', hourMs, 'wall')).toBeNull();
    await tokens.revoke('wall');
    await issue('ana2', hourMs, 'wall');
    expect(await there.isValid(await verifiedToken(there, first))).toBe(false);
  });

  test('is revoked by its id or its label, once', async () => {
    const { tokens, issue } = await twoProcesses();
    const issued = await issue('ana', hourMs, 'wall');
    expect(await tokens.revoke('nothing')).toBe(false);
    expect(await tokens.revoke(issued?.id ?? '')).toBe(true);
    expect(await tokens.revoke('wall')).toBe(false);
  });
});
