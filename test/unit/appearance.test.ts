import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readAppearance } from '../../src/client/appearance.ts';
import { type FaceParameter, faceParameters } from '../../src/client/face-parameters.ts';

const documentation = readFileSync(join(import.meta.dirname, '../../docs/faces.md'), 'utf8');

describe('readAppearance', () => {
  test('reads every parameter', () => {
    const { appearance, warnings } = readAppearance(
      '?face=analog&zone=Asia/Tokyo&zone2=UTC&zones=Europe/Madrid:Madrid,Etc/GMT+5,+05:30:Delhi&hours=12&seconds=off&date=on&weekday=1&lang=es&size=60&color=fff&background=%23000000' +
        '&trim=-40&show=off&shift=on&stale=dash',
    );
    expect(warnings).toEqual([]);
    expect(appearance).toEqual({
      face: 'analog',
      zone: 'Asia/Tokyo',
      zone2: 'UTC',
      zones: [
        { name: 'Europe/Madrid', label: 'Madrid' },
        { name: 'Etc/GMT+5', label: 'GMT+5' },
        { name: '+05:30', label: 'Delhi' },
      ],
      hours: 12,
      seconds: false,
      date: true,
      weekday: true,
      lang: 'es',
      size: 60,
      color: '#ffffff',
      background: '#000000',
      isTransparent: false,
      trim: -40,
      show: false,
      shift: true,
      stale: 'dash',
    });
  });

  test('replaces each value that is not allowed by its default, with a warning', () => {
    const plain = readAppearance('').appearance;
    const bad =
      'face=sundial&zone=Mars%20%26%20Base&hours=13&seconds=maybe&lang=!&size=1e9&color=red&trim=x&stale=melt&foo=1';
    const { appearance, warnings } = readAppearance(`?${bad}`);
    expect(appearance).toEqual(plain);
    expect(warnings).toHaveLength(bad.split('&').length);
    expect(warnings[0]).toBe('face=sundial is ignored: it must be digital, analog or 12h');
  });

  test.each([
    ['color=777777&background=888888', 'their contrast is 1.3 and must be at least 7'],
    ['color=777777', 'each requires the other'],
  ])('ignores colors that are hard to read: %s', (query, why) => {
    const { appearance, warnings } = readAppearance(query);
    expect(appearance.color).toBeNull();
    expect(appearance.background).toBeNull();
    expect(warnings).toEqual([`color and background are ignored: ${why}`]);
  });

  test.each([
    ['zone=UTC&zone=Asia/Tokyo', ['zone is given more than once: the first value is used']],
    ['foo=1&foo=2', ['foo is unknown and ignored']],
    ['seconds=', ['seconds= is ignored: it must be on or off']],
    ['lang=xx', ['lang=xx is ignored: it must be a language tag that the browser supports']],
  ])('warns in one sentence about %s', (query, lines) => {
    expect(readAppearance(query).warnings).toEqual(lines);
  });

  test.each([
    ['color=ffffff', '#000000'],
    ['color=1020a0', '#ffffff'],
    ['color=777777', null],
  ])('gives text over a video a halo in black or white: %s', (query, background) => {
    const { appearance, warnings } = readAppearance(`background=transparent&${query}`);
    expect(appearance).toMatchObject({ background, isTransparent: true });
    expect(warnings).toEqual(background === null ? ['color is ignored: no halo gives it a contrast of 7'] : []);
  });

  test('understands 12h as a face and transparent as a background', () => {
    expect(readAppearance('face=12h').appearance).toMatchObject({ face: 'digital', hours: 12 });
    expect(readAppearance('background=transparent').appearance.isTransparent).toBe(true);
  });

  test.each([
    ['', 'face=analog&date=on', { face: 'analog', date: true }],
    ['?face=digital', 'face=analog&date=on', { face: 'digital', date: true }],
    ['?date=off&zone=Etc/GMT+5', 'date=on&zone=UTC&seconds=off', { date: false, zone: 'Etc/GMT+5', seconds: false }],
    ['?zone2=UTC', '', { zone2: 'UTC', face: 'digital' }],
    ['?face=12h', 'hours=24', { face: 'digital', hours: 24 }],
  ])('takes from what operators set the parameters that the address %s does not contain: %s', (own, set, expected) => {
    expect(readAppearance(own, set)).toMatchObject({ appearance: expected, warnings: [] });
  });

  test('warns about what operators set as about the address, which wins also with a value that is not allowed', () => {
    const { appearance, warnings } = readAppearance('?hours=13', 'hours=12&size=1');
    expect(appearance).toMatchObject({ hours: 24, size: 100 });
    expect(warnings).toEqual(['hours=13 is ignored: it must be 24 or 12', 'size=1 is ignored: it must be 10 to 100']);
  });

  test('takes the + of a zone name, which a query decodes as a space', () => {
    expect(readAppearance('?zone=Etc/GMT+5')).toMatchObject({ appearance: { zone: 'Etc/GMT+5' }, warnings: [] });
  });
});

describe('faceParameters', () => {
  const entries = Object.entries<FaceParameter<unknown>>(faceParameters);
  const appearance: Record<string, unknown> = { ...readAppearance('').appearance };

  test.each(entries)(
    '%s: its choices and examples are allowed, and so is what docs/faces.md says',
    (name, parameter) => {
      const { choices } = parameter;
      for (const text of [choices].flat()) expect(parameter.parse(text)).not.toBeUndefined();
      expect(appearance).toHaveProperty(name);
      const row = new RegExp(`^\\| \`${name}\` \\|(.*)\\|$`, 'm').exec(documentation)?.[1] ?? '';
      expect(row).toContain(parameter.meaning);
      const words = typeof choices === 'string' ? [parameter.values] : choices.map((choice) => `\`${choice}\``);
      for (const word of words) expect(row).toContain(word);
    },
  );

  test('are all that docs/faces.md lists, in the same order', () => {
    const [table = ''] = /^\| parameter [^]*?(?=^<!--)/m.exec(documentation) ?? [];
    const names = [...table.matchAll(/^\| `(\w+)` /gm)].map(([, name]) => name);
    expect(names).toEqual(entries.map(([name]) => name));
  });
});
