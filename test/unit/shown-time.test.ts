import { describe, expect, test } from 'vitest';
import { timeTextAt } from '../../src/commands/shown-time.ts';
import { utcOffsetAt } from '../../src/time/zone-offset.ts';

const instant = Date.parse('2026-11-25T15:03:27Z');

describe('the shown time', () => {
  test('follows the offset of the server, also for a zone that this host does not know', () => {
    const zone = { zone: 'Mars/Olympus', utcOffsetMs: -25_200_000, nextUtcOffset: null };
    expect(timeTextAt(zone, instant)).toBe('08:03:27');
  });

  test('follows the next offset from its instant on', () => {
    const zone = {
      zone: 'Europe/Madrid',
      utcOffsetMs: 7_200_000,
      nextUtcOffset: { at: instant, utcOffsetMs: 3_600_000 },
    };
    expect(timeTextAt(zone, instant - 1_000)).toBe('17:03:26');
    expect(timeTextAt(zone, instant)).toBe('16:03:27');
    expect(utcOffsetAt(zone, instant)).toBe(3_600_000);
  });

  test('follows the zone data of this host if the server sends no offset', () => {
    expect(timeTextAt({ zone: 'Europe/Madrid', utcOffsetMs: null, nextUtcOffset: null }, instant)).toBe('16:03:27');
  });

  test.each([null, 'Mars/Olympus'])('is null for the zone %s without an offset', (zone) => {
    expect(timeTextAt({ zone, utcOffsetMs: null, nextUtcOffset: null }, instant)).toBeNull();
  });
});
