import { describe, expect, test } from 'vitest';
import { fieldsOf, showRequest, type ShowFields } from '../../src/client/screens/show-request.ts';
import {
  countAt,
  countWords,
  endText,
  inOrder,
  keyOf,
  targetOf,
  targetText,
  timeFormat,
} from '../../src/client/screens/shown.ts';
import type { Shown } from '../../src/operator-api.ts';

const now = Date.parse('2026-11-27T14:00:00.400Z');
const minuteMs = 60_000;
const empty = fieldsOf('everybody', undefined, now);
const names = new Map([['s1', 'Lobby']]);

function requestOf(fields: Partial<ShowFields>, kept?: { until: number } | { since: number }): unknown {
  const outcome = showRequest({ ...empty, ...fields }, kept);
  return 'body' in outcome ? outcome.body : outcome;
}

describe('the form', () => {
  test.each<[Partial<ShowFields>, object]>([
    [{ message: ' Please be seated ' }, { show: { message: 'Please be seated' } }],
    [
      { message: 'two\nlines', target: 'group/hall' },
      { group: 'hall', show: { message: 'two\nlines' } },
    ],
    [{ message: 'two\r\nlines' }, { show: { message: 'two\nlines' } }],
    [
      { message: 'x', target: 'screen/s1', lifetime: '10' },
      { screen: 's1', show: { message: 'x' }, forMs: 600_000 },
    ],
    [{ count: 'duration', minutes: '25' }, { show: { countdown: { remainingMs: 25 * minuteMs } } }],
    [{ count: 'duration', hours: '1', seconds: '30' }, { show: { countdown: { remainingMs: 3_630_000 } } }],
    [
      { count: 'duration', minutes: '1', label: ' Speaker ', warnings: '5, 1,30s, 0.5 min' },
      {
        show: {
          countdown: { remainingMs: minuteMs, label: 'Speaker', warnAt: [300_000, 60_000, 30_000, 30_000] },
        },
      },
    ],
    [
      { count: 'time', time: '15:00', warnings: '1 h' },
      { show: { countdown: { untilTime: '15:00', warnAt: [3_600_000] } } },
    ],
    [
      { count: 'up', warnings: '5', lifetime: '2 H' },
      { show: { countdown: { elapsedMs: 0 } }, forMs: 7_200_000 },
    ],
    [{ count: 'none', message: 'x', label: 'of no countdown', warnings: '5' }, { show: { message: 'x' } }],
  ])('%j is the request %j', (fields, body) => {
    expect(requestOf(fields)).toEqual(body);
  });

  test('keeps a countdown that is set, with other details', () => {
    const until = now + minuteMs;
    expect(requestOf({ count: 'keep', label: 'x', warnings: '30 s' }, { until })).toEqual({
      show: { countdown: { until, label: 'x', warnAt: [30_000] } },
    });
    expect(requestOf({ count: 'keep', warnings: '5' }, { since: now })).toEqual({
      show: { countdown: { since: now } },
    });
    expect(requestOf({ count: 'keep' })).toMatchObject({ field: 'count' });
  });

  test.each<[Partial<ShowFields>, keyof ShowFields, string]>([
    [{}, 'message', 'Enter a message, or choose a countdown.'],
    [{ message: ' \n' }, 'message', 'Enter a message, or choose a countdown.'],
    [{ count: 'duration' }, 'minutes', 'Enter how long the countdown runs.'],
    [{ count: 'duration', hours: '-1' }, 'hours', '"-1" is not a whole number.'],
    [{ count: 'duration', seconds: 'x' }, 'seconds', '"x" is not a whole number.'],
    [{ count: 'time' }, 'time', 'Enter a time, such as 15:00.'],
    [{ count: 'time', time: '15:00', warnings: '5 1' }, 'warnings', '"5 1" must be in minutes, such as 5, 1 or 30 s.'],
    [{ message: 'x', lifetime: '0' }, 'lifetime', '"0" must be in minutes, such as 10, 30 s or 2 h.'],
    [{ message: 'x', lifetime: '1,2' }, 'lifetime', '"1,2" must be in minutes, such as 10, 30 s or 2 h.'],
  ])('%j has a problem with %s', (fields, field, problem) => {
    expect(requestOf(fields)).toEqual({ field, problem });
  });

  test('begins with what the target shows', () => {
    const countdown = { until: now + minuteMs, label: 'Exam', warnAt: [300_000, 30_000] };
    const shown: Shown = { group: 'hall', screen: null, show: { message: 'x', countdown }, endsAt: now + 89_600 };
    const fields = fieldsOf('group/hall', shown, now);
    expect(fields).toMatchObject({ message: 'x', count: 'keep', label: 'Exam', warnings: '5, 30 s', lifetime: '90 s' });
    expect(requestOf(fields, countdown)).toEqual({ group: 'hall', show: shown.show, forMs: 90_000 });
    expect(fieldsOf('group/hall', shown, countdown.until).count).toBe('none');
    const up: Shown = { ...shown, show: { countdown: { since: now } }, endsAt: null };
    expect(fieldsOf('group/hall', up, now)).toMatchObject({ message: '', count: 'keep', lifetime: '' });
  });
});

describe('what is shown', () => {
  const shown = (group: string | null, screen: string | null): Shown => ({ group, screen, show: {}, endsAt: null });

  test.each([
    [shown(null, null), 'everybody', {}, 'everybody'],
    [shown('hall', null), 'group/hall', { group: 'hall' }, 'group hall'],
    [shown(null, 's1'), 'screen/s1', { screen: 's1' }, 'Lobby'],
    [shown(null, 's2'), 'screen/s2', { screen: 's2' }, 'a screen that has ended, s2'],
  ])('%j has the target %s', (one, key, target, text) => {
    expect([keyOf(one), targetOf(key), targetText(key, names)]).toEqual([key, target, text]);
  });

  test('is listed for everybody first, then by group, then by screen', () => {
    const all = [shown(null, 's1'), shown('hall', null), shown(null, null), shown('bar', null)];
    expect(inOrder(all, names).map(keyOf)).toEqual(['everybody', 'group/bar', 'group/hall', 'screen/s1']);
  });

  test('counts as the screens do: the digits change when the rest of the countdown is whole seconds', () => {
    const until = now + 60_000;
    const show = { countdown: { until, warnAt: [60_000, 10_000] } };
    const text = (at: number) => {
      const count = countAt(show, at);
      return count === null ? null : `${count.digits} ${countWords(show, count)}`;
    };
    expect(text(now - 1)).toBe('1:01 left');
    expect(text(now)).toBe('1:00 left, warning');
    expect(text(now + 999)).toBe('1:00 left, warning');
    expect(text(until - 1)).toBe('0:01 left, last warning');
    expect(text(until + 1_000)).toBe('+0:01 over');
    expect(countAt({ message: 'x' }, now)).toBeNull();
    const up = { countdown: { since: now } };
    expect(countWords(up, { digits: '0:00', phase: 'running', thresholdMs: null })).toBe('counting up');
  });

  test('has its ends in the zone of the clock', () => {
    const timeOf = timeFormat('Asia/Kathmandu');
    const one: Shown = { ...shown(null, null), show: { countdown: { until: now } }, endsAt: now + minuteMs };
    expect(endText(one, timeOf)).toBe('to 19:45:00 · ends at 19:46:00');
    expect(endText(shown(null, null), timeOf)).toBe('');
    expect(timeFormat('No/Zone')(now)).toMatch(/^\d\d:\d\d:\d\d$/);
    expect(timeFormat(null)(now)).toMatch(/^\d\d:\d\d:\d\d$/);
  });
});
