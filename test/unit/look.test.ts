import { describe, expect, test } from 'vitest';
import { readLook } from '../../src/client/look.ts';

describe('the look of a clock', () => {
  test('is what its address says', () => {
    const { look, complaints } = readLook(
      '?face=analog&zone=Asia/Tokyo&zone2=UTC&hours=12&seconds=off&date=on&weekday=1&lang=es&size=60&ink=fff&ground=%23000000' +
        '&trim=-40&shift=on&stale=dash',
    );
    expect(complaints).toEqual([]);
    expect(look).toEqual({
      face: 'analog',
      zone: 'Asia/Tokyo',
      zone2: 'UTC',
      hours: 12,
      seconds: false,
      date: true,
      weekday: true,
      lang: 'es',
      size: 60,
      ink: '#ffffff',
      ground: '#000000',
      isTransparent: false,
      trimMs: -40,
      shift: true,
      stale: 'dash',
    });
  });

  test('is the plain one where the address says nothing, or nothing that can be', () => {
    const plain = readLook('').look;
    const bad = 'face=sundial&zone=Mars/Base&hours=13&seconds=maybe&lang=!&size=1e9&ink=red&trim=x&stale=melt&foo=1';
    const { look, complaints } = readLook(`?${bad}`);
    expect(look).toEqual(plain);
    expect(complaints).toHaveLength(bad.split('&').length);
    expect(complaints[0]).toBe('face=sundial is not known: passed over');
  });

  test.each([
    ['ink=777777&ground=888888', 'their contrast is 1.3, and 7 is needed'],
    ['ink=777777', 'one without the other'],
  ])('takes no colours that are hard to read: %s', (query, why) => {
    const { look, complaints } = readLook(query);
    expect(look.ink).toBeNull();
    expect(look.ground).toBeNull();
    expect(complaints).toEqual([`ink and ground are passed over: ${why}`]);
  });

  test.each([
    ['zone=UTC&zone=Asia/Tokyo', ['zone is given more than once: the first one counts']],
    ['foo=1&foo=2', ['foo is not known: passed over']],
    ['seconds=', ['seconds= is not known: passed over']],
    ['lang=xx', ['lang=xx is not known: passed over']],
  ])('says in one line what it makes of %s', (query, lines) => {
    expect(readLook(query).complaints).toEqual(lines);
  });

  test.each([
    ['ink=ffffff', '#000000'],
    ['ink=1020a0', '#ffffff'],
    ['ink=777777', null],
  ])('has over a video a halo that its colour stands out from: %s', (query, ground) => {
    const { look, complaints } = readLook(`ground=transparent&${query}`);
    expect(look).toMatchObject({ ground, isTransparent: true });
    expect(complaints).toEqual(ground === null ? ['ink is passed over: no halo gives it a contrast of 7'] : []);
  });

  test('has the names of faces that operators know', () => {
    expect(readLook('face=12h').look).toMatchObject({ face: 'digital', hours: 12 });
    expect(readLook('ground=transparent').look.isTransparent).toBe(true);
  });
});
