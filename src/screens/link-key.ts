import { createHmac, randomInt, timingSafeEqual } from 'node:crypto';

/** Lower-case base 32 (RFC 4648, 6): a key can be read aloud and typed. */
const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';
const prefix = 'clk_';
const idLength = 12;
const signatureLength = 20;
const pattern = new RegExp(`^${prefix}([a-z2-7]{${idLength}})([a-z2-7]{${signatureLength}})$`);

type Secrets = readonly [string, ...string[]];

/** A random link id, 60 bits. */
export function newLinkId(): string {
  return Array.from({ length: idLength }, () => alphabet[randomInt(alphabet.length)]).join('');
}

/** The key of a link: `clk_`, its id and 100 bits of an HMAC-SHA-256 of the id under the first secret. */
export function linkKey(id: string, [first]: Secrets): string {
  return `${prefix}${id}${signature(id, first)}`;
}

/** The id of the link that a key belongs to; null for a forged key. Needs no backend. */
export function verifyLinkKey(key: string, secrets: Secrets): string | null {
  const [, id, signed] = pattern.exec(key) ?? [];
  if (id === undefined || signed === undefined) return null;
  return secrets.some((secret) => timingSafeEqual(Buffer.from(signature(id, secret)), Buffer.from(signed))) ? id : null;
}

function signature(id: string, secret: string): string {
  const mac = createHmac('sha256', secret).update(`clock link ${id}`).digest();
  return Array.from(mac.subarray(0, signatureLength), (byte) => alphabet[byte % 32]).join('');
}
