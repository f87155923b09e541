import { SignJWT } from 'jose';
import { describe, expect, test } from 'vitest';
import { Jwt, type Claims } from '../../src/auth/jwt.ts';

const secret = 'a secret of these tests that has more than 32 bytes';
const other = 'another secret of these tests, long enough as well';
const now = Date.UTC(2026, 10, 25, 12);
const claims: Claims = { subject: 'ana', jti: 'abc', expiresAt: now + 60_000 };

function jwtAt(instant: number, ...secrets: [string, ...string[]]): Jwt {
  return new Jwt(
    () => secrets,
    () => instant,
  );
}

const jwt = jwtAt(now, secret);

/** A valid credential, except for the given change. */
async function forged(change: { typ?: string; iss?: string; aud?: string; alg?: string; without?: string }) {
  const payload: Record<string, unknown> = {
    iss: change.iss ?? 'clock',
    aud: change.aud ?? 'clock:session',
    sub: 'ana',
    jti: 'abc',
    iat: now / 1_000,
    exp: now / 1_000 + 60,
  };
  if (change.without !== undefined) delete payload[change.without];
  return new SignJWT(payload)
    .setProtectedHeader({ alg: change.alg ?? 'HS256', typ: change.typ ?? 'session+jwt' })
    .sign(Buffer.from(secret));
}

describe('Jwt', () => {
  test('verifies to the claims that were signed', async () => {
    expect(jwt.verify('session', await jwt.sign('session', claims))).toEqual(claims);
    const token = { ...claims, label: 'the wall' };
    expect(jwt.verify('token', await jwt.sign('token', token))).toEqual(token);
  });

  test('accepts the credential that these tests build, if nothing is changed', async () => {
    expect(jwt.verify('session', await forged({}))).toMatchObject({ subject: 'ana' });
  });

  test.each([
    ['another typ', { typ: 'token+jwt' }],
    ['a plain typ', { typ: 'JWT' }],
    ['another issuer', { iss: 'o’clock' }],
    ['another audience', { aud: 'clock:token' }],
    ['another algorithm', { alg: 'HS512' }],
    ['no account', { without: 'sub' }],
    ['no id', { without: 'jti' }],
    ['no time of issue', { without: 'iat' }],
    ['no expiry', { without: 'exp' }],
  ])('refuses a credential with %s', async (_, change) => {
    expect(jwt.verify('session', await forged(change))).toBeNull();
  });

  test('refuses a credential without a signature', async () => {
    const [, payload] = (await jwt.sign('session', claims)).split('.');
    const header = Buffer.from(JSON.stringify({ alg: 'none', typ: 'session+jwt' })).toString('base64url');
    expect(jwt.verify('session', `${header}.${payload}.`)).toBeNull();
  });

  test('refuses a changed payload', async () => {
    const [header, , signature] = (await jwt.sign('session', claims)).split('.');
    const [, payload] = (await jwt.sign('session', { ...claims, subject: 'admin' })).split('.');
    expect(jwt.verify('session', `${header}.${payload}.${signature}`)).toBeNull();
  });

  test.each(['', '.', '..', 'a.b.c', 'x'.repeat(10_000), '\u0000'])('refuses the text %j', async (text) => {
    expect(jwt.verify('session', text)).toBeNull();
  });

  test('refuses a session as a token and a token as a session', async () => {
    expect(jwt.verify('token', await jwt.sign('session', claims))).toBeNull();
    expect(jwt.verify('session', await jwt.sign('token', claims))).toBeNull();
  });

  test('compares the expiry with house time, not with the host’s clock', async () => {
    const credential = await jwt.sign('session', claims);
    expect(jwtAt(claims.expiresAt - 1_000, secret).verify('session', credential)).not.toBeNull();
    expect(jwtAt(claims.expiresAt, secret).verify('session', credential)).toBeNull();
  });

  test('verifies with every secret and signs with the first', async () => {
    const credential = await jwt.sign('session', claims);
    expect(jwtAt(now, other, secret).verify('session', credential)).not.toBeNull();
    expect(jwtAt(now, other).verify('session', credential)).toBeNull();
    expect(jwt.verify('session', await jwtAt(now, other, secret).sign('session', claims))).toBeNull();
  });
});
