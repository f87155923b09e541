import { Unavailable } from '../../src/backend/backend.ts';
import { describe, expect, test } from 'vitest';
import type { RosterRow } from '../../src/screens/roster-row.ts';
import { ScreenActions, type ActionTarget, type ScreenAction } from '../../src/screens/screen-actions.ts';
import { InvalidAction, parseAction, parseTarget } from '../../src/screens/parse-screen-action.ts';
import { Screens } from '../../src/screens/screens.ts';
import { MemoryRecords } from '../support/memory-records.ts';
import { recordedLog } from '../support/recorded-log.ts';

const dayMs = 86_400_000;

async function world() {
  const clock = { ms: Date.UTC(2026, 10, 27) };
  const time = { now: () => clock.ms, errorMs: 0, offsetMs: 0 };
  const records = new MemoryRecords(time.now);
  const screens = new Screens({ records, time });
  const { log, lines } = recordedLog();
  const messages: { screens?: string[]; ended?: string[]; commands?: { to: string[]; command: object }[] }[] = [];
  const rows = new Map<string, RosterRow>();
  const ended: unknown[] = [];
  const forgotten: string[] = [];
  const commands = new ScreenActions({
    backend: {
      records,
      publications: { forget: async (slots: string[]) => void forgotten.push(...slots) } as never,
      readRoster: async () => new Map([['one', rows]]),
    },
    screens,
    sessions: { end: async (kind, some) => void ended.push([kind, some]) },
    log,
  });
  const pair = async (id: string, name: string, group: string | null = null): Promise<string> => {
    await screens.takeName('screen', id, name);
    return (await screens.add(id, { name, group, face: '' }, 'ana')).jti;
  };
  const jtis = { lobby: await pair('lobby', 'Lobby', 'hall'), bar: await pair('bar', 'Bar', 'hall') };
  const run = (action: ScreenAction, target: ActionTarget) => commands.run(action, target, 'ana');
  const get = async (id: string) => (await screens.getMany([id]))[0]?.value;
  const audits = () =>
    lines.map(({ audit, by, screen, name, group, face }) => ({ audit, by, screen, name, group, face }));
  records.subscribe({ onMessage: (message) => messages.push(JSON.parse(message)), onGap: () => {} });
  return { clock, records, screens, messages, rows, ended, forgotten, run, get, audits, lines, jtis, pair };
}

describe('an action on a screen', () => {
  test('identify sends its name to its session', async () => {
    const { run, messages, jtis } = await world();
    expect(await run({ name: 'identify' }, { id: 'lobby' })).toBe('done');
    expect(messages).toEqual([
      { screens: [], commands: [{ to: [jtis.lobby], command: { name: 'identify', text: 'Lobby' } }] },
    ]);
  });

  test('rename changes the record and the name, and is logged', async () => {
    const { run, get, messages, jtis, audits, screens } = await world();
    expect(await run({ name: 'rename', value: 'Entrance' }, { id: 'lobby' })).toBe('done');
    expect(await get('lobby')).toMatchObject({ name: 'Entrance', group: 'hall' });
    expect(messages).toEqual([
      {
        screens: ['lobby'],
        commands: [{ to: [jtis.lobby], command: { name: 'rename', screen: 'Entrance', group: 'hall' } }],
      },
    ]);
    expect(audits()).toEqual([{ audit: 'rename', by: 'ana', screen: 'lobby', name: 'Entrance' }]);
    expect(await screens.takeName('screen', 'other', 'LOBBY')).toBe(true);
    expect((await screens.find('ENTRANCE'))?.id).toBe('lobby');
  });

  test('rename refuses the name of another, without case, and changes nothing', async () => {
    const { run, get, messages, lines } = await world();
    expect(await run({ name: 'rename', value: 'BAR' }, { id: 'lobby' })).toBe('name-taken');
    expect(await get('lobby')).toMatchObject({ name: 'Lobby' });
    expect([...messages, ...lines]).toEqual([]);
  });

  test('rename may change the case of its own name, which stays taken', async () => {
    const { run, screens } = await world();
    expect(await run({ name: 'rename', value: 'LOBBY' }, { id: 'lobby' })).toBe('done');
    expect(await run({ name: 'rename', value: 'LOBBY' }, { id: 'lobby' })).toBe('done');
    expect(await screens.takeName('screen', 'other', 'Lobby')).toBe(false);
  });

  test('of two renames at once leaves one name taken', async () => {
    const { run, get, screens } = await world();
    await Promise.all(['One', 'Two'].map((value) => run({ name: 'rename', value }, { id: 'lobby' })));
    const { name } = (await get('lobby')) ?? { name: '' };
    const free = ['Lobby', 'One', 'Two'].filter((each) => each !== name);
    for (const each of free) expect(await screens.takeName('screen', `other-${each}`, each)).toBe(true);
    expect(await screens.takeName('screen', 'other', name)).toBe(false);
  });

  test('group and face change the record and tell the screen', async () => {
    const { run, get, messages, audits } = await world();
    await run({ name: 'group', value: null }, { id: 'lobby' });
    await run({ name: 'face', value: 'face=analog' }, { id: 'lobby' });
    expect(await get('lobby')).toMatchObject({ name: 'Lobby', group: null, face: 'face=analog' });
    expect(messages.map(({ commands }) => commands?.[0]?.command)).toEqual([
      { name: 'rename', screen: 'Lobby', group: null },
      { name: 'face', query: 'face=analog' },
    ]);
    expect(audits()).toMatchObject([
      { audit: 'group', group: null },
      { audit: 'face', face: 'face=analog' },
    ]);
  });

  test('keeps the lifetime of the record', async () => {
    const { run, get, clock, screens } = await world();
    const link = (await screens.addLink({ name: 'OBS', group: null, face: '' }, 10 * dayMs)) ?? '';
    clock.ms += 9 * dayMs;
    await run({ name: 'face', value: 'face=analog' }, { id: link });
    clock.ms += dayMs - 1;
    expect(await get(link)).toMatchObject({ face: 'face=analog' });
    clock.ms += 1;
    expect(await get(link)).toBeUndefined();
    expect(await get('lobby')).toBeDefined();
  });

  test('revoke removes the record and the name, and ends its sessions', async () => {
    const { run, get, messages, jtis, screens, audits } = await world();
    expect(await run({ name: 'revoke' }, { id: 'lobby' })).toBe('done');
    expect(await get('lobby')).toBeUndefined();
    expect(messages).toEqual([{ ended: [jtis.lobby], screens: ['lobby'] }]);
    expect(await screens.takeName('screen', 'other', 'Lobby')).toBe(true);
    expect(await run({ name: 'revoke' }, { id: 'lobby' })).toBe('unknown');
    expect(audits()).toEqual([{ audit: 'revoke', by: 'ana', screen: 'lobby' }]);
  });

  test('is unknown for an id that does not exist', async () => {
    const { run } = await world();
    for (const id of ['', 'nobody', '__proto__', 'x'.repeat(10_000)]) {
      expect(await run({ name: 'identify' }, { id })).toBe('unknown');
    }
  });
});

describe('an action on a group', () => {
  test('is for its members of that moment, screens and links', async () => {
    const { run, get, audits, pair, screens } = await world();
    await pair('gym', 'Gym', 'other');
    const link = (await screens.addLink({ name: 'OBS', group: 'hall', face: '' }, dayMs)) ?? '';
    expect(await run({ name: 'face', value: 'face=12h' }, { group: 'hall' })).toBe('done');
    for (const id of ['lobby', 'bar', link]) expect(await get(id)).toMatchObject({ face: 'face=12h' });
    expect(await get('gym')).toMatchObject({ face: '' });
    expect(audits()).toHaveLength(3);
  });

  test('reload is spread, and that of one screen is not', async () => {
    const { run, messages, jtis } = await world();
    await run({ name: 'reload' }, { group: 'hall' });
    await run({ name: 'reload' }, { id: 'bar' });
    expect(messages.flatMap(({ commands }) => commands)).toEqual([
      { to: [jtis.bar], command: { name: 'reload' }, isSpread: true },
      { to: [jtis.lobby], command: { name: 'reload' }, isSpread: true },
      { to: [jtis.bar], command: { name: 'reload' } },
    ]);
  });

  test('sends thousands of commands in messages of a bounded length', async () => {
    const { run, messages, pair } = await world();
    for (let n = 0; n < 998; n++) await pair(`s${n}`, `Screen ${n}`, 'hall');
    messages.length = 0;
    await run({ name: 'identify' }, { group: 'hall' });
    expect(messages.map(({ commands }) => commands?.length)).toEqual(Array.from({ length: 20 }, () => 50));
  });

  test('sends the commands of the members that it changed, if a change fails', async () => {
    const { run, get, records, messages, jtis } = await world();
    const update = records.update.bind(records);
    records.update = async (kind, id, ...rest) => {
      if (id === 'lobby') throw new Unavailable('redis-down');
      return update(kind, id, ...rest);
    };
    await expect(run({ name: 'face', value: 'face=analog' }, { group: 'hall' })).rejects.toThrow(Unavailable);
    expect(await get('bar')).toMatchObject({ face: 'face=analog' });
    expect(messages.flatMap(({ commands }) => commands?.map(({ to }) => to))).toEqual([[jtis.bar]]);
  });

  test('changes its members at the same time: the answers of a slow backend do not add up', async () => {
    const { run, get, records } = await world();
    const update = records.update.bind(records);
    const bothBegun = Promise.withResolvers<void>();
    let begun = 0;
    records.update = async (...args) => {
      begun += 1;
      if (begun === 2) bothBegun.resolve();
      await bothBegun.promise;
      return update(...args);
    };
    expect(await run({ name: 'face', value: 'face=analog' }, { group: 'hall' })).toBe('done');
    for (const id of ['lobby', 'bar']) expect(await get(id)).toMatchObject({ face: 'face=analog' });
  });

  test('is unknown without members, and cannot be rename', async () => {
    const { run } = await world();
    expect(await run({ name: 'reload' }, { group: 'nowhere' })).toBe('unknown');
    expect(await run({ name: 'rename', value: 'x' }, { group: 'hall' })).toBe('not-possible');
  });
});

describe('an action on the socket of a person or a program', () => {
  test.each(['session', 'token'] as const)('signs a %s out, and does nothing else', async (kind) => {
    const { run, rows, ended, lines } = await world();
    const row = { kind, id: 'j', account: 'bob', recordId: 'bob/j' };
    rows.set('1', row as RosterRow);
    expect(await run({ name: 'reload' }, { id: 'j' })).toBe('not-possible');
    expect(await run({ name: 'revoke' }, { id: 'j' })).toBe('done');
    expect(ended).toEqual([[kind, [{ recordId: 'bob/j', jti: 'j' }]]]);
    expect(lines).toMatchObject([{ audit: 'revoke', by: 'ana', [kind]: 'j', account: 'bob' }]);
  });
});

describe('a requested action', () => {
  test('is parsed with its value', () => {
    expect(parseAction('rename', ' Lobby ')).toEqual({ name: 'rename', value: 'Lobby' });
    expect(parseAction('rename', '<b>"Lobby"</b>')).toEqual({ name: 'rename', value: '<b>"Lobby"</b>' });
    expect(parseAction('rename', 'שעון')).toEqual({ name: 'rename', value: 'שעון' });
    expect(parseAction('group', 'hall-2')).toEqual({ name: 'group', value: 'hall-2' });
    expect(parseAction('group', null)).toEqual({ name: 'group', value: null });
    expect(parseAction('face', '?face=analog')).toEqual({ name: 'face', value: 'face=analog' });
    expect(parseAction('face', '')).toEqual({ name: 'face', value: '' });
    expect(parseAction('reload', 'ignored')).toEqual({ name: 'reload' });
  });

  test.each<[unknown, unknown]>([
    ['explode', undefined],
    [undefined, undefined],
    [null, 'x'],
    ['toString', 'x'],
    ['rename', undefined],
    ['rename', ''],
    ['rename', 7],
    ['rename', 'x'.repeat(500)],
    ['rename', 'a\u202Eb'],
    ['rename', 'a\nb'],
    ['rename', '\uD800'],
    ['group', undefined],
    ['group', 'Upper'],
    ['group', 'x'.repeat(33)],
    ['face', null],
    ['face', 'é'.repeat(513)],
    ['face', 'a\u0000b'],
    ['face', `face=analog#clk_${'a'.repeat(32)}`],
    ['face', '\uD800'],
  ])('%j with the value %j is refused', (name, value) => {
    expect(() => parseAction(name, value)).toThrow(InvalidAction);
  });

  test('has one target', () => {
    expect(parseTarget('lobby', undefined)).toEqual({ id: 'lobby' });
    expect(parseTarget(undefined, 'hall')).toEqual({ group: 'hall' });
    for (const [id, group] of [
      [undefined, undefined],
      ['a', 'b'],
      [7, undefined],
      [undefined, {}],
    ]) {
      expect(() => parseTarget(id, group)).toThrow(InvalidAction);
    }
  });
});
