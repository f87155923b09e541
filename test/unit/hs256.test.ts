import { createHmac, createSecretKey } from 'node:crypto';
import fc from 'fast-check';
import { jwtVerify, type JWTPayload } from 'jose';
import { describe, expect, test } from 'vitest';
import { verifyHs256, type JwtRules } from '../../src/auth/hs256.ts';
import '../support/properties.ts';

const now = Date.UTC(2026, 10, 27);
const nowS = now / 1_000;
const keys = ['a secret of these tests that has more than 32 bytes', 'another secret, also of more than 32 bytes'].map(
  (secret) => createSecretKey(secret, 'utf8'),
);
const rules: JwtRules = {
  typ: 'session+jwt',
  issuer: 'clock',
  audience: 'clock:session',
  requiredClaims: ['sub', 'jti', 'iat', 'exp'],
};
const header = { alg: 'HS256', typ: 'session+jwt' };
const claims = { iss: 'clock', aud: 'clock:session', sub: 'ana', jti: 'abc', iat: nowS, exp: nowS + 60 };

/** What jose decides with the same rules and keys. */
async function joseVerify(text: string): Promise<JWTPayload | null> {
  for (const key of keys) {
    const { typ, issuer, audience } = rules;
    const options = { algorithms: ['HS256'], typ, issuer, audience, currentDate: new Date(now) };
    const requiredClaims = [...rules.requiredClaims];
    const verified = await jwtVerify(text, key, { ...options, requiredClaims }).catch(() => null);
    if (verified !== null) return verified.payload;
  }
  return null;
}

function encoded(value: unknown): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
}

function signed(encodedHeader: string, encodedClaims: string, key = keys[0]): string {
  const input = `${encodedHeader}.${encodedClaims}`;
  return `${input}.${key === undefined ? '' : createHmac('sha256', key).update(input).digest('base64url')}`;
}

const anything = fc.oneof(
  fc.jsonValue(),
  fc.integer({ min: nowS - 2, max: nowS + 2 }),
  fc.constantFrom('HS256', 'HS512', 'none', 'Session+JWT', 'application/session+jwt', 'token+jwt', 'a/b', '', null),
  fc.constantFrom(['b64'], ['b64', 'b64'], ['exp'], [], ['clock:session'], ['other', 'clock:session'], 'clock:token'),
  fc.boolean(),
);
/** An object with some members replaced, added or removed. */
const changed = (object: object, names: readonly string[]) =>
  fc
    .array(fc.tuple(fc.constantFrom(...names), fc.option(anything, { nil: undefined })), { maxLength: 3 })
    .map((changes) => ({ ...object, ...Object.fromEntries(changes) }));
const headers = changed(header, ['alg', 'typ', 'crit', 'b64', 'kid', '__proto__']);
const payloads = changed(claims, ['iss', 'aud', 'sub', 'jti', 'iat', 'nbf', 'exp', 'label', '__proto__']);
const signer = fc.constantFrom(...keys, createSecretKey('a secret that this process does not have', 'utf8'));
const structured = fc.tuple(headers, payloads, signer).map(([h, p, key]) => signed(encoded(h), encoded(p), key));
const malformed = fc
  .tuple(
    fc.oneof(fc.constant(encoded(header)), fc.string(), fc.string().map(encoded)),
    fc.oneof(fc.constant(encoded(claims)), fc.string(), fc.json().map(encoded)),
  )
  .map(([h, p]) => signed(h, p));
/** A valid text with one piece replaced. */
const edited = fc
  .tuple(structured, fc.nat(), fc.nat({ max: 3 }), fc.string({ unit: 'binary', maxLength: 3 }))
  .map(([text, at, length, piece]) => {
    const start = at % (text.length + 1);
    return text.slice(0, start) + piece + text.slice(start + length);
  });

describe('verifyHs256', () => {
  test.each([
    ['credentials with other headers and claims', structured],
    ['signed text that is no JWT', malformed],
    ['credentials with a changed piece', edited],
  ])('decides as jose does about %s', async (_, texts) => {
    await fc.assert(
      fc.asyncProperty(texts, async (text) => {
        expect(verifyHs256(text, keys, rules, now)).toEqual(await joseVerify(text));
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    ['valid', signed(encoded(header), encoded(claims)), true],
    ['signed with the second key', signed(encoded(header), encoded(claims), keys[1]), true],
    ['padded', `${signed(encoded(header), encoded(claims))}=`, true],
    ['with a blank inside', signed(encoded(header), ` ${encoded(claims)}`), true],
    ['not UTF-8', signed(encoded(header), Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]).toString('base64url')), false],
    ['with a byte order mark', signed(encoded(header), encoded(`\ufeff${JSON.stringify(claims)}`)), true],
    ['of five parts', `${signed(encoded(header), encoded(claims))}.a.b`, false],
    ['of an unencoded payload', signed(encoded({ ...header, crit: ['b64'], b64: false }), 'x'), false],
    ['with a known extension', signed(encoded({ ...header, crit: ['b64'], b64: true }), encoded(claims)), true],
    ['with an unknown extension', signed(encoded({ ...header, crit: ['x'], x: 1 }), encoded(claims)), false],
    ['expired in this second', signed(encoded(header), encoded({ ...claims, exp: nowS })), false],
    ['not valid before the next second', signed(encoded(header), encoded({ ...claims, nbf: nowS + 1 })), false],
  ])('decides as jose does about a credential that is %s', async (_, text, isAccepted) => {
    const expected = await joseVerify(text);
    expect(expected !== null).toBe(isAccepted);
    expect(verifyHs256(text, keys, rules, now)).toEqual(expected);
  });
});
