import { describe, expect, test } from 'vitest';
import { nextInstantOf } from '../../src/time/local-instant.ts';
import { Zone } from '../../src/time/zone.ts';

const madrid = new Zone('Europe/Madrid');
const next = (time: string, now: string, zone = madrid): string => {
  const instant = nextInstantOf(time, zone, Date.parse(now), 1_000);
  return instant === 'skipped' ? instant : new Date(instant).toISOString();
};

describe('the next instant of a local time', () => {
  test('is today if it is ahead, else tomorrow', () => {
    expect(next('15:00:00', '2026-11-27T13:59:00Z')).toBe('2026-11-27T14:00:00.000Z');
    expect(next('15:00:00', '2026-11-27T14:00:00Z')).toBe('2026-11-28T14:00:00.000Z');
    expect(next('15:00:00', '2026-11-27T13:59:59.001Z')).toBe('2026-11-28T14:00:00.000Z');
    expect(next('00:00:00', '2026-12-31T22:30:00Z')).toBe('2026-12-31T23:00:00.000Z');
  });

  test('is in the offset that holds then, not in that of now', () => {
    expect(next('08:00:00', '2026-03-28T20:00:00Z')).toBe('2026-03-29T06:00:00.000Z');
    expect(next('08:00:00', '2026-10-24T20:00:00Z')).toBe('2026-10-25T07:00:00.000Z');
  });

  test('is skipped if the clocks are set forward over it', () => {
    expect(next('02:30:00', '2026-03-28T20:00:00Z')).toBe('skipped');
    expect(next('02:30:00', '2026-03-29T00:30:00Z')).toBe('skipped');
    expect(next('02:30:00', '2026-03-27T20:00:00Z')).toBe('2026-03-28T01:30:00.000Z');
    expect(next('02:30:00', '2026-03-29T08:00:00Z')).toBe('2026-03-30T00:30:00.000Z');
  });

  test('is the next of the two if the clocks are set back over it', () => {
    expect(next('02:30:00', '2026-10-24T20:00:00Z')).toBe('2026-10-25T00:30:00.000Z');
    expect(next('02:30:00', '2026-10-25T00:45:00Z')).toBe('2026-10-25T01:30:00.000Z');
    expect(next('02:30:00', '2026-10-25T01:45:00Z')).toBe('2026-10-26T01:30:00.000Z');
  });

  test('is found in zones with offsets of half an hour and beyond half a day', () => {
    expect(next('09:00:00', '2026-11-27T00:00:00Z', new Zone('Asia/Kathmandu'))).toBe('2026-11-27T03:15:00.000Z');
    expect(next('09:00:00', '2026-11-27T00:00:00Z', new Zone('Pacific/Kiritimati'))).toBe('2026-11-27T19:00:00.000Z');
    expect(next('02:15:00', '2026-10-03T10:00:00Z', new Zone('Australia/Lord_Howe'))).toBe('skipped');
  });
});
