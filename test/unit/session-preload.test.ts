import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Accounts } from '../../src/auth/accounts.ts';
import { Jwt } from '../../src/auth/jwt.ts';
import type { Passwords } from '../../src/auth/passwords.ts';
import { SessionPreload } from '../../src/auth/session-preload.ts';
import type { Session } from '../../src/auth/session.ts';
import { Sessions } from '../../src/auth/sessions.ts';
import { Tokens } from '../../src/auth/tokens.ts';
import { type Outage, Unavailable } from '../../src/backend/backend.ts';
import type { HouseTime } from '../../src/time/house-time.ts';
import { Screens } from '../../src/screens/screens.ts';
import { MemoryRecords } from '../support/memory-records.ts';
import { until } from '../support/until.ts';

const dayMs = 86_400_000;

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

/** A process that opened sessions of ana, and one that starts. */
async function world(maxRecords?: number) {
  const time: HouseTime & { ms: number } = { ms: Date.UTC(2026, 10, 27), now: () => time.ms, errorMs: 0, offsetMs: 0 };
  const records = new MemoryRecords(time.now);
  const jwt = new Jwt(() => ['a secret of these tests that has more than 32 bytes'], time.now);
  const there = new Sessions({ records, time, jwt });
  const passwords = { hash: async (password: string) => password } as Passwords;
  const accounts = new Accounts({ records, time, passwords, sessions: there });
  const screens = new Screens({ records, time });
  await accounts.add('ana', 'the password of ana', false);
  const open = async () => {
    const account = await accounts.get('ana');
    return there.open('ana', account ?? { securityStamp: '' });
  };
  const state: { outage: Outage | null } = { outage: null };
  const here = new Sessions({ records, time, jwt });
  const backend = {
    records,
    time,
    get outage() {
      return state.outage;
    },
  };
  const preload = new SessionPreload(backend, maxRecords);
  here.preloaded = preload;
  const verified = ({ kind, credential }: Pick<Session, 'kind' | 'credential'>) => {
    const session = here.credentials.verify(kind, credential ?? '');
    if (session === null) throw new Error('the credential is not valid');
    return session;
  };
  const isKnownValid = (session: Pick<Session, 'kind' | 'credential'>) => here.isKnownValid(verified(session));
  /** Lets the time pass after which sessions that were opened are read, and waits for the answers. */
  const readOpened = async () => {
    await vi.advanceTimersByTimeAsync(25);
    for (let turn = 0; turn < 10; turn += 1) await setImmediate();
  };
  return {
    time,
    records,
    there,
    here,
    accounts,
    screens,
    open,
    preload,
    state,
    verified,
    isKnownValid,
    readOpened,
    jwt,
  };
}

type World = Awaited<ReturnType<typeof world>>;
/** What makes a record outdated. */
const changes: [string, (around: World, opened: Session) => Promise<unknown> | void][] = [
  ['it ends', ({ there }, opened) => there.end('session', [opened])],
  ['its account is disabled', ({ accounts }) => accounts.disable('ana')],
  ['its account becomes an operator’s', ({ accounts }) => accounts.setOperator('ana', true)],
  ['messages may be lost', ({ records }) => records.reportGap()],
];

describe('SessionPreload', () => {
  test('makes a session valid without another read, for a minute', async () => {
    const { open, preload, isKnownValid, verified, here, records, time } = await world();
    const opened = await open();
    expect(isKnownValid(opened)).toBe(false);
    await preload.start();
    const reads = new Map(records.reads);
    expect(isKnownValid(opened)).toBe(true);
    expect(records.reads).toEqual(reads);
    time.ms += 60_000;
    expect(isKnownValid(opened)).toBe(false);
    expect(await here.isValid(verified(opened))).toBe(true);
    await preload.stop();
  });

  test('covers screens and links', async () => {
    const { preload, here, screens, isKnownValid, time, records } = await world();
    await screens.takeName('screen', 'screen-1', 'Lobby');
    const { jti } = await screens.add('screen-1', { name: 'Lobby', group: 'north', face: '' }, 'ana');
    await records.update('screen', 'screen-1', (record) => ({ ...record, wasUsed: true }), 90 * dayMs);
    const link = (await screens.addLink({ name: 'Player', group: null, face: '' }, dayMs)) ?? '';
    await preload.start();
    const screen = { kind: 'screen', credential: await here.credentials.sign('screen', 'screen-1', jti) } as const;
    expect(isKnownValid(screen)).toBe(true);
    expect(here.credentials.verify('screen', screen.credential)?.group).toBe('north');
    const credential = await here.credentials.sign('link', link, link, time.ms + dayMs);
    expect(isKnownValid({ kind: 'link', credential })).toBe(true);
    await preload.stop();
  });

  test('does not cover a session whose account has a new security stamp', async () => {
    const { open, preload, accounts, isKnownValid } = await world();
    const opened = await open();
    await accounts.disable('ana');
    await preload.start();
    expect(isKnownValid(opened)).toBe(false);
    await preload.stop();
  });

  test('leaves a session whose renewal is due to a read', async () => {
    const { open, preload, isKnownValid, here, verified, records, time } = await world();
    const opened = await open();
    time.ms += dayMs;
    await preload.start();
    expect(isKnownValid(opened)).toBe(false);
    expect(await here.isValid(verified(opened))).toBe(true);
    expect(records.updates).toBe(1);
    await preload.stop();
  });

  test.each(changes)('forgets a record if %s during the read or after it', async (_, act) => {
    const after = await world();
    const first = await after.open();
    await after.preload.start();
    await act(after, first);
    expect(after.preload.take(after.verified(first))).toBeUndefined();
    await after.preload.stop();

    const during = await world();
    const second = await during.open();
    const release = during.records.hold();
    const started = during.preload.start();
    await act(during, second);
    release();
    await started;
    expect(during.preload.take(during.verified(second))).toBeUndefined();
    await during.preload.stop();
  });

  test('reads nothing during an outage, and all when it ends', async () => {
    const { open, preload, state, records, isKnownValid } = await world();
    const opened = await open();
    state.outage = 'redis-down';
    await preload.start();
    expect(isKnownValid(opened)).toBe(false);
    state.outage = null;
    records.reportGap();
    expect(await until(() => isKnownValid(opened), 'the record is read')).toBe(true);
    await preload.stop();
  });

  test('holds a limited number of records, those that were used last', async () => {
    const { records, preload, verified, open } = await world(1_000);
    const template = await open();
    const record = { ...(await records.get<object>('session', template.recordId)) };
    for (let n = 0; n < 1_010; n += 1)
      await records.create('session', `ana/${n}`, { ...record, jti: `${n}` }, dayMs + n);
    await records.delete('session', template.recordId);
    await preload.start();
    const has = (n: number) => preload.take({ ...verified(template), jti: `${n}`, recordId: `ana/${n}` }) !== undefined;
    expect([9, 10, 1_009].map(has)).toEqual([false, true, true]);
    await preload.stop();
  });

  test('forgets all records after a minute, and its timers end with it', async () => {
    const { open, preload, verified, time } = await world();
    const opened = await open();
    await preload.start();
    time.ms += 60_000;
    vi.advanceTimersByTime(60_000);
    expect(preload.take(verified(opened))).toBeUndefined();
    expect(vi.getTimerCount()).toBe(0);
    await preload.start();
    await open();
    expect(vi.getTimerCount()).toBe(2);
    await preload.stop();
    expect(vi.getTimerCount()).toBe(0);
    expect(preload.take(verified(opened))).toBeUndefined();
    await open();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('covers a session that is opened in another process later, after one read for all of them', async () => {
    const { open, preload, isKnownValid, verified, here, records, readOpened, time } = await world();
    await preload.start();
    const opened = [await open(), await open()];
    const reads = { session: records.reads.get('session') ?? 0, account: records.reads.get('account') ?? 0 };
    await readOpened();
    expect(records.reads.get('session')).toBe(reads.session + 1);
    expect(records.reads.get('account')).toBe(reads.account + 1);
    for (const session of opened) expect(isKnownValid(session)).toBe(true);
    expect(records.reads.get('session')).toBe(reads.session + 1);
    time.ms += 60_000;
    for (const session of opened) expect(isKnownValid(session)).toBe(false);
    for (const session of opened) expect(await here.isValid(verified(session))).toBe(true);
    await preload.stop();
  });

  test('covers tokens and links that are created later', async () => {
    const { preload, here, there, screens, isKnownValid, accounts, records, time, jwt, readOpened } = await world();
    await preload.start();
    const tokens = new Tokens({ records, time, jwt, sessions: there });
    const token = await tokens.issue('ana', (await accounts.get('ana')) ?? { securityStamp: '' }, dayMs, 'wall');
    const link = (await screens.addLink({ name: 'Player', group: 'north', face: '' }, dayMs)) ?? '';
    await readOpened();
    expect(isKnownValid({ kind: 'token', credential: token?.text ?? '' })).toBe(true);
    const credential = await here.credentials.sign('link', link, link, time.ms + dayMs);
    expect(isKnownValid({ kind: 'link', credential })).toBe(true);
    expect(here.credentials.verify('link', credential)?.group).toBe('north');
    await preload.stop();
  });

  test('a session and a token are created although nobody can be notified', async () => {
    const { here, there, accounts, records, time, jwt, open, verified } = await world();
    records.publish = async () => {
      throw new Unavailable('redis-down');
    };
    expect(await here.isValid(verified(await open()))).toBe(true);
    const tokens = new Tokens({ records, time, jwt, sessions: there });
    const token = await tokens.issue('ana', (await accounts.get('ana')) ?? { securityStamp: '' }, dayMs, 'wall');
    expect(await here.isValid(verified({ kind: 'token', credential: token?.text ?? '' }))).toBe(true);
  });

  test.each(changes.slice(0, 2))(
    'does not cover a session that is opened later if %s before the read',
    async (_, act) => {
      const around = await world();
      await around.preload.start();
      const opened = await around.open();
      await act(around, opened);
      await around.readOpened();
      expect(around.isKnownValid(opened)).toBe(false);
      await around.preload.stop();
    },
  );

  test.each(changes)(
    'forgets the record of a session that is opened later if %s during the read or after it',
    async (_, act) => {
      const around = await world();
      await around.preload.start();
      const during = await around.open();
      const release = around.records.hold();
      await around.readOpened();
      await act(around, during);
      release();
      await around.readOpened();
      expect(around.preload.take(around.verified(during))).toBeUndefined();
      await around.preload.stop();

      const later = await world();
      await later.preload.start();
      const after = await later.open();
      await later.readOpened();
      await act(later, after);
      expect(later.preload.take(later.verified(after))).toBeUndefined();
      await later.preload.stop();
    },
  );

  test('leaves a session that was opened under an outdated security stamp to a read', async () => {
    const { there, accounts, preload, isKnownValid, here, verified, readOpened } = await world();
    await preload.start();
    const outdated = (await accounts.get('ana')) ?? { securityStamp: '' };
    await accounts.disable('ana');
    const opened = await there.open('ana', outdated);
    await readOpened();
    expect(isKnownValid(opened)).toBe(false);
    expect(await here.isValid(verified(opened))).toBe(false);
    await preload.stop();
  });

  test('reads nothing for a session that this process knows, nor during an outage', async () => {
    const { here, open, accounts, preload, records, state, readOpened, isKnownValid } = await world();
    await preload.start();
    const reads = new Map(records.reads);
    await here.open('ana', (await accounts.get('ana')) ?? { securityStamp: '' });
    await readOpened();
    state.outage = 'redis-down';
    const opened = await open();
    await readOpened();
    state.outage = null;
    expect(records.reads).toEqual(reads);
    expect(isKnownValid(opened)).toBe(false);
    await preload.stop();
  });

  test('holds no more than its maximum of sessions that are opened later', async () => {
    const { open, preload, isKnownValid, readOpened } = await world(2);
    await preload.start();
    const opened = [await open(), await open(), await open()];
    await readOpened();
    const last = await open();
    await readOpened();
    expect([...opened, last].map(isKnownValid)).toEqual([true, true, false, false]);
    await preload.stop();
  });
});
