import { describe, expect, test } from 'vitest';
import { zoneOffsets } from '../../src/time/zone-transitions.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

describe('zoneOffsets', () => {
  test.each([
    ['Europe/Madrid', Date.UTC(2026, 10, 23), 1, Date.UTC(2027, 2, 28, 1), 2],
    ['Europe/Madrid', Date.UTC(2026, 6, 1), 2, Date.UTC(2026, 9, 25, 1), 1],
    ['America/New_York', Date.UTC(2026, 0, 1), -5, Date.UTC(2026, 2, 8, 7), -4],
    ['Australia/Lord_Howe', Date.UTC(2026, 0, 1), 11, Date.UTC(2026, 3, 4, 15), 10.5],
    ['Asia/Kathmandu', Date.UTC(2026, 0, 1), 5.75, null, null],
    ['UTC', 0, 0, null, null],
    ['Etc/GMT+5', Date.UTC(2026, 0, 1), -5, null, null],
  ])('gives the offset of %s at %i and its next change', (zone, at, hours, nextAt, nextHours) => {
    const nextUtcOffset = nextAt === null ? null : { at: nextAt, utcOffsetMs: Number(nextHours) * hourMs };
    expect(zoneOffsets(zone, at)).toEqual({ utcOffsetMs: hours * hourMs, nextUtcOffset });
  });

  test('gives the new offset from the instant of the change on, and the old one just before', () => {
    const change = Date.UTC(2027, 2, 28, 1);
    expect(zoneOffsets('Europe/Paris', change - 1)).toMatchObject({
      utcOffsetMs: hourMs,
      nextUtcOffset: { at: change },
    });
    expect(zoneOffsets('Europe/Paris', change).utcOffsetMs).toBe(2 * hourMs);
    expect(zoneOffsets('Europe/Paris', change - 1).utcOffsetMs).toBe(hourMs);
  });

  test('contains a change 400 days ahead, and no later one', () => {
    const caracas = Date.UTC(2016, 4, 1, 7);
    expect(zoneOffsets('America/Caracas', caracas - 399 * dayMs).nextUtcOffset).toEqual({
      at: caracas,
      utcOffsetMs: -4 * hourMs,
    });
    expect(zoneOffsets('America/Caracas', caracas - 402 * dayMs).nextUtcOffset).toBeNull();
  });

  test('agrees with the formatted time on every day of ten years', () => {
    for (const zone of ['Europe/London', 'Africa/Casablanca', 'America/Sao_Paulo', 'Pacific/Apia']) {
      const format = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' });
      for (let at = Date.UTC(2010, 0, 1); at < Date.UTC(2020, 0, 1); at += dayMs) {
        const local = new Date(at + zoneOffsets(zone, at).utcOffsetMs).toISOString();
        expect(local.slice(0, 19).replace('T', ' ')).toBe(format.format(at));
      }
    }
  });

  test('throws for an unknown zone', () => {
    expect(() => zoneOffsets('Mars/Base', 0)).toThrow(RangeError);
  });
});
