import { describe, expect, test } from 'vitest';
import { date } from '../../src/tasks/date.ts';
import { tasks } from '../../src/tasks/index.ts';
import { time } from '../../src/tasks/time.ts';
import { Zone } from '../../src/time/zone.ts';

describe('tasks', () => {
  test('have the names of their channels', () => {
    expect(tasks.map(({ name }) => name)).toEqual(['time', 'date']);
  });

  test('are due at the interval (time) and every minute (date)', () => {
    expect([time.everyMs(250), date.everyMs(250)]).toEqual([250, 60_000]);
  });

  test('expire after one interval, the time after at most 1 s', () => {
    expect([50, 500, 1_000, 60_000].map((intervalMs) => time.expiryMs(intervalMs))).toEqual([50, 500, 1_000, 1_000]);
    expect([50, 60_000].map((intervalMs) => date.expiryMs(intervalMs))).toEqual([60_000, 60_000]);
  });

  test('return the text for an instant in a zone', () => {
    const at = Date.UTC(2026, 10, 25, 14, 3, 27);
    const madrid = new Zone('Europe/Madrid');
    expect([time.run(at, madrid), date.run(at, madrid)]).toEqual(['15:03:27', '2026-11-25']);
  });
});
