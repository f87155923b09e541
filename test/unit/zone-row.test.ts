import { describe, expect, test } from 'vitest';
import { faceParameters } from '../../src/client/face-parameters.ts';
import { dayText, daysApart } from '../../src/client/zone-day.ts';
import { shareRequests } from '../../src/client/zone-request.ts';

const offsets = { utcOffsetMs: 0, nextUtcOffset: null };

describe('zones=', () => {
  const { parse } = faceParameters.zones;

  test.each([
    ['Asia/Tokyo', [{ name: 'Asia/Tokyo', label: 'Tokyo' }]],
    ['America/New_York:', [{ name: 'America/New_York', label: 'New York' }]],
    ['Asia/Tokyo:東京', [{ name: 'Asia/Tokyo', label: '東京' }]],
    [' UTC : Zulu: Z ', [{ name: 'UTC', label: 'Zulu: Z' }]],
  ])('%j names a zone and its label', (text, zones) => {
    expect(parse(text.replace(' : ', ':'))).toEqual(zones);
  });

  test.each(['', ',', 'UTC,', 'Mars & Base', `UTC:${'x'.repeat(41)}`, Array.from({ length: 7 }, () => 'UTC').join()])(
    '%j is not allowed',
    (text) => {
      expect(parse(text)).toBeUndefined();
    },
  );
});

describe('the day of a zone', () => {
  const at = (text: string): number => Date.parse(`${text}Z`);

  test.each([
    ['2026-11-27T00:30:00', '2026-11-26T15:30:00', 1],
    ['2026-11-26T23:59:59', '2026-11-27T00:00:00', -1],
    ['2026-11-26T00:00:00', '2026-11-26T23:59:59', 0],
    ['1969-12-31T23:00:00', '1970-01-01T01:00:00', -1],
  ])('%s is %s: %i days apart', (wallClock, reference, days) => {
    expect(daysApart(at(wallClock), at(reference))).toBe(days);
  });

  test.each([
    [0, null, ''],
    [1, null, '+1 day'],
    [-1, 'en', '\u22121 day'],
    [2, 'es', '+2 días'],
  ])('%i is marked in the language of the face', (days, lang, text) => {
    expect(dayText(days, lang)).toBe(text);
  });
});

describe('requests for zones', () => {
  test('of the same turn are one, by distinct names', async () => {
    const requested: (readonly string[])[] = [];
    const fetchZone = shareRequests(async (names) => {
      requested.push(names);
      return Object.fromEntries(names.map((name) => [name, offsets]));
    });
    expect(await Promise.all([fetchZone('UTC'), fetchZone('Asia/Tokyo'), fetchZone('UTC')])).toEqual([
      offsets,
      offsets,
      offsets,
    ]);
    await fetchZone('Europe/Madrid');
    expect(requested).toEqual([['UTC', 'Asia/Tokyo'], ['Europe/Madrid']]);
  });

  test('are repeated by name if one of the names is unknown', async () => {
    const fetchZone = shareRequests(async (names) =>
      names.includes('Mars') ? null : Object.fromEntries(names.map((name) => [name, offsets])),
    );
    expect(await Promise.all([fetchZone('UTC'), fetchZone('Mars')])).toEqual([offsets, null]);
  });

  test('name at most 8 zones', async () => {
    const sizes: number[] = [];
    const fetchZone = shareRequests(async (names) => {
      sizes.push(names.length);
      return Object.fromEntries(names.map((name) => [name, offsets]));
    });
    await Promise.all(Array.from({ length: 9 }, (_, index) => fetchZone(`Zone/${index}`)));
    expect(sizes).toEqual([8, 1]);
  });

  test('reject together if there is no answer', async () => {
    const fetchZone = shareRequests(async () => {
      throw new Error('no answer');
    });
    await expect(Promise.all([fetchZone('UTC'), fetchZone('Asia/Tokyo')])).rejects.toThrow('no answer');
  });
});
