import { describe, expect, test } from 'vitest';
import { timeText, utcOffsetAt, utcOffsetOf, wallClockAt } from '../../src/time/zone-offset.ts';

const hourMs = 3_600_000;
const change = Date.parse('2026-10-25T01:00:00Z');
const madrid = { utcOffsetMs: 2 * hourMs, nextUtcOffset: { at: change, utcOffsetMs: hourMs } };

describe('utcOffsetAt', () => {
  test('is the present offset until the next change, and the next one from then on', () => {
    expect(utcOffsetAt(madrid, change - 1)).toBe(2 * hourMs);
    expect(utcOffsetAt(madrid, change)).toBe(hourMs);
  });

  test('is null while the offset is unknown', () => {
    expect(utcOffsetAt({ utcOffsetMs: null, nextUtcOffset: null }, change)).toBeNull();
  });
});

describe('wallClockAt', () => {
  test('reads as the zone does', () => {
    expect(timeText(wallClockAt(madrid, change - 1_000) ?? NaN)).toBe('02:59:59');
    expect(timeText(wallClockAt(madrid, change) ?? NaN)).toBe('02:00:00');
  });

  test('is null while the offset is unknown', () => {
    expect(wallClockAt({ utcOffsetMs: null, nextUtcOffset: null }, change)).toBeNull();
  });
});

describe('utcOffsetOf', () => {
  const at = Date.parse('2026-11-25T23:03:47.500Z');

  test.each([
    ['16:03:47', -8, -7],
    ['15:03:47', -8, -8],
    ['12:03:47', 12, 13],
    ['12:03:47', -12, -11],
    ['04:48:47', 5.5, 5.75],
  ])('of %s, near %d hours, is %d hours', (text, nearHours, hours) => {
    expect(utcOffsetOf(text, at, nearHours * hourMs)).toBe(hours * hourMs);
  });

  test.each(['16:03:48', '16:10:47', 'noon', ''])('is null if no quarter-hour gives %j', (text) => {
    expect(utcOffsetOf(text, at, 0)).toBeNull();
  });
});
