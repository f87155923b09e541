import { describe, expect, test } from 'vitest';
import { faceQueryOf } from '../../src/client/screens/face-query.ts';
import { Poll } from '../../src/client/screens/poll.ts';
import { doneText, questionFor, requestOf, type Target } from '../../src/client/screens/screen-action.ts';
import type { RosterEntry } from '../../src/operator-api.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

describe('the poll', () => {
  function polling(answers: Promise<boolean>[] = []) {
    const clock = new VirtualClock(0);
    const page = { isVisible: true };
    const runs: number[] = [];
    const poll = new Poll({
      everyMs: 2_000,
      run: async () => {
        runs.push(clock.now);
        return answers.shift() ?? true;
      },
      isVisible: () => page.isVisible,
      schedule: (run, delayMs) => clock.schedule(run, delayMs),
    });
    return { clock, page, runs, poll };
  }

  test('runs every 2 s while the page is visible', async () => {
    const { clock, runs, poll } = polling();
    await poll.runNow();
    await clock.pass(5_000);
    expect(runs).toEqual([0, 2_000, 4_000]);
  });

  test('ends while the page is hidden, and runs at once when it is visible again', async () => {
    const { clock, page, runs, poll } = polling();
    await poll.runNow();
    page.isVisible = false;
    await poll.runNow();
    await clock.pass(60_000);
    expect(runs).toEqual([0]);
    page.isVisible = true;
    await poll.runNow();
    await clock.pass(2_000);
    expect(runs).toEqual([0, 60_000, 62_000]);
  });

  test('runs once more after a run in flight, since that may have missed what changed', async () => {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const { clock, runs, poll } = polling([promise]);
    const first = poll.runNow();
    await Promise.all([poll.runNow(), poll.runNow()]);
    expect(runs).toHaveLength(1);
    resolve(true);
    await first;
    expect(runs).toHaveLength(2);
    await clock.pass(2_000);
    expect(runs).toHaveLength(3);
  });

  test('runs sooner on request, also if one is in flight, and then every 2 s', async () => {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const { clock, runs, poll } = polling([promise]);
    const first = poll.runNow();
    poll.runAfter(1_000);
    resolve(true);
    await first;
    await clock.pass(1_500);
    poll.runAfter(1_000);
    await clock.pass(3_000);
    expect(runs).toEqual([0, 1_000, 2_500, 4_500]);
  });

  test('never runs again after a run that ended it', async () => {
    const { clock, runs, poll } = polling([Promise.resolve(false)]);
    await poll.runNow();
    await poll.runNow();
    poll.runAfter(0);
    await clock.pass(10_000);
    expect(runs).toEqual([0]);
  });
});

describe('an action', () => {
  const screen = { id: 's1', kind: 'screen', name: 'Lobby' } as RosterEntry;
  const one: Target = { entry: screen };
  const group: Target = { group: 'canteen', count: 3 };

  test('names one screen by its id, or a group', () => {
    expect(requestOf('rename', one, 'Foyer')).toEqual({ action: 'rename', id: 's1', value: 'Foyer' });
    expect(requestOf('reload', group, '')).toEqual({ action: 'reload', group: 'canteen', value: '' });
  });

  test('is confirmed if it cannot be undone', () => {
    const all = ['identify', 'reload', 'rename', 'group', 'face', 'revoke'] as const;
    const confirmed = (target: Target) => all.filter((action) => questionFor(action, target, 'x') !== null);
    expect(confirmed(one)).toEqual(['revoke']);
    expect(confirmed(group)).toEqual(['group', 'face', 'revoke']);
  });

  test('says before it what ends, for each kind', () => {
    const kinds = ['screen', 'link', 'token', 'session'] as const;
    const texts = kinds.map((kind) => questionFor('revoke', { entry: { ...screen, kind } }, '')?.text);
    expect(new Set(texts).size).toBe(4);
    expect(questionFor('revoke', group, '')?.text).toContain('3 screens and links');
    expect(questionFor('revoke', { group: 'canteen', count: 1 }, '')?.text).toContain('1 screen or link');
  });

  test('says afterwards what happened, with the name', () => {
    expect(doneText('rename', one, 'Foyer')).toBe('Renamed: Lobby is now Foyer.');
    expect(doneText('group', one, '')).toBe('Removed from its group: Lobby.');
    expect(doneText('face', one, 'face=analog&seconds=off')).toBe('Face set: Lobby.');
    expect(doneText('face', one, 'face=sundial&foo=1')).toBe(
      'Face set: Lobby. face=sundial is ignored: it must be digital, analog or 12h. foo is unknown and ignored.',
    );
    expect(doneText('revoke', group, '')).toBe('Signed out: group canteen.');
  });
});

describe('a face', () => {
  test.each([
    ['', ''],
    [' face=analog&seconds=off ', 'face=analog&seconds=off'],
    ['?face=analog', 'face=analog'],
    ['/?face=analog', 'face=analog'],
    ['https://clock.example/?face=analog&zones=Asia/Tokyo#x', 'face=analog&zones=Asia/Tokyo'],
    ['https://clock.example/', ''],
  ])('%j has the query %j', (text, query) => {
    expect(faceQueryOf(text)).toBe(query);
  });
});
