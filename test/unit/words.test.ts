import { describe, expect, test } from 'vitest';
import { readAppearance } from '../../src/client/appearance.ts';
import { Face } from '../../src/client/face.ts';
import { stateWords } from '../../src/client/state-words.ts';
import { ThemeZones } from '../../src/client/theme-zones.ts';
import { translatedLanguages } from '../../src/client/languages.ts';
import { parameterWords } from '../../src/client/parameter-words.ts';
import { warningWords } from '../../src/client/warning-words.ts';
import { chooseLanguage, translateText } from '../../src/client/translation.ts';

const rows = Object.entries({ ...stateWords, ...parameterWords, ...warningWords });
const placeholdersOf = (text: string): string[] => text.match(/\{\w+\}/g) ?? [];

describe('the table of words', () => {
  test.each(rows)(
    '%s: every language has it, with the same placeholders in the same order',
    (english, translations) => {
      expect(Object.keys(translations)).toEqual([...translatedLanguages]);
      for (const translation of Object.values(translations)) {
        expect(translation.trim()).not.toBe('');
        expect(placeholdersOf(translation)).toEqual(placeholdersOf(english));
      }
    },
  );

  test('has every warning about an address', () => {
    const queries = [
      'face=x&zone=!&zone2=!&zones=!&hours=13&seconds=x&date=x&weekday=x&lang=!&size=1&trim=x&shift=x&stale=x&foo=1',
      'color=x&background=x&zone=UTC&zone=UTC',
      'color=777777',
      'color=777777&background=888888',
      'color=777777&background=transparent',
    ];
    const warnings = queries.flatMap((query) => readAppearance(query).warnings);
    expect(warnings.length).toBeGreaterThan(15);
    for (const warning of warnings) expectTranslated(warning);
  });

  test.each([
    [null, 'zone=Mars is unknown to the server: the time is shown in Europe/Madrid'],
    ['failing', 'zone=Mars: its offset could not be loaded from the server; trying again'],
  ])('has every warning about a zone: %s', async (answer, expected) => {
    const zones = new ThemeZones(
      { zone: 'Mars', zone2: 'Mars', zones: [{ name: 'Mars', label: 'Mars' }] },
      {
        fetchOffsets: async () => {
          if (answer === 'failing') throw new Error('no answer');
          return null;
        },
        schedule: () => () => {},
        random: () => 0,
        onChange: () => {},
      },
    );
    await zones.load();
    const houseZone = { name: 'Europe/Madrid', wallClockAt: () => null };
    expect(zones.resolve(houseZone).warnings['zone']).toBe(expected);
    for (const beside of [houseZone, null]) {
      for (const warning of Object.values(zones.resolve(beside).warnings)) expectTranslated(warning ?? '');
    }
    zones.stop();
  });

  test('has everything that a face says', () => {
    const said = new Set<string>();
    const element = {
      get textContent() {
        return '';
      },
      set textContent(english: string) {
        said.add(english);
      },
      setAttribute: (_name: 'aria-label', english: string) => said.add(english),
    };
    const display = { textContent: '', setAttribute: element.setAttribute };
    const face = new Face({ root: { dataset: {} }, display, state: element, error: { textContent: '' } });
    face.setZones(null, null);
    said.add(face.describe().replace(/, $/, ''));
    const states = ['connecting', 'live', 'stale', 'signed-out'] as const;
    for (const state of states) face.setState(state);
    face.setZones({ name: 'UTC', wallClockAt: (instant) => instant }, null);
    face.show(0);
    for (const state of states) face.setState(state);
    expect([...said].toSorted()).toEqual([
      'Connecting',
      'Live',
      'No time',
      'Signed out: no signal',
      'Signed out: stopped at 00:00:00',
      'Stale: no signal',
      'Stale: stopped at 00:00:00',
      'Time',
      'Time in UTC',
    ]);
    for (const english of said) if (english !== 'Live') expectTranslated(english);
  });

  function expectTranslated(english: string): void {
    for (const language of translatedLanguages) expect(translateText(english, language)).not.toBe(english);
  }
});

describe('translateText', () => {
  test.each([
    ['Stale: stopped at 02:59:59', 'de', 'Veraltet: stehen geblieben um 02:59:59'],
    ['hours=13 is ignored: it must be 24 or 12', 'es', 'hours=13 se ignora: debe ser 24 o 12'],
    ['size=1 is ignored: it must be 10 to 100', 'fr', 'size=1 est ignoré : valeur attendue : de 10 à 100'],
    [
      'background=x is ignored: it must be a color in hex, or transparent',
      'nl',
      'background=x wordt genegeerd: toegestaan is een kleur als hexwaarde of transparent',
    ],
    [
      'zone=Mars is unknown to the server: the time is shown in Europe/Madrid',
      'de',
      'zone=Mars ist dem Server unbekannt: es gilt die Uhrzeit von Europe/Madrid',
    ],
    ['a or b is unknown and ignored', 'de', 'a or b ist unbekannt und wird ignoriert'],
    ['Time in Europe/Madrid', 'ar', 'الوقت في \u2068Europe/Madrid\u2069'],
    ['02:59:59, Live', 'pl', '02:59:59, Na żywo'],
    ['No time, Stale: no signal', 'ja', '時刻なし、更新停止：信号がありません'],
    ['Live', 'en', 'Live'],
    ['What nobody translated', 'ja', 'What nobody translated'],
  ] as const)('%s in %s', (english, language, translation) => {
    expect(translateText(english, language)).toBe(translation);
  });
});

describe('chooseLanguage', () => {
  test.each([
    [['de'], 'de'],
    [['pt-BR', 'en'], 'pt'],
    [['zh-TW'], 'zh'],
    [['ko', 'es-MX'], 'es'],
    [['', 'FR-ca'], 'fr'],
    [['ko', 'en-GB', 'de'], 'en'],
    [['!', 'constructor'], 'en'],
    [[], 'en'],
  ])('of %j is %s', (tags, language) => {
    expect(chooseLanguage(tags)).toBe(language);
  });
});
