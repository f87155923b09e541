import { describe, expect, test, vi } from 'vitest';
import { hostZoneName, isZone, Zone } from '../../src/time/zone.ts';

const madrid = new Zone('Europe/Madrid');

describe('zone', () => {
  test('formats a time as %X does in the C locale', () => {
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

  test('formats the local date in ISO 8601', () => {
    expect(madrid.dateOf(Date.UTC(2026, 10, 25, 23, 30))).toBe('2026-11-26');
    expect(new Zone('Pacific/Kiritimati').dateOf(Date.UTC(2026, 0, 1, 10, 0))).toBe('2026-01-02');
  });

  test.each(['', ':Europe/Madrid', 'Mars/Olympus', 'CET-1CEST,M3.5.0,M10.5.0/3'])(
    '%j is not the name of a zone',
    (name) => {
      expect(isZone(name)).toBe(false);
    },
  );

  test.each(['UTC', 'Europe/Madrid', 'Asia/Kolkata'])('%s is the name of a zone', (name) => {
    expect(isZone(name)).toBe(true);
  });

  test.each([
    ['Europe/Madrid', 'Europe/Madrid'],
    ['Mars/Olympus', 'UTC'],
  ])('of a host with TZ=%s is %s', (tz, name) => {
    vi.stubEnv('TZ', tz);
    expect(hostZoneName()).toBe(name);
    vi.unstubAllEnvs();
  });
});
