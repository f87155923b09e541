import { element } from './browser.ts';
import type { TextElement } from './set-text.ts';
import type { FaceElements } from './face.ts';
import type { Language } from './languages.ts';
import { chooseLanguage, translateText } from './translation.ts';

/** The elements that the page writes to while it runs. */
export interface PageElements extends FaceElements {
  warnings: TextElement;
}

/** The elements whose words the server wrote. */
const serverWords = ['#read', '#details', '#sign-in', '.account > a', '.account form button', '#error'];
/** The ids of elements that the page writes words to. */
const pageWords = ['state', 'warnings'] as const;
/** The English words of the elements that were translated. */
const originals = new Map<HTMLElement, { text: string; title: string }>();
const adapters = new Map<string, TranslatedElement>();

/**
 * Translates the page into a language. If that is null or has no translations, into the first language of the browser
 * that has some. The page continues to write English to `elements`, which are replaced by adapters that translate it.
 */
export function translate(language: string | null, elements: PageElements): void {
  const chosen = chooseLanguage([language ?? '', ...navigator.languages]);
  for (const found of document.querySelectorAll<HTMLElement>(serverWords.join())) {
    const original = originals.get(found) ?? { text: found.textContent ?? '', title: found.title };
    originals.set(found, original);
    setLanguage(found, chosen);
    if (original.title === '') found.textContent = translateText(original.text, chosen);
    else found.title = translateText(original.title, chosen);
  }
  for (const id of pageWords) {
    const adapter = adapterOf(id);
    setLanguage(adapter.element, chosen);
    adapter.setLanguage(chosen);
    elements[id] = adapter;
  }
  translateReading(chosen);
  // Its text is a time; its label is words.
  elements.display = adapterOf('display');
  adapterOf('display').setLanguage(chosen);
}

/** Translates the texts that are written to an element. Reading returns the original, as `setText` requires. */
class TranslatedElement {
  readonly element: HTMLElement;
  #text: string;
  #label: string;
  #language: Language | 'en' = 'en';

  constructor(element: HTMLElement) {
    this.element = element;
    this.#text = element.textContent ?? '';
    this.#label = element.getAttribute('aria-label') ?? '';
  }

  get textContent(): string {
    return this.#text;
  }

  set textContent(text: string) {
    this.#text = text;
    // The warnings are several sentences.
    const translated = text.split('. ').map((sentence) => translateText(sentence, this.#language));
    this.element.textContent = translated.join('. ');
  }

  setAttribute(name: 'aria-label', label: string): void {
    this.#label = label;
    this.element.setAttribute(name, translateText(label, this.#language));
  }

  setLanguage(language: Language | 'en'): void {
    this.#language = language;
    this.textContent = this.#text;
    if (this.#label !== '') this.setAttribute('aria-label', this.#label);
  }
}

/** The button's own listener was added first, so it writes the sentence in English before this one translates it. */
const onRead = (): void => {
  const adapter = adapterOf('reading');
  adapter.textContent = adapter.element.textContent ?? '';
};

function translateReading(language: Language | 'en'): void {
  const adapter = adapterOf('reading');
  setLanguage(adapter.element, language);
  adapter.setLanguage(language);
  // With the same listener, which is added once.
  element('read').addEventListener('click', onRead);
}

function adapterOf(id: string): TranslatedElement {
  const found = adapters.get(id) ?? new TranslatedElement(element(id));
  adapters.set(id, found);
  return found;
}

function setLanguage(element: HTMLElement, language: Language | 'en'): void {
  element.lang = language === 'zh' ? 'zh-Hans' : language;
  // The error is a number with a unit, which is written from left to right everywhere.
  element.dir = language === 'ar' && element.id !== 'error' ? 'rtl' : 'ltr';
}
