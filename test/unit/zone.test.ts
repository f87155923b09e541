import { describe, expect, test } from 'vitest';
import { date } from '../../src/tasks/date.ts';
import { tasks } from '../../src/tasks/index.ts';
import { time } from '../../src/tasks/time.ts';
import { isZone, Zone } from '../../src/time/zone.ts';

const madrid = new Zone('Europe/Madrid');

describe('zone', () => {
  test('reads an instant as %X of the C locale does', () => {
    expect(madrid.timeOf(Date.UTC(2026, 10, 25, 14, 3, 27, 999))).toBe('15:03:27');
    expect(madrid.timeOf(Date.UTC(2026, 10, 24, 23, 0, 0))).toBe('00:00:00');
    expect(new Zone('America/New_York').timeOf(Date.UTC(2026, 10, 25, 4, 59, 59))).toBe('23:59:59');
  });

  test('goes from 02:59:59 to 02:00:00 at the end of summer time', () => {
    const end = Date.UTC(2026, 9, 25, 1, 0, 0);
    expect([end - 1_000, end].map((at) => madrid.timeOf(at))).toEqual(['02:59:59', '02:00:00']);
  });

  test('goes from 01:59:59 to 03:00:00 at its start', () => {
    const start = Date.UTC(2026, 2, 29, 1, 0, 0);
    expect([start - 1_000, start].map((at) => madrid.timeOf(at))).toEqual(['01:59:59', '03:00:00']);
  });

  test('reads the date as ISO 8601 writes it, of its own day', () => {
    expect(madrid.dateOf(Date.UTC(2026, 10, 25, 23, 30))).toBe('2026-11-26');
    expect(new Zone('Pacific/Kiritimati').dateOf(Date.UTC(2026, 0, 1, 10, 0))).toBe('2026-01-02');
  });

  test.each(['', ':Europe/Madrid', 'Mars/Olympus', 'CET-1CEST,M3.5.0,M10.5.0/3'])('%j is none', (name) => {
    expect(isZone(name)).toBe(false);
  });

  test.each(['UTC', 'Europe/Madrid', 'Asia/Kolkata'])('%s is one', (name) => {
    expect(isZone(name)).toBe(true);
  });
});

describe('tasks', () => {
  test('each has a name of its own, which is also its channel', () => {
    expect(tasks.map(({ name }) => name)).toEqual(['time', 'date']);
  });

  test('the time comes at the interval, the date each minute', () => {
    expect([time.everyMs(250), date.everyMs(250)]).toEqual([250, 60_000]);
  });

  test('say the same for the same moment', () => {
    const at = Date.UTC(2026, 10, 25, 14, 3, 27);
    expect([time.run(at, madrid), date.run(at, madrid)]).toEqual(['15:03:27', '2026-11-25']);
  });
});
