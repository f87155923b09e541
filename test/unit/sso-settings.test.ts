import { describe, expect, test } from 'vitest';
import { claimOf, hasClaim } from '../../src/auth/sso/claims.ts';
import type { Session } from '../../src/auth/session.ts';
import { readOptions } from '../../src/config.ts';
import { UserError } from '../../src/lifecycle.ts';
import { webOptions } from '../../src/web/options.ts';
import { recheckAt } from '../../src/web/recheck.ts';
import { cookiePrefixOf, ssoSettings } from '../../src/web/sso-settings.ts';

const secret = 'a secret that both applications know';

function settingsOf(environment: Record<string, string>) {
  return ssoSettings(readOptions(webOptions, {}, environment));
}

describe('the options of a shared sign-in', () => {
  test('are optional', () => {
    expect(settingsOf({})).toBeNull();
    expect(cookiePrefixOf(readOptions(webOptions, {}, {}))).toBe('');
  });

  test('have defaults', () => {
    const settings = settingsOf({ CLOCK_SSO_SECRET: secret, CLOCK_SSO_AUDIENCE: 'clock' });
    expect(settings).toMatchObject({ tokens: { rules: { audience: 'clock', claim: 'sub' } }, recheckMs: 300_000 });
  });

  test('warn of a range of proxies that is wide, and of keys over http', () => {
    const warnings = (environment: Record<string, string>): number | undefined =>
      settingsOf({ CLOCK_SSO_AUDIENCE: 'clock', ...environment })?.warnings.length;
    const keys = { CLOCK_SSO_JWKS: 'https://id.example.org/jwks' };
    const header = { ...keys, CLOCK_SSO_USER_HEADER: 'X-Remote-User' };
    expect(warnings({ ...keys, CLOCK_TRUSTED_PROXY: '10.0.0.0/8' })).toBe(0);
    expect(warnings({ ...header, CLOCK_TRUSTED_PROXY: '10.0.0.0/24,fd00::/64,127.0.0.1' })).toBe(0);
    expect(warnings({ ...header, CLOCK_TRUSTED_PROXY: '10.0.0.0/23' })).toBe(1);
    expect(warnings({ ...header, CLOCK_TRUSTED_PROXY: 'fd00::/63' })).toBe(1);
    expect(warnings({ CLOCK_SSO_JWKS: 'http://id.example.org/jwks' })).toBe(1);
  });

  test('change the prefix of the cookies, unless one is given', () => {
    const prefix = (environment: Record<string, string>): string =>
      cookiePrefixOf(readOptions(webOptions, {}, { CLOCK_SSO_JWKS: 'https://id.example/jwks', ...environment }));
    expect(prefix({})).toBe('clock_');
    expect(prefix({ CLOCK_COOKIE_PREFIX: 'lobby-' })).toBe('lobby-');
    expect(cookiePrefixOf(readOptions(webOptions, { cookiePrefix: '', ssoJwks: '/jwks.json' }, {}))).toBe('');
  });

  const jwks = { CLOCK_SSO_JWKS: 'https://id.example.org/jwks', CLOCK_SSO_AUDIENCE: 'clock' };
  test.each<[string, Record<string, string>]>([
    ['--sso-jwks and CLOCK_SSO_SECRET', { ...jwks, CLOCK_SSO_SECRET: secret }],
    ['--sso-audience: missing', { CLOCK_SSO_JWKS: '/etc/jwks.json' }],
    ['--sso-audience: missing', { CLOCK_SSO_SECRET: secret }],
    ['CLOCK_SSO_SECRET: must differ', { CLOCK_SSO_AUDIENCE: 'c', CLOCK_SSO_SECRET: secret, CLOCK_SECRET: secret }],
    [
      'CLOCK_SSO_SECRET: must differ',
      { CLOCK_SSO_AUDIENCE: 'c', CLOCK_SSO_SECRET: `${secret}2,${secret}`, CLOCK_SECRET: `${secret}3,${secret}` },
    ],
    ['--sso-cookie: "clock_sessionid"', { ...jwks, CLOCK_SSO_COOKIE: 'clock_sessionid' }],
    ['--sso-cookie: "__Host-clock_sessionid"', { ...jwks, CLOCK_SSO_COOKIE: '__Host-clock_sessionid' }],
    ['--sso-cookie: "a_csrftoken"', { ...jwks, CLOCK_COOKIE_PREFIX: 'a_', CLOCK_SSO_COOKIE: 'a_csrftoken' }],
    ['--sso-audience: needs', { CLOCK_SSO_AUDIENCE: 'clock' }],
    ['--sso-cookie: needs', { CLOCK_SSO_COOKIE: 'app_jwt' }],
    ['--sso-operators: needs', { CLOCK_SSO_OPERATORS: 'groups=ops' }],
    ['--sso-user-header: needs --trusted-proxy', { CLOCK_SSO_USER_HEADER: 'X-Remote-User' }],
    [
      '--sso-user-header and --sso-header',
      { ...jwks, CLOCK_SSO_HEADER: 'X-A', CLOCK_SSO_USER_HEADER: 'x-a', CLOCK_TRUSTED_PROXY: '127.0.0.1' },
    ],
    ['--sso-sign-in: needs', { CLOCK_SSO_SIGN_IN: 'https://app.example.org' }],
    ['--sso-sign-out: needs', { CLOCK_SSO_SIGN_OUT: 'https://app.example.org' }],
  ])('that contradict each other are one line: %s', (message, environment) => {
    expect(() => settingsOf(environment)).toThrow(UserError);
    expect(() => settingsOf(environment)).toThrow(message);
    expect(() => settingsOf(environment)).not.toThrow(secret);
  });

  test.each([
    ['ssoJwks', 'ftp://id.example.org/jwks'],
    ['ssoJwks', 'https://user:word@id.example.org/jwks'],
    ['ssoJwks', 'https:id.example.org/jwks'],
    ['ssoJwks', ' '],
    ['ssoAudience', ' '],
    ['ssoClaim', ''],
    ['ssoCookie', 'a=b'],
    ['ssoCookie', 'a b'],
    ['ssoHeader', 'Authorization'],
    ['ssoHeader', 'authorization'],
    ['ssoHeader', 'Cookie'],
    ['ssoHeader', 'X App'],
    ['ssoOperators', 'groups'],
    ['ssoOperators', '=ops'],
    ['ssoOperators', 'groups='],
    ['ssoRecheckMs', '999'],
    ['ssoRecheckMs', '2d'],
    ['ssoUserHeader', 'Authorization'],
    ['ssoUserHeader', 'Origin'],
    ['ssoUserHeader', 'X-Forwarded-For'],
    ['ssoUserHeader', 'Sec-Fetch-Site'],
    ['ssoSignIn', 'javascript:alert(1)'],
    ['ssoSignIn', '//evil.example'],
    ['ssoSignIn', '/\\evil.example'],
    ['ssoSignIn', 'login'],
    ['ssoSignOut', 'https://app.example.org/\r\nX: y'],
  ])('%s refuses %j', (name, value) => {
    expect(() => readOptions(webOptions, { [name]: value }, {})).toThrow(/^--sso-[a-z-]+: .* must be /);
  });

  test('are read as they are used', () => {
    const given = { ssoHeader: 'Cf-Access-Jwt-Assertion', ssoOperators: 'https://example.org/roles=cn=ops,dc=org' };
    const { ssoHeader, ssoOperators } = readOptions(webOptions, given, {});
    expect(ssoHeader).toBe('cf-access-jwt-assertion');
    expect(ssoOperators).toEqual({ claim: 'https://example.org/roles', value: 'cn=ops,dc=org' });
  });
});

describe('a claim', () => {
  const claims = {
    groups: ['a', 'ops'],
    role: 'ops',
    'https://example.org/roles': ['ops'],
    realm_access: { roles: ['ops'], 'a.b': 'c' },
    list: [['ops']],
  };

  test('is a name of the top level, else a path', () => {
    expect(claimOf(claims, 'role')).toBe('ops');
    expect(claimOf(claims, 'https://example.org/roles')).toEqual(['ops']);
    expect(claimOf(claims, 'realm_access.roles')).toEqual(['ops']);
    for (const name of ['realm_access.roles.0', 'role.length', 'groups.length', 'constructor', '__proto__.x', '']) {
      expect(claimOf(claims, name)).toBeUndefined();
    }
  });

  test.each([
    ['groups', true],
    ['role', true],
    ['realm_access.roles', true],
    ['list', false],
    ['realm_access', false],
    ['missing', false],
  ])('%s equals or contains a value: %s', (claim, is) => {
    expect(hasClaim(claims, { claim, value: 'ops' })).toBe(is);
  });
});

describe('the end of a socket of a shared session', () => {
  const at = (credentialExpiresAt: number, random: number): number =>
    recheckAt({ credentialExpiresAt } as Session, {
      recheckMs: 300_000,
      time: { now: () => 1_000_000 },
      spread: { ms: 8_000 },
      random: () => random,
    });

  test('is a random moment in the last spread before the recheck or the end of the credential', () => {
    expect([at(Infinity, 0), at(Infinity, 1)]).toEqual([1_300_000, 1_292_000]);
    expect([at(1_100_000, 0), at(1_100_000, 0.5)]).toEqual([1_100_000, 1_096_000]);
  });

  test('is the end of a credential that has less than the spread left, so that a socket does not end twice', () => {
    expect(at(1_008_000, 1)).toBe(1_008_000);
    expect(at(1_000_100, 1)).toBe(1_000_100);
  });
});
