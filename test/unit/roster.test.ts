import { describe, expect, test } from 'vitest';
import type { ScreenStatus } from '../../src/protocol.ts';
import type { CredentialKind } from '../../src/auth/jwt.ts';
import { Roster, type RosterConnection } from '../../src/screens/roster.ts';

const build = '1.2.3+abcdefg';
const live: ScreenStatus = { build, state: 'live', offsetMs: -3.14, errorMs: 4.2 };
const startedAt = Date.UTC(2026, 10, 27);

function world() {
  const clock = { ms: 0 };
  const roster = new Roster({ build, time: { now: () => startedAt + clock.ms }, monotonicNow: () => clock.ms });
  const open = (kind: CredentialKind, id: string, address = '192.0.2.7'): RosterConnection => {
    const isScreen = kind === 'screen' || kind === 'link';
    const session = { kind, jti: `jti-${id}`, account: isScreen ? '' : 'ana', recordId: isScreen ? id : `ana/${id}` };
    return roster.open(session as RosterConnection['session'], address);
  };
  let version = 0;
  /** The rows of the next report, which the backend stores. */
  const report = () => {
    const { after, rows } = roster.changes();
    expect(after).toBe(version);
    roster.confirm((version = after + 1));
    return rows;
  };
  return { clock, roster, open, report };
}

describe('a row of the roster', () => {
  test('contains the account, the address and the reported status of its socket', () => {
    const { roster, open, report } = world();
    roster.onMessage(open('screen', 'lobby'), live);
    expect(report()).toEqual({
      lobby: {
        kind: 'screen',
        id: 'lobby',
        address: '192.0.2.7',
        state: 'live',
        build,
        offsetMs: -3.1,
        errorMs: 4.2,
        since: startedAt,
        seenAt: startedAt,
        connections: 1,
      },
    });
  });

  test('of an account or a token has its jti, its account and its record', () => {
    const { open, report } = world();
    open('session', 'a');
    open('token', 'b');
    expect(Object.values(report())).toMatchObject([
      { kind: 'session', id: 'jti-a', account: 'ana', recordId: 'ana/a', state: 'connected', build: null },
      { kind: 'token', id: 'jti-b' },
    ]);
  });

  test('is one for all sockets of a paired screen, and shows the newest', () => {
    const { roster, open, report } = world();
    const first = open('screen', 'lobby', '192.0.2.1');
    const second = open('screen', 'lobby', '192.0.2.2');
    roster.onMessage(second, live);
    expect(report()).toMatchObject({ lobby: { address: '192.0.2.2', connections: 2, state: 'live' } });
    roster.close(second);
    expect(report()).toMatchObject({ lobby: { address: '192.0.2.1', connections: 1, state: 'connected' } });
    roster.close(first);
    expect(report()).toEqual({ lobby: null });
  });

  test('is one for each socket of a link, an account or a token', () => {
    const { open, report } = world();
    for (const kind of ['link', 'session', 'token'] as const) open(kind, kind);
    for (const kind of ['link', 'session', 'token'] as const) open(kind, kind);
    expect(Object.keys(report())).toHaveLength(6);
  });

  test('is reported only if it changed, in more than the jitter of its numbers', () => {
    const { roster, open, report } = world();
    const connection = open('screen', 'lobby');
    roster.onMessage(connection, live);
    report();
    roster.onMessage(connection, null);
    roster.onMessage(connection, { ...live, offsetMs: -3.9, errorMs: 4.9 });
    expect(report()).toEqual({});
    for (const changes of [{ errorMs: 9 }, { state: 'stale' }, { differs: true }, { offsetMs: null }, { build: 'x' }]) {
      roster.onMessage(connection, { ...live, ...(changes as Partial<ScreenStatus>) });
      expect(Object.keys(report())).toEqual(['lobby']);
    }
  });

  test.each([
    [99, 101],
    [249, 251],
    [251, 250],
  ])('is reported if its error goes from %i to %i ms, which makes it wrong or right', (before, after) => {
    const { roster, open, report } = world();
    const connection = open('screen', 'lobby');
    roster.onMessage(connection, { ...live, errorMs: before });
    report();
    roster.onMessage(connection, { ...live, errorMs: after });
    expect(report()).toMatchObject({ lobby: { errorMs: after } });
  });

  test('is reported once per report, however many statuses arrived', () => {
    const { roster, open, report } = world();
    const connection = open('screen', 'lobby');
    for (let n = 0; n < 1_000; n++) roster.onMessage(connection, { ...live, errorMs: n % 2 === 0 ? 5 : 50 });
    expect(report()).toMatchObject({ lobby: { errorMs: 50 } });
    expect(report()).toEqual({});
  });

  test('of a page with another build than the process is marked', () => {
    const { roster, open, report } = world();
    roster.onMessage(open('screen', 'lobby'), { ...live, build: '1.0.0' });
    expect(report()).toMatchObject({ lobby: { isOldBuild: true } });
  });

  test('is connecting if a page claims to be signed out on an open socket', () => {
    const { roster, open, report } = world();
    roster.onMessage(open('screen', 'lobby'), { ...live, state: 'signed-out' });
    expect(report()).toMatchObject({ lobby: { state: 'connecting' } });
  });

  test('is silent when a screen sent nothing for 45 s, until it sends something', () => {
    const { clock, roster, open, report } = world();
    const screen = open('screen', 'lobby');
    const page = open('session', 'ana');
    roster.onMessage(page, live);
    open('token', 'program');
    report();
    clock.ms = 45_000;
    expect(report()).toEqual({});
    clock.ms = 50_001;
    expect(report()).toMatchObject({
      lobby: { state: 'silent', seenAt: startedAt },
      [page.key]: { kind: 'session', state: 'silent' },
    });
    roster.onMessage(screen, null);
    expect(report()).toMatchObject({ lobby: { state: 'connected' } });
  });
});

describe('the reports of the roster', () => {
  test('contain changes again until they are confirmed', () => {
    const { roster, open } = world();
    open('screen', 'lobby');
    expect(Object.keys(roster.changes().rows)).toEqual(['lobby']);
    expect(Object.keys(roster.changes().rows)).toEqual(['lobby']);
    roster.confirm(1);
    expect(roster.changes()).toEqual({ after: 1, rows: {} });
  });

  test('start over when the backend lost the rows', () => {
    const { roster, open, report } = world();
    open('screen', 'lobby');
    report();
    open('screen', 'bar');
    roster.changes();
    roster.confirm(0);
    expect(roster.changes()).toMatchObject({ after: 0, rows: { lobby: {}, bar: {} } });
  });

  test('are bounded, and what is left follows', () => {
    const { open, report } = world();
    for (let n = 0; n < 4_500; n++) open('screen', `screen-${n}`);
    expect([report(), report(), report(), report()].map((rows) => Object.keys(rows).length)).toEqual([
      2_000, 2_000, 500, 0,
    ]);
  });

  test('end with the sockets: a closed roster holds nothing', () => {
    const { clock, roster, open, report } = world();
    const connections = [open('screen', 'lobby'), open('link', 'obs'), open('session', 'ana')];
    report();
    for (const connection of connections) roster.close(connection);
    expect(Object.values(report())).toEqual([null, null, null]);
    roster.close(connections[0] as RosterConnection);
    clock.ms = 60_000;
    expect(roster.takeDeparted(10).map(({ id }) => id)).toEqual(['lobby', 'obs']);
    expect([...roster.sockets(), ...roster.takeDeparted(10), ...Object.keys(report())]).toEqual([]);
  });
});

describe('departures', () => {
  test('are the screens that did not return for a minute, with the time of their last report', () => {
    const { clock, roster, open } = world();
    const lobby = open('screen', 'lobby');
    const bar = open('screen', 'bar');
    clock.ms = 1_000;
    roster.onMessage(lobby, null);
    clock.ms = 5_000;
    roster.close(lobby);
    roster.close(bar);
    open('screen', 'bar');
    clock.ms = 64_999;
    expect(roster.takeDeparted(10)).toEqual([]);
    clock.ms = 65_000;
    expect(roster.takeDeparted(10)).toEqual([{ kind: 'screen', id: 'lobby', seenAt: startedAt + 1_000 }]);
  });

  test('are taken a few at a time', () => {
    const { clock, roster, open } = world();
    for (const id of ['a', 'b', 'c']) roster.close(open('screen', id));
    clock.ms = 60_000;
    expect(roster.takeDeparted(2)).toHaveLength(2);
    expect(roster.takeDeparted(2)).toHaveLength(1);
  });
});
