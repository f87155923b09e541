import type { TextElement } from './set-text.ts';

/** The page's warnings, a sentence per subject: shown on the page and, once each, in the console. */
export class Warnings {
  readonly #elements: { readonly warnings: TextElement };
  readonly #texts = new Map<string, string>();
  readonly #logged = new Set<string>();

  constructor(elements: { readonly warnings: TextElement }) {
    this.#elements = elements;
  }

  get texts(): readonly string[] {
    return [...this.#texts.values()];
  }

  /** Shows a sentence about a subject, in place of the previous one; null removes it. */
  set(subject: string, text: string | null): void {
    if (text === (this.#texts.get(subject) ?? null)) return;
    if (text === null) this.#texts.delete(subject);
    else {
      this.#texts.set(subject, text);
      this.log(text);
    }
    this.#elements.warnings.textContent = this.texts.join('. ');
  }

  clear(): void {
    this.#texts.clear();
    this.#elements.warnings.textContent = '';
  }

  /** Writes a sentence only to the console. */
  log(text: string): void {
    if (this.#logged.has(text)) return;
    this.#logged.add(text);
    // oxlint-disable-next-line no-console -- Operators read in the console what a screen cannot show.
    console.warn(`Clock: ${text}`);
  }
}
