import { randomInt } from 'node:crypto';

/** Consonants and digits without 0 and 1: no code spells a word, and no two characters look alike (RFC 8628, 6.1). */
const alphabet = 'BCDFGHJKLMNPQRSTVWXZ23456789';
const length = 8;
const pattern = new RegExp(`^[${alphabet}]{${length}}$`);

/** A random code, 38 bits: `BCDF2345`. */
export function newPairingCode(): string {
  return Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join('');
}

/** The code that a person typed: case, spaces and hyphens do not matter. Null if the text cannot be a code. */
export function parsePairingCode(text: string): string | null {
  const code = text.replaceAll(/[\s-]/g, '').toUpperCase();
  return pattern.test(code) ? code : null;
}

/** A code as it is shown: `BCDF-2345`. */
export function formatPairingCode(code: string): string {
  return `${code.slice(0, 4)}-${code.slice(4)}`;
}
