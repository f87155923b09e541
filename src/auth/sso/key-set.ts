import { createPublicKey } from 'node:crypto';
import type { JWK } from 'jose';

/** The greatest size of a key set, and its greatest number of keys. */
export const maxKeySetBytes = 256 * 1024;
const maxKeys = 100;
const minRsaBits = 2_048;

const rsaAlgorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'];
/** By the name that OpenSSL gives the curve. */
const curveAlgorithms: Readonly<Record<string, string>> = {
  prime256v1: 'ES256',
  secp384r1: 'ES384',
  secp521r1: 'ES512',
};
const ed25519Algorithms = ['EdDSA', 'Ed25519'];

/** The algorithms of public keys. A secret that is published is none, so there is no HMAC. */
export const publicKeyAlgorithms = [...rsaAlgorithms, ...Object.values(curveAlgorithms), ...ed25519Algorithms];

/** The public keys of an issuer that can verify signatures. */
export interface KeySet {
  keys: JWK[];
  /** The number of its other keys: for encryption, of another kind, too short or malformed. */
  ignored: number;
}

/** A text that is not a usable key set. The message says why. */
export class BadKeySet extends Error {
  override readonly name = 'BadKeySet';
}

/**
 * Parses a JSON Web Key Set (RFC 7517). Throws a `BadKeySet` for another text, more than 100 keys, or keys none of which
 * is usable. A set without keys is valid: the issuer has withdrawn all.
 */
export function parseKeySet(text: string): KeySet {
  const { keys } = parseObject(text);
  if (!Array.isArray(keys)) throw new BadKeySet('it is not a JSON Web Key Set: the list "keys" is missing');
  if (keys.length > maxKeys) throw new BadKeySet(`it has ${keys.length} keys, more than ${maxKeys}`);
  const usable = keys.map(publicKeyOf).filter((key) => key !== null);
  if (usable.length === 0 && keys.length > 0) throw new BadKeySet('none of its keys can verify signatures');
  return { keys: usable, ignored: keys.length - usable.length };
}

/** Names the keys, such as `RS256 "a1", EC P-256 "b2"`. */
export function describeKeySet({ keys, ignored }: KeySet): string {
  const names = keys.map(({ kty, crv, alg, kid }) => {
    const kind = alg ?? [kty, crv].filter((part) => part !== undefined).join(' ');
    return kid === undefined ? kind : `${kind} ${JSON.stringify(kid.slice(0, 64))}`;
  });
  const others = ignored === 0 ? '' : `; ${ignored} ignored`;
  return `${keys.length} ${keys.length === 1 ? 'key' : 'keys'}${keys.length === 0 ? '' : `: ${names.join(', ')}`}${others}`;
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // As for a value that is not an object.
  }
  throw new BadKeySet('it is not a JSON object');
}

/** Only the members that describe a public key: what else a key may contain, such as `x5u`, is never used. */
function publicKeyOf(given: unknown): JWK | null {
  if (typeof given !== 'object' || given === null) return null;
  const members = given as Record<string, unknown>;
  const { kid, use, alg, key_ops: operations } = members;
  const isForSignatures = use === undefined || use === 'sig';
  const canVerify = operations === undefined || (Array.isArray(operations) && operations.includes('verify'));
  const isNamed = kid === undefined || typeof kid === 'string';
  if (!isForSignatures || !canVerify || !isNamed) return null;
  const material = ['kty', 'n', 'e', 'crv', 'x', 'y'].filter((name) => typeof members[name] === 'string');
  const key = Object.fromEntries(material.map((name) => [name, members[name]])) as unknown as JWK;
  const algorithms = algorithmsOf(key);
  if (alg === undefined ? algorithms.length === 0 : !algorithms.some((name) => name === alg)) return null;
  return { ...key, ...(kid === undefined ? {} : { kid }), ...(alg === undefined ? {} : { alg }) } as JWK;
}

/** The algorithms with which a public key verifies signatures; none for another key. */
function algorithmsOf(key: JWK): string[] {
  try {
    const { asymmetricKeyType: type, asymmetricKeyDetails: details } = createPublicKey({ key, format: 'jwk' });
    if (type === 'ed25519') return ed25519Algorithms;
    if (type === 'rsa') return (details?.modulusLength ?? 0) >= minRsaBits ? rsaAlgorithms : [];
    const algorithm = curveAlgorithms[details?.namedCurve ?? ''];
    return algorithm === undefined ? [] : [algorithm];
  } catch {
    return [];
  }
}
