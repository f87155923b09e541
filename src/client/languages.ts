/** The languages besides English. */
export const translatedLanguages = ['es', 'de', 'fr', 'pt', 'it', 'nl', 'pl', 'ja', 'zh', 'ar'] as const;
export type Language = (typeof translatedLanguages)[number];

/**
 * By English text. `{text}` is a placeholder for a part that is not translated, `{words}` for one that is translated
 * separately. All translations have them in the same order. Of the templates that match
 * a text, the one with the most letters beside its placeholders is used.
 */
export type Translations = Readonly<Record<string, Readonly<Record<Language, string>>>>;
