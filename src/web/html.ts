class Html {
  readonly #markup: string;

  constructor(markup: string) {
    this.#markup = markup;
  }

  toString(): string {
    return this.#markup;
  }
}

/** Markup that is safe to send. Only `html` creates it, so unescaped text cannot be used as markup. */
export type { Html };

/** What a template accepts. Text and numbers are escaped, `Html` is unchanged, arrays are joined, null is empty. */
export type HtmlValue = Html | string | number | null | readonly HtmlValue[];

/**
 * A template tag: `` html`<b>${name}</b>` ``. Values are escaped for text and for quoted attributes. They are not safe
 * anywhere else, such as in an unquoted attribute or a script.
 */
export function html(literals: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  // Without the indentation of the source, which would be a quarter of a page.
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
