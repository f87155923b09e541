import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AddressInfo } from 'node:net';
import type { JWK } from 'jose';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { KeyRing } from '../../src/auth/sso/key-ring.ts';
import { keySource } from '../../src/auth/sso/key-source.ts';
import { TokenVerifier } from '../../src/auth/sso/token-verifier.ts';
import { UserError } from '../../src/lifecycle.ts';
import { Issuer, makeKey, signToken, type SigningKey } from '../support/issuer.ts';
import { recordedLog } from '../support/recorded-log.ts';
import { until } from '../support/until.ts';
import { WebApp } from '../support/web-app.ts';

const rules = { audience: 'clock', issuer: undefined, claim: 'sub', operators: undefined };

let first: SigningKey;
let second: SigningKey;
beforeAll(async () => {
  first = await makeKey('RS256', 'first');
  second = await makeKey('ES256', 'second');
});

let issuer: Issuer;
beforeEach(async () => {
  issuer = await Issuer.start(first);
});
afterEach(() => issuer.stop());

/** A key ring whose clock the test moves. */
function ringOf(location = issuer.url) {
  const { log, lines } = recordedLog();
  const clock = { nowMs: 0 };
  const ring = new KeyRing({ source: keySource(location), monotonicNow: () => clock.nowMs, log });
  const verifier = new TokenVerifier(rules, ring, Date.now);
  /** The account's name, or why it is refused. */
  const verify = async (key: SigningKey, header: Record<string, unknown> = {}): Promise<string> => {
    const result = await verifier.verify(await signToken(key, {}, header));
    return 'reason' in result ? result.reason : result.identity.name;
  };
  return { ring, verify, lines, clock };
}

describe('the keys of an issuer', () => {
  test('rotate without a restart: a new key counts at its first token, a withdrawn one ends', async () => {
    const { verify, clock } = ringOf();
    expect(await verify(first)).toBe('grace');
    issuer.keys = [second.jwk];
    clock.nowMs += 10_000;
    expect(await verify(second)).toBe('grace');
    expect(await verify(first)).toBe('unknown-key');
    expect(issuer.requests).toBe(2);
  });

  test('are fetched at most once in 10 s, also for 10,000 unknown kids and after a failure', async () => {
    const { verify, clock } = ringOf();
    expect(await verify(first)).toBe('grace');
    const kids = Array.from({ length: 10_000 }, (_, index) => ({ kid: `unknown-${index}` }));
    for (const header of kids.slice(0, 5_000)) expect(await verify(second, header)).toBe('unknown-key');
    expect(issuer.requests).toBe(1);
    clock.nowMs += 10_000;
    issuer.status = 500;
    await Promise.all(kids.slice(5_000).map((header) => verify(second, header)));
    expect(issuer.requests).toBe(2);
    clock.nowMs += 9_999;
    await verify(second);
    expect(issuer.requests).toBe(2);
    expect(await verify(first)).toBe('grace');
  });

  test.each<[string, () => void | Promise<void>]>([
    ['is down', () => issuer.stop()],
    ['answers 500', () => void (issuer.status = 500)],
    ['redirects', () => void Object.assign(issuer, { status: 302, headers: { Location: issuer.url } })],
    ['answers with garbage', () => void (issuer.body = '<html>')],
    ['answers with null', () => void (issuer.body = 'null')],
    ['answers without a list of keys', () => void (issuer.body = '{"keys":{}}')],
    ['answers with keys that are none', () => void (issuer.body = '{"keys":[1,null,{"kty":"RSA"}]}')],
    ['answers with a key of another algorithm', () => void (issuer.keys = [{ ...first.jwk, alg: 'ES256' }])],
    ['answers with 101 keys', () => void (issuer.keys = Array.from({ length: 101 }, () => first.jwk))],
    ['answers with 5 MB', () => void (issuer.body = `{"keys":[],"x":"${'x'.repeat(5_000_000)}"}`)],
  ])('stay known while it %s, with a warning', async (_, harm) => {
    const { ring, verify, lines, clock } = ringOf();
    expect(await verify(first)).toBe('grace');
    await harm();
    for (let times = 0; times < 3; times += 1) {
      clock.nowMs += 10_000;
      await ring.refresh();
    }
    expect(await verify(first)).toBe('grace');
    expect(await verify(second)).toBe('unknown-key');
    // A keep-alive connection fails in another way than the next one.
    const warnings = lines.filter(({ level }) => level === 40).length;
    expect([1, 2]).toContain(warnings);
    await issuer.stop();
    Object.assign(issuer, { status: 200, headers: {}, body: undefined, keys: [first.jwk, second.jwk] });
    await issuer.start();
    // The first request may use a keep-alive connection that ended with the issuer.
    const isKnown = async (): Promise<boolean> => {
      clock.nowMs += 10_000;
      return (await verify(second)) === 'grace';
    };
    await until(isKnown, 'the new key is known');
  });

  test('are pending before the first ones are known', async () => {
    await issuer.stop();
    const { verify, clock } = ringOf();
    expect(await verify(first)).toBe('no-keys');
    await issuer.start();
    expect(await verify(first)).toBe('no-keys');
    clock.nowMs += 10_000;
    expect(await verify(first)).toBe('grace');
  });

  test('of one algorithm are tried for a token without a kid, four at most', async () => {
    const others = await Promise.all(Array.from({ length: 4 }, (_, index) => makeKey('RS256', `other-${index}`)));
    issuer.keys = [...others.slice(0, 3), first, second].map(({ jwk }) => jwk);
    const { ring, verify, clock } = ringOf();
    expect(await verify(first, { kid: undefined })).toBe('grace');
    issuer.keys = [...others, first].map(({ jwk }) => jwk);
    clock.nowMs += 10_000;
    await ring.refresh();
    expect(await verify(first, { kid: undefined })).toBe('signature');
    expect(await verify(first)).toBe('grace');
  });

  test('do not count if they are secrets, too short, for encryption, or for other algorithms', async () => {
    const short = { ...first.jwk, n: (first.jwk.n ?? '').slice(0, 100), kid: 'short' };
    const oct = { kty: 'oct', k: Buffer.from('x'.repeat(32)).toString('base64url'), kid: 'oct' };
    const ofAnotherKind = { ...first.jwk, alg: 'ES256' };
    const { x, y } = createPublicKey(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey).export({
      format: 'jwk',
    });
    const bitcoin = { kty: 'EC', crv: 'secp256k1', x, y } as JWK;
    const others = [
      short,
      oct,
      ofAnotherKind,
      bitcoin,
      { ...first.jwk, use: 'enc' },
      { ...first.jwk, alg: 'RSA-OAEP' },
    ];
    issuer.keys = [...others, { ...first.jwk, key_ops: ['encrypt'] }, second.jwk];
    const { verify, lines } = ringOf();
    expect(await verify(first)).toBe('unknown-key');
    expect(await verify(second)).toBe('grace');
    expect(lines[0]?.['keys']).toBe('1 key: ES256 "second"; 7 ignored');
  });

  test('are all withdrawn by an empty set', async () => {
    const { ring, verify, clock } = ringOf();
    expect(await verify(first)).toBe('grace');
    issuer.keys = [];
    clock.nowMs += 10_000;
    await ring.refresh();
    expect(await verify(first)).toBe('unknown-key');
  });

  test('are no longer fetched after the stop, also if the issuer does not answer', async () => {
    const silent = createServer(() => {});
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { ring } = ringOf(`http://127.0.0.1:${(silent.address() as AddressInfo).port}/`);
    await ring.start();
    await ring.stop();
    expect(ring.keyFor).toBeNull();
    await new Promise((resolve) => silent.close(resolve));
  });
});

describe('keys in a file', () => {
  let directory: string;
  let file: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'clock-jwks-'));
    file = join(directory, 'jwks.json');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  test('are known at the start, and read again for an unknown key', async () => {
    writeFileSync(file, JSON.stringify({ keys: [first.jwk] }));
    const { ring, verify, clock } = ringOf(file);
    await ring.start();
    expect(ring.keyFor).not.toBeNull();
    writeFileSync(file, 'half a fi');
    clock.nowMs += 10_000;
    expect(await verify(second)).toBe('unknown-key');
    expect(await verify(first)).toBe('grace');
    writeFileSync(file, JSON.stringify({ keys: [second.jwk] }));
    clock.nowMs += 10_000;
    expect(await verify(second)).toBe('grace');
    await ring.stop();
  });

  test.each([
    ['missing', null, 'ENOENT'],
    ['garbage', 'garbage', 'not a JSON object'],
    ['too large', `{"keys":[]}${' '.repeat(300_000)}`, '256 KiB'],
  ])('stop the start if it is %s', async (_, text, problem) => {
    if (text !== null) writeFileSync(file, text);
    const start = WebApp.start({ config: { ssoJwks: file, ssoAudience: 'clock' } });
    await expect(start).rejects.toThrow(UserError);
    await expect(start).rejects.toThrow(problem);
  });
});

describe('a web process without the first keys', () => {
  test('answers a token with 503 and all else as before, and recovers', async () => {
    await issuer.stop();
    await using app = await WebApp.start({
      config: { ssoJwks: issuer.url, ssoAudience: 'clock', ssoCookie: 'app_jwt' },
    });
    const cookie = `app_jwt=${await signToken(first)}`;
    const status = async (path: string, headers: Record<string, string> = { cookie }): Promise<number> =>
      (await app.client().fetch(path, { headers })).status;
    expect(await status('/api/initial_state')).toBe(503);
    expect(await status('/')).toBe(503);
    await expect(app.client().connect('', { cookie })).rejects.toMatchObject({ status: 503 });
    await expect(app.client().connect('', { cookie, origin: 'https://evil.example' })).rejects.toMatchObject({
      status: 403,
    });
    expect(await status('/api/initial_state', { cookie: 'app_jwt=garbage' })).toBe(401);
    expect((await (await app.signedIn()).fetch('/health')).status).toBe(200);
    await issuer.start();
    await until(async () => (await status('/api/initial_state')) === 200, 'the keys are known', 30_000, 500);
  });
});
