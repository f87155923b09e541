import { createHmac, randomUUID } from 'node:crypto';
import { exportSPKI, importJWK, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withAlteredSignature } from '../support/altered-signature.ts';
import { goodClaims, Issuer, makeKey, signToken, type SigningKey } from '../support/issuer.ts';
import { recordedLog } from '../support/recorded-log.ts';
import { until } from '../support/until.ts';
import { KeyRing } from '../../src/auth/sso/key-ring.ts';
import { TokenVerifier } from '../../src/auth/sso/token-verifier.ts';
import { silentLogger } from '../../src/logger.ts';
import { defaultSecret, WebApp } from '../support/web-app.ts';
import { Refused } from '../support/client.ts';

const daySeconds = 86_400;
const { log, lines } = recordedLog();

let rsa: SigningKey;
let ec: SigningKey;
let stranger: SigningKey;
let issuer: Issuer;
let app: WebApp;

beforeAll(async () => {
  [rsa, ec, stranger] = await Promise.all([makeKey('RS256'), makeKey('ES256'), makeKey('RS256')]);
  issuer = await Issuer.start(rsa, ec);
  app = await WebApp.start({
    log,
    config: {
      ssoJwks: issuer.url,
      ssoAudience: 'clock',
      ssoIssuer: 'https://id.example.org',
      ssoCookie: 'app_jwt',
      ssoHeader: 'x-app-jwt',
      ssoOperators: { claim: 'realm_access.roles', value: 'clock-operator' },
    },
  });
  await app.auth.accounts.add('Local', 'a long enough password', false);
  await app.auth.accounts.add('eve', 'a long enough password', false);
  await app.auth.accounts.setSso('eve', true);
  await app.auth.accounts.disable('eve');
});
afterAll(async () => {
  await app[Symbol.asyncDispose]();
  await issuer.stop();
});

async function stateStatus(headers: Record<string, string>): Promise<number> {
  return (await app.client().fetch('/api/initial_state', { headers })).status;
}

function handshake(headers: Record<string, string>): Promise<number> {
  const connected = app.client().connect('', headers);
  return connected.then(
    (socket) => {
      socket[Symbol.dispose]();
      return 101;
    },
    (error: unknown) => (error instanceof Refused ? error.status : 0),
  );
}

const now = (): number => Math.floor(Date.now() / 1_000);

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}

/** A token with a signature of any text. */
function unsigned(header: object, claims: object = goodClaims(), signature = ''): string {
  return `${encode(header)}.${encode(claims)}.${signature}`;
}

async function signedByPublicKey(alg: 'HS256' | 'HS384' | 'HS512'): Promise<string> {
  const publicKey = await importJWK(rsa.jwk, 'RS256', { extractable: true });
  const pem = await exportSPKI(publicKey as Exclude<typeof publicKey, Uint8Array>);
  return new SignJWT(goodClaims()).setProtectedHeader({ alg, kid: 'RS256' }).sign(Buffer.from(pem));
}

const es256 = { alg: 'ES256', kid: 'ES256' };

describe('a token of the other application', () => {
  test.each<[string, () => Record<string, unknown>]>([
    ['the claims that are asked for', () => ({})],
    ['a list of audiences', () => ({ aud: ['other', 'clock'] })],
    ['no iat', () => ({ iat: undefined })],
    ['an iat and nbf that are ahead by less than a minute', () => ({ iat: now() + 50, nbf: now() + 50 })],
    ['an exp in 399 days', () => ({ exp: now() + 399 * daySeconds })],
    ['a name with every kind of character', () => ({ sub: 'Ada.B+c-d_e@example.org' })],
    ['a name of 64 characters', () => ({ sub: 'x'.repeat(64) })],
  ])('signs in with %s', async (_, claims) => {
    const token = await signToken(rsa, claims());
    expect(await stateStatus({ authorization: `Bearer ${token}` })).toBe(200);
    expect(await stateStatus({ cookie: `app_jwt=${token}` })).toBe(200);
    expect(await stateStatus({ 'x-app-jwt': token })).toBe(200);
    expect(await handshake({ cookie: `app_jwt=${token}` })).toBe(101);
  });

  test('signs in without a kid, and with another type', async () => {
    const token = await signToken(ec, {}, { kid: undefined, typ: 'at+jwt' });
    expect(await stateStatus({ authorization: `Bearer ${token}` })).toBe(200);
  });
});

/** With the reason in the log. */
const bad: [string, string, () => string | Promise<string>][] = [
  ['an empty signature', 'signature', () => unsigned({ alg: 'RS256', kid: 'RS256' })],
  ['alg none', 'algorithm', () => unsigned({ alg: 'none' })],
  ['alg NONE', 'algorithm', () => unsigned({ alg: 'NONE' }, goodClaims(), 'AAAA')],
  ['alg None and a kid', 'algorithm', () => unsigned({ alg: 'None', kid: 'RS256' }, goodClaims(), 'AAAA')],
  ['no alg', 'malformed', () => unsigned({ kid: 'RS256' }, goodClaims(), 'AAAA')],
  ['an alg that is a number', 'malformed', () => unsigned({ alg: 1 }, goodClaims(), 'AAAA')],
  ['an alg that is a list', 'malformed', () => unsigned({ alg: ['RS256'] }, goodClaims(), 'AAAA')],
  ['HS256 with the RSA public key as secret', 'algorithm', () => signedByPublicKey('HS256')],
  ['HS384 with the RSA public key as secret', 'algorithm', () => signedByPublicKey('HS384')],
  ['HS512 with the RSA public key as secret', 'algorithm', () => signedByPublicKey('HS512')],
  [
    'HS256 with an empty secret',
    'algorithm',
    () => {
      const input = unsigned({ alg: 'HS256' }).slice(0, -1);
      return `${input}.${createHmac('sha256', '').update(input).digest('base64url')}`;
    },
  ],
  [
    'another algorithm than that of the key',
    'unknown-key',
    () => unsigned({ alg: 'RS512', kid: 'RS256' }, goodClaims(), 'AAAA'),
  ],
  ['PSS with a key for PKCS#1', 'unknown-key', () => unsigned({ alg: 'PS256', kid: 'RS256' }, goodClaims(), 'AAAA')],
  ['ES256 with the kid of the RSA key', 'unknown-key', () => signToken(ec, {}, { kid: 'RS256' })],
  ['the key of a stranger', 'signature', () => signToken(stranger)],
  ['the key of a stranger and no kid', 'signature', () => signToken(stranger, {}, { kid: undefined })],
  ['a key in its header', 'signature', () => signToken(stranger, {}, { jwk: stranger.jwk })],
  ['a key set in its header', 'signature', () => signToken(stranger, {}, { jku: 'http://127.0.0.1:9/jwks' })],
  [
    'a certificate in its header',
    'signature',
    () => signToken(stranger, {}, { x5c: ['AAAA'], x5u: 'http://127.0.0.1:9' }),
  ],
  ['an unknown kid', 'unknown-key', () => signToken(rsa, {}, { kid: 'unknown' })],
  ['a kid that is a path', 'unknown-key', () => signToken(rsa, {}, { kid: '../../../../etc/passwd' })],
  ['a kid that is a query', 'unknown-key', () => signToken(rsa, {}, { kid: "' OR '1'='1" })],
  ['a kid of 4,000 characters', 'unknown-key', () => signToken(rsa, {}, { kid: 'k'.repeat(4_000) })],
  ['a kid that is a number', 'unknown-key', () => unsigned({ alg: 'RS256', kid: 1 }, goodClaims(), 'AAAA')],
  ['a kid that is an object', 'unknown-key', () => unsigned({ alg: 'RS256', kid: {} }, goodClaims(), 'AAAA')],
  [
    'a changed claim',
    'signature',
    async () => {
      const [header, , signature] = (await signToken(rsa)).split('.');
      return `${header}.${encode({ ...goodClaims(), sub: 'admin' })}.${signature}`;
    },
  ],
  ['a changed signature', 'signature', async () => withAlteredSignature(await signToken(rsa))],
  [
    'the signature of another token',
    'signature',
    async () => {
      const [header, claims] = (await signToken(ec)).split('.');
      return `${header}.${claims}.${(await signToken(ec, { sub: 'other' })).split('.')[2]}`;
    },
  ],
  [
    'an ECDSA signature of zeros',
    'signature',
    () => unsigned(es256, goodClaims(), Buffer.alloc(64).toString('base64url')),
  ],
  [
    'an unknown critical header',
    'algorithm',
    () => unsigned({ alg: 'RS256', kid: 'RS256', crit: ['exp2'], exp2: 1 }, goodClaims(), 'AAAA'),
  ],
  [
    'an unencoded payload',
    'signature',
    () => unsigned({ alg: 'RS256', kid: 'RS256', crit: ['b64'], b64: false }, goodClaims(), 'AAAA'),
  ],
  ['another audience', 'audience', () => signToken(rsa, { aud: 'other' })],
  ['other audiences', 'audience', () => signToken(rsa, { aud: ['other', 'clock2'] })],
  ['an audience in another case', 'audience', () => signToken(rsa, { aud: 'Clock' })],
  ['an audience that is an object', 'audience', () => signToken(rsa, { aud: { 0: 'clock' } })],
  ['no audience', 'audience', () => signToken(rsa, { aud: undefined })],
  ['another issuer', 'issuer', () => signToken(rsa, { iss: 'https://id.example.com' })],
  ['the issuer with a slash', 'issuer', () => signToken(rsa, { iss: 'https://id.example.org/' })],
  ['a list of issuers', 'issuer', () => signToken(rsa, { iss: ['https://id.example.org'] })],
  ['no issuer', 'issuer', () => signToken(rsa, { iss: undefined })],
  ['no exp', 'no-expiry', () => signToken(rsa, { exp: undefined })],
  ['an exp of null', 'claims', () => signToken(rsa, { exp: null })],
  ['an exp that is a text', 'claims', () => signToken(rsa, { exp: String(now() + 600) })],
  ['an exp in the past', 'expired', () => signToken(rsa, { exp: now() - 3_600 })],
  ['an exp a second ago', 'expired', () => signToken(rsa, { exp: now() - 1 })],
  ['an exp of 0', 'expired', () => signToken(rsa, { exp: 0 })],
  ['a negative exp', 'expired', () => signToken(rsa, { exp: -1 })],
  ['an exp a thousand years ahead', 'far-expiry', () => signToken(rsa, { exp: now() + 365_000 * daySeconds })],
  ['an exp 401 days ahead', 'far-expiry', () => signToken(rsa, { exp: now() + 401 * daySeconds })],
  ['an exp in milliseconds', 'far-expiry', () => signToken(rsa, { exp: Date.now() })],
  ['an exp beyond all numbers', 'far-expiry', () => signToken(rsa, { exp: 1e300 })],
  ['an nbf tomorrow', 'not-yet', () => signToken(rsa, { nbf: now() + daySeconds })],
  ['an nbf in two minutes', 'not-yet', () => signToken(rsa, { nbf: now() + 120 })],
  ['an nbf that is a text', 'claims', () => signToken(rsa, { nbf: '0' })],
  ['an iat tomorrow', 'not-yet', () => signToken(rsa, { iat: now() + daySeconds })],
  ['an iat that is a text', 'claims', () => signToken(rsa, { iat: 'now' })],
  ['no name', 'name', () => signToken(rsa, { sub: undefined })],
  ['an empty name', 'name', () => signToken(rsa, { sub: '' })],
  ['a name that is a list', 'name', () => signToken(rsa, { sub: ['grace'] })],
  ['a name that is an object', 'name', () => signToken(rsa, { sub: { name: 'grace' } })],
  ['a name that is a number', 'name', () => signToken(rsa, { sub: 7 })],
  ['a name that is true', 'name', () => signToken(rsa, { sub: true })],
  ['a name of 500 characters', 'name', () => signToken(rsa, { sub: 'x'.repeat(500) })],
  ['a name with a space', 'name', () => signToken(rsa, { sub: 'grace hopper' })],
  ['a name with a line break', 'name', () => signToken(rsa, { sub: 'grace\n' })],
  ['a name with a NUL', 'name', () => signToken(rsa, { sub: 'grace\0' })],
  ['a name with a slash', 'name', () => signToken(rsa, { sub: '../grace' })],
  ['a name in wide letters, which NFKC would make another', 'name', () => signToken(rsa, { sub: 'ｇrace' })],
  ['claims that are a list', 'signature', () => unsigned({ alg: 'RS256', kid: 'RS256' }, [], 'AAAA')],
  ['a claim set that is no JSON', 'signature', () => `${encode({ alg: 'RS256', kid: 'RS256' })}.AAAA.AAAA`],
  ['a header that is no JSON', 'malformed', () => `AAAA.${encode(goodClaims())}.AAAA`],
  ['two parts', 'malformed', () => unsigned({ alg: 'RS256' }).split('.').slice(0, 2).join('.')],
  ['five parts, as an encrypted one', 'malformed', () => `${encode({ alg: 'dir', enc: 'A256GCM' })}.AA.AA.AA.AA`],
  ['no dots', 'malformed', () => 'garbage'],
  ['padding', 'malformed', () => `${unsigned({ alg: 'RS256', kid: 'RS256' })}AAAA==`],
];

/** What a visitor may not tell apart. */
async function answers(token: string): Promise<unknown[]> {
  const client = app.client();
  const asks = [
    client.fetch('/api/initial_state', { headers: { cookie: `app_jwt=${token}` } }),
    client.fetch('/api/initial_state', { headers: { 'x-app-jwt': token } }),
    client.fetch('/api/initial_state', { headers: { authorization: `Bearer ${token}` } }),
  ];
  const seen = await Promise.all(asks.map(async (ask) => [(await ask).status, await (await ask).text()]));
  return [...seen, await handshake({ cookie: `app_jwt=${token}` })];
}

describe('a bad token', () => {
  let verifier: TokenVerifier;
  beforeAll(async () => {
    const source = { name: 'keys', isLocal: true, load: async () => JSON.stringify({ keys: [rsa.jwk, ec.jwk] }) };
    const ring = new KeyRing({ source, log: silentLogger() });
    await ring.refresh();
    const rules = { audience: 'clock', issuer: 'https://id.example.org', claim: 'sub', operators: undefined };
    verifier = new TokenVerifier(rules, ring, Date.now);
  });

  test('is tried in more than 60 variants', () => {
    expect(bad.length).toBeGreaterThan(60);
  });

  test.each(bad)('with %s is refused like every other one; the reason is %s', async (_, reason, make) => {
    const token = await make();
    expect(await verifier.verify(token)).toMatchObject({ reason });
    const seen = await answers(token);
    expect(seen).toEqual(await answers(await signToken(stranger)));
    const signedOut = [401, expect.stringContaining('signed-out')];
    expect(seen).toEqual([signedOut, signedOut, signedOut, 401]);
  });

  test('is logged with its reason, and without its text', async () => {
    const token = await signToken(rsa, { aud: 'other' });
    await stateStatus({ cookie: `app_jwt=${token}` });
    const reasons = new Set(bad.map(([, reason]) => reason));
    const logged = (): Set<unknown> =>
      new Set(lines.map(({ reason }) => reason).filter((reason) => reason !== undefined));
    await until(() => logged().size >= reasons.size, 'the last refusals are logged');
    expect(logged()).toEqual(reasons);
    expect(JSON.stringify(lines)).not.toContain(token.slice(-40));
  });

  test('on a page is refused with 403, without a redirect; an expired one is signed out', async () => {
    const page = async (token: string): Promise<number> =>
      (await app.client().fetch('/', { headers: { cookie: `app_jwt=${token}` } })).status;
    expect(await page(await signToken(rsa, { aud: 'other' }))).toBe(403);
    expect(await page(await signToken(rsa, { exp: now() - 5 }))).toBe(302);
    expect(await page(await signToken(rsa))).toBe(200);
  });

  test('makes one log line per reason and second, with a count', async () => {
    const recorded = recordedLog();
    await using own = await WebApp.start({
      log: recorded.log,
      config: { ssoSecret: [randomUUID()], ssoAudience: 'clock', ssoCookie: 'app_jwt' },
    });
    const headers = { cookie: 'app_jwt=garbage' };
    await Promise.all(Array.from({ length: 50 }, () => own.client().fetch('/api/initial_state', { headers })));
    const refused = () => recorded.lines.filter(({ reason }) => reason === 'malformed');
    const count = (): number => refused().reduce((sum, line) => sum + Number(line['count']), 0);
    await until(() => count() === 50, '50 refusals are counted');
    expect(refused().length).toBeLessThan(10);
  });
});

describe('a credential that occurs twice', () => {
  test('is refused as a cookie and as a header, though each is good', async () => {
    const token = await signToken(rsa);
    const { length } = lines;
    expect(await stateStatus({ cookie: `app_jwt=${token}; app_jwt=${token}` })).toBe(401);
    expect(await stateStatus({ 'x-app-jwt': `${token}, ${token}` })).toBe(401);
    await until(() => lines.slice(length).some(({ reason }) => reason === 'repeated'), 'the refusal is logged');
  });

  test('does not hide a good credential of another kind', async () => {
    const token = await signToken(rsa);
    expect(await stateStatus({ 'x-app-jwt': token, cookie: 'app_jwt=a; app_jwt=b' })).toBe(200);
  });
});

describe('a name that belongs to somebody else', () => {
  test.each([
    ['a local account', 'local', 'local-name'],
    ['a local account in another case', 'LOCAL', 'local-name'],
    ['a disabled account', 'eve', 'disabled'],
  ])('of %s is refused with 403 everywhere, and logged', async (_, name, reason) => {
    const token = await signToken(rsa, { sub: name });
    const { length } = lines;
    for (const headers of [{ cookie: `app_jwt=${token}` }, { authorization: `Bearer ${token}` }]) {
      expect(await stateStatus(headers)).toBe(403);
      expect(await handshake(headers)).toBe(403);
    }
    expect((await app.client().fetch('/', { headers: { cookie: `app_jwt=${token}` } })).status).toBe(403);
    await until(() => lines.slice(length).some((line) => line['reason'] === reason), 'the refusal is logged');
  });

  test('by another subject or issuer is refused, since the first token decides', async () => {
    const own = await WebApp.start({
      config: { ssoJwks: issuer.url, ssoAudience: 'clock', ssoClaim: 'preferred_username', ssoCookie: 'app_jwt' },
    });
    const ask = async (claims: Record<string, unknown>): Promise<number> => {
      const token = await signToken(rsa, { preferred_username: 'grace', ...claims });
      return (await own.client().fetch('/api/initial_state', { headers: { cookie: `app_jwt=${token}` } })).status;
    };
    expect(await ask({ sub: 'id-1' })).toBe(200);
    expect(await ask({ sub: 'id-2' })).toBe(403);
    expect(await ask({ sub: 'id-1', iss: 'https://other.example' })).toBe(403);
    expect(await ask({ sub: undefined })).toBe(403);
    // Two lists are never the same issuer, so nobody could sign in to their account again.
    expect(await ask({ preferred_username: 'list', iss: ['https://id.example.org'] })).toBe(401);
    expect(await own.auth.accounts.get('list')).toBeNull();
    expect(await ask({ sub: 'id-1' })).toBe(200);
    await own[Symbol.asyncDispose]();
  });
});

describe('what a token of the other application may do', () => {
  const role = (name: string): object => ({ realm_access: { roles: ['viewer', name] } });

  test('makes an operator if that token has the claim', async () => {
    const ask = async (claims: object, path = '/api/screens'): Promise<number> => {
      const token = await signToken(rsa, { sub: 'olga', ...claims });
      return (await app.client().fetch(path, { headers: { cookie: `app_jwt=${token}` } })).status;
    };
    expect(await ask(role('clock-operator'))).toBe(200);
    expect(await ask(role('clock-operators'))).toBe(403);
    expect(await ask({ realm_access: 'clock-operator' })).toBe(403);
    expect(await ask({})).toBe(403);
    await app.auth.accounts.setOperator('olga', true);
    expect(await ask({})).toBe(200);
  });

  test('as Bearer it reads the clock and nothing else', async () => {
    const token = await signToken(rsa, { sub: 'olga', ...role('clock-operator') });
    const headers = { authorization: `Bearer ${token}` };
    const status = async (path: string, method = 'GET'): Promise<number> =>
      (await app.client().fetch(path, { headers, method })).status;
    expect(await status('/api/initial_state')).toBe(200);
    expect(await handshake(headers)).toBe(101);
    expect(await status('/')).toBe(302);
    expect(await status('/api/screens')).toBe(403);
    expect(await status('/api/ticket', 'POST')).toBe(403);
  });

  test('beside Bearer no other credential counts', async () => {
    const good = await signToken(rsa);
    expect(await stateStatus({ authorization: 'Bearer garbage', cookie: `app_jwt=${good}` })).toBe(401);
    expect(await stateStatus({ ...(await app.bearer('ada')), cookie: 'app_jwt=garbage' })).toBe(200);
  });

  test("Clock's own session comes first", async () => {
    const client = await app.signedIn('ida');
    const cookie = `clock_sessionid=${client.cookies.get('sessionid')}`;
    const token = await signToken(rsa, { sub: 'olga' });
    const page = await app.client().fetch('/', { headers: { cookie: `${cookie}; app_jwt=${token}` } });
    expect(await page.text()).toContain('>ida<');
    const shared = await app.client().fetch('/', { headers: { cookie: `clock_sessionid=old; app_jwt=${token}` } });
    expect(await shared.text()).toContain('>olga<');
  });
});

describe('CLOCK_SSO_SECRET', () => {
  const [old, current] = [randomUUID(), randomUUID()] as const;
  const sign = (secret: string, alg = 'HS256'): Promise<string> =>
    new SignJWT(goodClaims()).setProtectedHeader({ alg }).sign(Buffer.from(secret));

  test('accepts HS256 of each secret, and nothing else', async () => {
    await using own = await WebApp.start({
      config: { ssoSecret: [current, old], ssoAudience: 'clock', ssoCookie: 'app_jwt' },
    });
    const ask = async (token: string): Promise<number> =>
      (await own.client().fetch('/api/initial_state', { headers: { cookie: `app_jwt=${token}` } })).status;
    expect(await ask(await sign(old))).toBe(200);
    expect(await ask(await sign(current))).toBe(200);
    expect(await ask(await sign(randomUUID()))).toBe(401);
    expect(await ask(await sign(defaultSecret))).toBe(401);
    expect(await ask(await sign(old, 'HS512'))).toBe(401);
    expect(await ask(await signToken(rsa))).toBe(401);
    expect(await ask(unsigned({ alg: 'none' }))).toBe(401);
  });
});
