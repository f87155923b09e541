import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const docs = join(import.meta.dirname, '../../docs');

/** The blocks of a language on the page of this name, in order. */
export function blocksIn(page: string, language: string): string[] {
  const text = readFileSync(join(docs, `${page}.md`), 'utf8');
  return [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)]
    .filter(([, found]) => found === language)
    .map(([, , block = '']) => block);
}

/** A text with these parts replaced. Throws if one is missing: the docs have changed, and the test must follow. */
export function withReplaced(text: string, replacements: Readonly<Record<string, string>>): string {
  return Object.entries(replacements).reduce((before, [from, to]) => {
    if (!before.includes(from)) throw new Error(`the block in docs does not contain ${JSON.stringify(from)}`);
    return before.replaceAll(from, () => to);
  }, text);
}
