import { createHmac, timingSafeEqual, type KeyObject } from 'node:crypto';
import { base64url, decodeProtectedHeader, errors, type JWTPayload } from 'jose';
import { isObject } from '../protocol.ts';

/** What a JWT must contain besides its signature. */
export interface JwtRules {
  typ: string;
  issuer: string;
  audience: string;
  /** Claims that must be present besides `iss` and `aud`. */
  requiredClaims: readonly string[];
}

/** The headers of JWTs with a valid signature, by their encoded text: Clock's own have five different ones. */
const signedHeaders = new Map<string, Record<string, unknown>>();
const maxSignedHeaders = 16;
const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * The claims of an HS256 JWT that one of `keys` signed; null for any other text. Accepts exactly what `jose.jwtVerify`
 * accepts with the same rules, which a property test compares, but returns at once: jose verifies on another thread, so
 * a handshake could not be answered in the turn in which it arrived. `now` is epoch ms.
 */
export function verifyHs256(text: string, keys: readonly KeyObject[], rules: JwtRules, now: number): JWTPayload | null {
  try {
    const header = headerOf(text);
    const { 0: encodedHeader = '', 1: encodedPayload = '', 2: encodedSignature = '', length } = text.split('.');
    if (length !== 3 || header['alg'] !== 'HS256' || !hasKnownExtensions(header)) return null;
    const signature = decode(encodedSignature);
    const input = text.slice(0, text.lastIndexOf('.'));
    if (!keys.some((key) => isSignature(signature, input, key))) return null;
    if (signedHeaders.size < maxSignedHeaders) signedHeaders.set(encodedHeader, header);
    const claims: unknown = JSON.parse(utf8.decode(decode(encodedPayload)));
    return isObject(claims) && isTyp(header['typ'], rules.typ) && meets(claims, rules, now) ? claims : null;
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof TypeError || error instanceof SyntaxError) return null;
    throw error;
  }
}

/** The header of a JWT, not verified. Throws a `TypeError` for other text. */
export function headerOf(text: string): Record<string, unknown> {
  const encoded = text.slice(0, text.indexOf('.'));
  return signedHeaders.get(encoded) ?? { ...decodeProtectedHeader(text) };
}

/**
 * Like jose's `base64url.decode`, but in native code: jose's loop over the characters takes a tenth of the CPU time of a
 * handshake.
 */
function decode(encoded: string): Uint8Array {
  const isPlain = /^[\w-]+$/.test(encoded) && encoded.length % 4 !== 1;
  return isPlain ? Buffer.from(encoded, 'base64url') : base64url.decode(encoded);
}

function isSignature(signature: Uint8Array, input: string, key: KeyObject): boolean {
  const expected = createHmac('sha256', key).update(input).digest();
  return signature.length === expected.length && timingSafeEqual(signature, expected);
}

/** RFC 7515, 4.1.11: an extension that is marked as critical must be known. `b64` is, and a JWT must not switch it off. */
function hasKnownExtensions({ crit, b64 }: Record<string, unknown>): boolean {
  if (crit === undefined) return true;
  return Array.isArray(crit) && crit.length > 0 && crit.every((name) => name === 'b64') && b64 === true;
}

/** RFC 7515, 4.1.9: media types are compared without case, and a name without a slash is below `application/`. */
function isTyp(typ: unknown, expected: string): boolean {
  return typ === expected || (typeof typ === 'string' && mediaType(typ) === mediaType(expected));
}

function mediaType(typ: string): string {
  const name = typ.toLowerCase();
  return name.includes('/') ? name : `application/${name}`;
}

function meets(claims: JWTPayload, { issuer, audience, requiredClaims }: JwtRules, now: number): boolean {
  const nowS = Math.floor(now / 1_000);
  const { iss, aud, iat, nbf, exp } = claims;
  return (
    requiredClaims.every((claim) => Object.hasOwn(claims, claim)) &&
    iss === issuer &&
    (aud === audience || (Array.isArray(aud) && aud.includes(audience))) &&
    isInstant(iat) &&
    isInstant(nbf) &&
    isInstant(exp) &&
    (nbf === undefined || nbf <= nowS) &&
    (exp === undefined || exp > nowS)
  );
}

/** The types of the claims are only declared: the text may contain anything. */
function isInstant(claim: unknown): boolean {
  return claim === undefined || typeof claim === 'number';
}
