import { stateWords } from './state-words.ts';
import { type Language, translatedLanguages, type Translations } from './languages.ts';
import { parameterWords } from './parameter-words.ts';
import { warningWords } from './warning-words.ts';

/** `{text}` stays as it is; `{words}` are translated. */
const placeholders = /\{(?:text|words)\}/g;
/** The templates with the most letters first, since `{text} to {text}` matches a part of many other texts. */
const templates = Object.entries<Translations[string]>({ ...stateWords, ...parameterWords, ...warningWords }).sort(
  ([a], [b]) => ownLength(b) - ownLength(a),
);

/** The first of the languages, given as BCP 47 tags, that has translations; English if none has. */
export function chooseLanguage(tags: readonly string[]): Language | 'en' {
  for (const tag of tags) {
    const primary = tag.toLowerCase().split('-')[0];
    const known = ([...translatedLanguages, 'en'] as const).find((language) => language === primary);
    if (known !== undefined) return known;
  }
  return 'en';
}

/** An unknown text stays English. */
export function translateText(english: string, language: Language | 'en'): string {
  if (language === 'en') return english;
  for (const [template, translations] of templates) {
    const values = valuesOf(english, template);
    if (values === null) continue;
    return translations[language].replace(placeholders, (kind) => {
      const value = values.shift() ?? '';
      if (kind === '{words}') return translateText(value, language);
      // Isolated, since it may be written in the other direction.
      return language === 'ar' ? `\u2068${value}\u2069` : value;
    });
  }
  return english;
}

function ownLength(template: string): number {
  return template.replace(placeholders, '').length;
}

/** What a text has in place of the placeholders; null if it does not follow the template. */
function valuesOf(text: string, template: string): string[] | null {
  const source = template.replace(/[.+]/g, '\\$&').replace(placeholders, '(.+)');
  return new RegExp(`^${source}$`).exec(text)?.slice(1) ?? null;
}
