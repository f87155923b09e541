import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { groupsOf, matcherOf, noGroup, type EntryFilter } from '../../src/client/screens/entry-filter.ts';
import { compareEntries } from '../../src/client/screens/entry-order.ts';
import { hasSettings, kindLabel, stateLabel } from '../../src/client/screens/entry.ts';
import { RosterCopy } from '../../src/client/screens/roster-copy.ts';
import { stayingKeys } from '../../src/client/screens/row-moves.ts';
import { summaryOf } from '../../src/client/screens/summary.ts';
import type { RosterEntry, RosterUpdate } from '../../src/operator-api.ts';

/** An entry as the server sends it: what the page declares must accept it. */
function entry(more: Partial<RosterEntry> = {}): RosterEntry {
  return {
    key: more.name ?? 'k',
    id: more.key ?? more.name ?? 'k',
    kind: 'screen',
    name: 'Lobby',
    group: null,
    account: null,
    approvedBy: 'ana',
    address: '192.0.2.7',
    build: '1.2.3+abcdefg',
    state: 'live',
    problem: null,
    offsetMs: 0,
    errorMs: 4,
    face: '',
    lastSeen: '2026-11-27T04:00:00.000Z',
    expires: null,
    connections: 1,
    ...more,
  };
}

function answer(entries: RosterEntry[], more: Partial<RosterUpdate> = {}): RosterUpdate {
  return { version: 1, isComplete: false, entries, removed: [], ...more };
}

describe('the copy of the roster', () => {
  test('reports new, changed and removed entries', () => {
    const copy = new RosterCopy();
    const [lobby, canteen] = [entry({ name: 'Lobby' }), entry({ name: 'Canteen' })];
    expect(copy.apply(answer([lobby, canteen], { isComplete: true, version: 7 }))).toEqual({
      changed: [lobby, canteen],
      removed: [],
    });
    expect(copy.version).toBe(7);
    const stale = { ...lobby, state: 'stale', problem: 'stale' } as const;
    expect(copy.apply(answer([stale], { removed: ['Canteen'] }))).toEqual({ changed: [stale], removed: ['Canteen'] });
    expect(copy.entries).toEqual([stale]);
  });

  test('ignores what the server repeats, and the time at which a connected screen was seen', () => {
    const copy = new RosterCopy();
    copy.apply(answer([entry()], { isComplete: true }));
    const later = entry({ lastSeen: '2026-11-27T05:00:00.000Z' });
    expect(copy.apply(answer([later], { removed: ['unknown'] }))).toEqual({ changed: [], removed: [] });
  });

  test('reports a later time at which a silent screen was seen', () => {
    const copy = new RosterCopy();
    copy.apply(answer([entry({ state: 'silent' })], { isComplete: true }));
    const later = entry({ state: 'silent', lastSeen: '2026-11-27T05:00:00.000Z' });
    expect(copy.apply(answer([later])).changed).toEqual([later]);
  });

  test('removes what a complete answer does not contain', () => {
    const copy = new RosterCopy();
    copy.apply(answer([entry({ name: 'a' }), entry({ name: 'b' })], { isComplete: true }));
    expect(copy.apply(answer([entry({ name: 'b' })], { isComplete: true }))).toEqual({ changed: [], removed: ['a'] });
  });

  test('counts a link with several players once among the members of a group', () => {
    const copy = new RosterCopy();
    const players = ['p1', 'p2'].map((key) => entry({ key, id: 'wall', kind: 'link', group: 'lobby' }));
    copy.apply(answer([...players, entry({ name: 'a', group: 'lobby' }), entry({ name: 'b' })], { isComplete: true }));
    expect([...copy.membersOf('lobby').keys()].toSorted()).toEqual(['a', 'wall']);
  });
});

describe('the order', () => {
  test('is problems first, the worst at the top, then names with numbers in order', () => {
    const problems = ['old-build', 'wrong', 'stale', 'silent', 'away'] as const;
    const entries = [
      entry({ name: 'Screen 10' }),
      entry({ name: 'Screen 9' }),
      ...problems.map((problem) => entry({ name: problem, problem })),
    ];
    const names = entries.toSorted(compareEntries).map(({ name }) => name);
    expect(names).toEqual(['away', 'silent', 'stale', 'wrong', 'old-build', 'Screen 9', 'Screen 10']);
  });

  test('does not depend on the order of the answer if names are equal', () => {
    const [a, b] = [entry({ key: 'a', name: 'Wall' }), entry({ key: 'b', name: 'Wall' })];
    expect([b, a].toSorted(compareEntries)).toEqual([a, b]);
  });
});

describe('the filter', () => {
  const entries = [
    entry({ name: 'Café Übersee', group: 'canteen' }),
    entry({ name: 'Lobby', problem: 'away', state: 'away', address: null }),
    entry({ name: 'obs', kind: 'link', address: '198.51.100.9' }),
  ];
  const names = (filter: Partial<EntryFilter>): string[] =>
    entries.filter(matcherOf({ words: '', group: '', problemsOnly: false, ...filter })).map(({ name }) => name);

  test('shows all entries if it is empty', () => {
    expect(names({})).toHaveLength(3);
  });

  test.each([
    ['cafe', ['Café Übersee']],
    ['ÜBER  canteen', ['Café Übersee']],
    ['away', ['Lobby']],
    ['link 198.51', ['obs']],
    ['lobby link', []],
  ])('%j finds every word, in any field, without case and accents', (words, found) => {
    expect(names({ words })).toEqual(found);
  });

  test('finds a screen by its new name after it changed', () => {
    const filter = matcherOf({ words: 'foyer', group: '', problemsOnly: false });
    expect([entry({ name: 'Lobby' }), entry({ name: 'Foyer' })].map(filter)).toEqual([false, true]);
  });

  test('shows a group, the entries without one, or those with a problem', () => {
    expect(names({ group: 'canteen' })).toEqual(['Café Übersee']);
    expect(names({ group: noGroup })).toEqual(['Lobby', 'obs']);
    expect(names({ problemsOnly: true })).toEqual(['Lobby']);
  });

  test('offers the groups by name, and those without one last', () => {
    expect(groupsOf([...entries, entry({ group: 'zoo' })])).toEqual([
      ['canteen', 1],
      ['zoo', 1],
      [noGroup, 2],
    ]);
  });
});

describe('the rows that stay when the order changes', () => {
  test('are all but the one that moves', () => {
    expect([...stayingKeys(['a', 'b', 'c', 'd'], ['b', 'c', 'd', 'a'])].toSorted()).toEqual(['b', 'c', 'd']);
    expect([...stayingKeys(['a', 'b', 'c', 'd'], ['d', 'a', 'b', 'c'])].toSorted()).toEqual(['a', 'b', 'c']);
  });

  test('are empty for a list that was empty, or becomes empty', () => {
    expect(stayingKeys([], ['a'])).toEqual(new Set());
    expect(stayingKeys(['a'], [])).toEqual(new Set());
  });

  test('have the same order in both lists, and no larger set has', () => {
    const lists = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g'));
    fc.assert(
      fc.property(lists, lists, (before, after) => {
        const staying = stayingKeys(before, after);
        const inBoth = (list: string[]): string[] => list.filter((key) => staying.has(key));
        expect(inBoth(before)).toEqual(inBoth(after));
        expect(inBoth(after)).toHaveLength(staying.size);
        expect(staying.size).toBe(longestCommon(before, after));
      }),
    );
  });
});

describe('what the page says of an entry', () => {
  test('is its problem, else its state', () => {
    expect(stateLabel(entry())).toBe('Live');
    expect(stateLabel(entry({ problem: 'wrong' }))).toBe('Wrong');
    expect(stateLabel(entry({ problem: 'old-build' }))).toBe('Old build');
    expect(stateLabel(entry({ state: 'connected' }))).toBe('Connected');
  });

  test('is its kind, of which screens and links have settings', () => {
    const kinds = ['screen', 'link', 'session', 'token'] as const;
    expect(kinds.map((kind) => kindLabel({ kind }))).toEqual(['Screen', 'Link', 'Account', 'Token']);
    expect(kinds.map((kind) => hasSettings({ kind }))).toEqual([true, true, false, false]);
  });
});

describe('the summary', () => {
  const away = entry({ state: 'away', problem: 'away' });
  const wrong = entry({ problem: 'wrong' });

  test('counts the rows and each problem, the worst first', () => {
    expect(summaryOf([], [])).toBe('No screen is paired or connected.');
    expect(summaryOf([entry()], [entry()])).toBe('1 row · no problems');
    expect(summaryOf([wrong, away, away], [away])).toBe('1 of 3 rows · problems: 2 away, 1 wrong');
  });
});

/** The length of the longest common subsequence, by its definition. */
function longestCommon([first, ...before]: string[], after: string[]): number {
  if (first === undefined) return 0;
  const without = longestCommon(before, after);
  const index = after.indexOf(first);
  return index === -1 ? without : Math.max(without, 1 + longestCommon(before, after.slice(index + 1)));
}
