import { describe, expect, test } from 'vitest';
import { Unavailable } from '../../src/backend/backend.ts';
import type { RosterRow } from '../../src/screens/roster-row.ts';
import { RosterView } from '../../src/screens/roster-view.ts';
import { countScreens } from '../../src/screens/screen-counts.ts';
import { Screens } from '../../src/screens/screens.ts';
import { MemoryRecords } from '../support/memory-records.ts';

const startedAt = Date.UTC(2026, 10, 27);
const minuteMs = 60_000;
const dayMs = 1_440 * minuteMs;

function world() {
  const clock = { ms: 0 };
  const time = { now: () => startedAt + clock.ms, errorMs: 0, offsetMs: 0 };
  const records = new MemoryRecords(time.now);
  const screens = new Screens({ records, time });
  const processes = new Map<string, Map<string, RosterRow>>();
  const reads = { roster: 0 };
  const readRoster = async () => {
    if (records.isAway) throw new Unavailable('redis-down');
    reads.roster += 1;
    return processes;
  };
  const backend = { readRoster, records, time };
  const viewOf = () => new RosterView({ backend, screens, monotonicNow: () => clock.ms });
  const row = (owner: string, key: string, more: Partial<RosterRow> = {}): void => {
    const rows = processes.get(owner) ?? new Map<string, RosterRow>();
    const base = { kind: 'screen', id: key, address: '192.0.2.7', state: 'live', build: '1.2.3' } as const;
    const times = { since: time.now(), seenAt: time.now() };
    rows.set(key, { ...base, offsetMs: 1, errorMs: 2, ...times, connections: 1, ...more });
    processes.set(owner, rows);
  };
  const pair = async (id: string, group: string | null = null): Promise<void> => {
    await screens.takeName('screen', id, `Screen ${id}`);
    await screens.add(id, { name: `Screen ${id}`, group, face: '' }, 'ana');
  };
  return { clock, records, screens, processes, reads, viewOf, row, pair };
}

describe('the roster of all processes', () => {
  test('has an entry with the settings of the record for a connected screen', async () => {
    const { viewOf, row, pair } = world();
    await pair('lobby', 'hall');
    row('one-process', 'lobby');
    expect(await viewOf().changesSince(null)).toMatchObject({
      version: startedAt,
      isComplete: true,
      entries: [
        {
          key: 'lobby',
          id: 'lobby',
          kind: 'screen',
          name: 'Screen lobby',
          group: 'hall',
          account: null,
          approvedBy: 'ana',
          state: 'live',
          problem: null,
          lastSeen: '2026-11-27T00:00:00.000Z',
          connections: 1,
        },
      ],
    });
  });

  test('merges the sockets of a screen on several processes, and shows the newest', async () => {
    const { viewOf, row, pair, clock } = world();
    await pair('lobby');
    row('one', 'lobby', { address: '192.0.2.1', connections: 2 });
    clock.ms = 10;
    row('two', 'lobby', { address: '192.0.2.2' });
    row('three', 'lobby', { address: '192.0.2.3', since: startedAt - 1 });
    const { entries } = await viewOf().changesSince(null);
    expect(entries).toMatchObject([{ address: '192.0.2.2', connections: 4 }]);
  });

  test('has a paired screen without a socket as away, and when it was last seen', async () => {
    const { viewOf, screens, pair } = world();
    await pair('lobby');
    const [screen] = await screens.getMany(['lobby']);
    if (screen !== undefined) await screens.set(screen, { lastSeenAt: startedAt - minuteMs });
    expect((await viewOf().changesSince(null)).entries).toMatchObject([
      { state: 'away', problem: 'away', connections: 0, lastSeen: '2026-11-26T23:59:00.000Z' },
    ]);
  });

  test('has an entry for each player of a link, and one for a link without any', async () => {
    const { viewOf, screens, row } = world();
    const id = (await screens.addLink({ name: 'OBS', group: null, face: '' }, dayMs)) ?? '';
    const view = viewOf();
    expect((await view.changesSince(null)).entries).toMatchObject([{ kind: 'link', id, state: 'away' }]);
    row('one', '1', { kind: 'link', id });
    row('two', '1', { kind: 'link', id });
    const { entries } = await viewOf().changesSince(null);
    expect(entries).toMatchObject([
      { id, name: 'OBS', state: 'live', expires: '2026-11-28T00:00:00.000Z' },
      { id, name: 'OBS', state: 'live' },
    ]);
    expect(new Set(entries.map(({ key }) => key)).size).toBe(2);
  });

  test('names a session by its account and a token by its label', async () => {
    const { viewOf, row } = world();
    row('one', '1', { kind: 'session', id: 'j1', account: 'ana', recordId: 'ana/j1' });
    row('one', '2', { kind: 'token', id: 'j2', account: 'ana', recordId: 'wall' });
    expect((await viewOf().changesSince(null)).entries).toMatchObject([
      { id: 'j1', name: 'ana', account: 'ana', expires: null },
      { id: 'j2', name: 'wall', account: 'ana' },
    ]);
  });

  test.each<[string, Partial<RosterRow>, string | null]>([
    ['is live and right', {}, null],
    ['is live and has no error bound', { errorMs: null }, 'wrong'],
    ['is live and off by more than 100 ms', { errorMs: 100.1 }, 'wrong'],
    ['shows another text than the tick', { differs: true }, 'wrong'],
    ['is stale', { state: 'stale' }, 'stale'],
    ['is silent', { state: 'silent' }, 'silent'],
    ['is connecting', { state: 'connecting', errorMs: null }, null],
    ['has an old build for less than 10 minutes', { isOldBuild: true, since: startedAt - 600_000 }, null],
    ['has an old build for 10 minutes', { isOldBuild: true, since: startedAt - 600_001 }, 'old-build'],
    ['has a wrong clock itself', { offsetMs: -3_600_000 }, null],
  ])('has the problem of a screen that %s', async (_, more, problem) => {
    const { viewOf, row, pair } = world();
    await pair('lobby');
    row('one', 'lobby', more);
    expect((await viewOf().changesSince(null)).entries[0]?.problem).toBe(problem);
  });
});

describe('the changes since a version', () => {
  test('are the entries that changed and the keys of those that are gone', async () => {
    const { viewOf, row, pair, clock, processes } = world();
    for (const id of ['a', 'b', 'c']) await pair(id);
    for (const id of ['a', 'b', 'c']) row('one', id);
    row('one', '7', { kind: 'token', id: 'j' });
    const view = viewOf();
    await view.changesSince(null);
    clock.ms = 10_000;
    const { version } = await view.changesSince(null);
    row('one', 'b', { state: 'stale' });
    processes.get('one')?.delete('c');
    processes.get('one')?.delete('7');
    clock.ms = 12_000;
    const answer = await view.changesSince(version);
    expect(answer).toMatchObject({ isComplete: false, version: startedAt + 12_000, removed: ['one-7'] });
    expect(answer.entries.map(({ key, state }) => [key, state])).toEqual([
      ['b', 'stale'],
      ['c', 'away'],
    ]);
    clock.ms = 20_000;
    expect((await view.changesSince(startedAt + 20_000)).entries).toEqual([]);
  });

  test('include changed settings, at the next message about the record', async () => {
    const { viewOf, row, pair, clock, screens, records } = world();
    await pair('a');
    await pair('b');
    row('one', 'a');
    row('one', 'b');
    const view = viewOf();
    await view.changesSince(null);
    clock.ms = 20_000;
    const [screen] = await screens.getMany(['a']);
    if (screen !== undefined) await screens.rename(screen, 'Bar');
    await records.publish('{"screens":["a"]}');
    expect((await view.changesSince(startedAt + 10_000)).entries).toMatchObject([{ id: 'a', name: 'Bar' }]);
  });

  test('are complete if the version is another process’s and this one did not look then', async () => {
    const { viewOf, pair, clock } = world();
    await pair('a');
    const [one, two] = [viewOf(), viewOf()];
    await one.changesSince(null);
    clock.ms = 10_000;
    const { version } = await one.changesSince(null);
    expect(await two.changesSince(version)).toMatchObject({ isComplete: true });
    clock.ms = 20_000;
    expect(await two.changesSince((await one.changesSince(version)).version)).toMatchObject({ isComplete: false });
  });

  test.each([startedAt - dayMs, startedAt + dayMs])('are complete for the version %d', async (version) => {
    const { viewOf, pair } = world();
    await pair('a');
    expect(await viewOf().changesSince(version)).toMatchObject({ isComplete: true });
  });
});

describe('the view of the roster', () => {
  test('is read at most once a second, whatever the number of operators', async () => {
    const { viewOf, clock, reads } = world();
    const view = viewOf();
    await Promise.all([view.changesSince(null), view.changesSince(null), view.changesSince(null)]);
    clock.ms = 999;
    await view.changesSince(null);
    expect(reads.roster).toBe(1);
    clock.ms = 1_000;
    await view.changesSince(null);
    expect(reads.roster).toBe(2);
  });

  test('is released after half a minute without a request', async () => {
    const { viewOf, clock, pair } = world();
    await pair('a');
    const view = viewOf();
    const { version } = await view.changesSince(null);
    clock.ms = 29_999;
    view.releaseIfUnused();
    expect(await view.changesSince(version + 10_000)).toMatchObject({ isComplete: false });
    clock.ms = 90_000;
    view.releaseIfUnused();
    expect(await view.changesSince(version + 60_000)).toMatchObject({ isComplete: true });
  });

  test('has a screen whose record is new at its next read', async () => {
    const { viewOf, clock, row, records, screens } = world();
    const view = viewOf();
    await view.changesSince(null);
    const lobby = { name: 'Lobby', group: null, face: '', jti: 'j', approvedBy: 'ana', expiresAt: startedAt + dayMs };
    await records.create('screen', 'lobby', lobby);
    row('one', 'lobby');
    clock.ms = 1_000;
    expect((await view.changesSince(null)).entries).toEqual([]);
    clock.ms = 2_000;
    expect((await view.changesSince(null)).entries).toMatchObject([{ name: 'Lobby' }]);
    expect(await screens.find('lobby')).not.toBeNull();
  });
});

describe('the number of screens', () => {
  test('is by group and state, of this process’s sockets and of all screens that are away', async () => {
    const { viewOf, row, pair } = world();
    await pair('a', 'hall');
    await pair('b', 'hall');
    await pair('c');
    await pair('d', 'hall');
    for (const id of ['a', 'b', 'c']) row('one', id);
    const sockets = [
      { kind: 'screen', id: 'a', state: 'live' },
      { kind: 'screen', id: 'b', state: 'wrong' },
      { kind: 'session', id: 'ana/j', state: 'connected' },
    ] as const;
    const counts = await countScreens({ sockets: () => sockets }, viewOf());
    expect(counts).toEqual([
      { group: 'hall', state: 'live', count: 1 },
      { group: 'hall', state: 'wrong', count: 1 },
      { group: '', state: 'connected', count: 1 },
      { group: 'hall', state: 'away', count: 1 },
    ]);
  });

  test('is not reported during an outage', async () => {
    const { viewOf, records } = world();
    records.isAway = true;
    expect(await countScreens({ sockets: () => [] }, viewOf())).toEqual([]);
  });
});
