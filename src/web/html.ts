class Html {
  readonly #markup: string;

  constructor(markup: string) {
    this.#markup = markup;
  }

  toString(): string {
    return this.#markup;
  }
}

/** Markup that is safe to send. Only `html` makes one, so a text that nobody escaped can never pass for it. */
export type { Html };

/** What may stand in markup: text is escaped, `Html` is taken as it is, an array is joined, null is nothing. */
export type HtmlValue = Html | string | number | null | readonly HtmlValue[];

/**
 * A template tag: `` html`<b>${name}</b>` ``. Whatever is put in is escaped for text and for attributes in quotes;
 * it must not stand anywhere else, such as in an attribute without quotes or in a script.
 */
export function html(literals: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  // Indentation is for who reads the source: on the wire it would be a quarter of a page.
  const raw = literals.map((literal) => literal.replaceAll(/\n\s+/g, '\n'));
  return new Html(String.raw({ raw }, ...values.map(markupOf)));
}

function markupOf(value: HtmlValue): string {
  if (value === null) return '';
  if (value instanceof Html) return value.toString();
  if (typeof value === 'object') return value.map(markupOf).join('');
  return escape(String(value));
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}
