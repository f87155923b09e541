/**
 * Control characters, line and paragraph separators, and the characters that change the direction of the text around
 * them: a name must look the same wherever it is shown.
 */
const forbidden = /[\p{Cc}\p{Zl}\p{Zp}\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/u;

/** The key of a link, pasted into the wrong field. A name is shown and logged, and the key is a secret. */
const linkKey = /clk_[a-z2-7]{32}/;

/** What `parseScreenName` accepts, in one sentence for a person. */
export const nameRule =
  'A name has 1 to 64 characters, without control characters, marks that change the direction of text, or the key of a link.';
/** What `parseGroup` accepts, in one sentence for a person. */
export const groupRule = 'A group has 1 to 32 lower-case letters, digits, hyphens or underscores.';

/** A screen's name: NFC, trimmed, 1 to 64 code points. Null if the text is not a valid name. */
export function parseScreenName(text: string): string | null {
  const name = text.normalize('NFC').trim();
  const length = [...name].length;
  const isAllowed = !forbidden.test(name) && !linkKey.test(name) && name.isWellFormed();
  return length >= 1 && length <= 64 && isAllowed ? name : null;
}

/** A text for an error message, with `clk_...` instead of the key of a link. */
export function withoutKeys(text: string): string {
  return text.replace(linkKey, 'clk_...');
}

/** The key by which names are unique: names that differ only in case have the same one. */
export function nameKey(name: string): string {
  return name.normalize('NFC').toLowerCase();
}

/** A group: 1 to 32 lower-case letters, digits, `-` and `_`. Null if the text is not a valid group. */
export function parseGroup(text: string): string | null {
  return /^[a-z0-9_-]{1,32}$/.test(text) ? text : null;
}
