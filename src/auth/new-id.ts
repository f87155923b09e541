import { randomBytes } from 'node:crypto';

/** 128 random bits, as text that is valid in a URL. */
export function newId(): string {
  return randomBytes(16).toString('base64url');
}
