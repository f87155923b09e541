import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runClock, startClock, type ClockProcess } from '../support/clock-process.ts';
import { goodClaims, Issuer, makeKey, signToken, type SigningKey } from '../support/issuer.ts';

const password = 'a long enough password';

let key: SigningKey;
let directory: string;
let jwks: string;
let clock: ClockProcess;
beforeAll(async () => {
  key = await makeKey('RS256', 'the-key');
  directory = mkdtempSync(join(tmpdir(), 'clock-shared-cli-'));
  jwks = join(directory, 'jwks.json');
  writeFileSync(jwks, JSON.stringify({ keys: [key.jwk] }));
  clock = await startClock(['all', '--sso-jwks', jwks, '--sso-audience', 'clock', '--sso-cookie', 'app_jwt']);
});
afterAll(async () => {
  await clock?.stop();
  rmSync(directory, { recursive: true });
});

async function stateOf(name: string): Promise<number> {
  const headers = { cookie: `app_jwt=${await signToken(key, goodClaims(name))}` };
  return (await fetch(`${clock.url}/api/initial_state`, { headers })).status;
}

const user = (...args: string[]) =>
  runClock(['user', ...args, '--data-dir', clock.dataDir], { stdin: `${password}\n` });

describe('clock user', () => {
  test('lists who signed in through another application, and hands accounts over', async () => {
    expect(await stateOf('grace')).toBe(200);
    await user('add', 'ada', '--password-stdin');
    await expect.poll(() => stateOf('ada')).toBe(403);
    const rows = async (): Promise<Record<string, boolean>> => {
      const { stdout } = await user('list', '--json');
      const list = JSON.parse(stdout) as { id: string; sso: boolean }[];
      return Object.fromEntries(list.map(({ id, sso }) => [id, sso]));
    };
    expect(await rows()).toEqual({ ada: false, admin: false, grace: true });
    expect((await user('sso', 'ada')).exit).toBe(0);
    expect(await rows()).toEqual({ ada: true, admin: false, grace: true });
    // A command changes the data file, which the process polls.
    await expect.poll(() => stateOf('ada')).toBe(200);
    expect((await user('sso', 'ada', '--off')).exit).toBe(0);
    await expect.poll(() => stateOf('ada')).toBe(403);
    expect((await user('sso', 'nobody')).exit).toBe(1);
  });

  test('passwd refuses an account that has no password here', async () => {
    expect(await stateOf('grace')).toBe(200);
    const { exit, stderr } = await user('passwd', 'grace', '--password-stdin');
    expect(exit).toBe(1);
    expect(stderr).toContain('clock: grace signs in through another application and has no password here;');
    expect((await user('sso', 'grace', '--off')).exit).toBe(0);
    expect((await user('passwd', 'grace', '--password-stdin')).exit).toBe(0);
  });
});

describe('a start with options that contradict each other', () => {
  test.each([
    ['--sso-jwks: /no/such/file is not usable: it cannot be read (ENOENT)', ['--sso-jwks', '/no/such/file'], {}],
    ['--sso-user-header: needs --trusted-proxy', ['--sso-user-header', 'X-User'], {}],
    ['CLOCK_SSO_SECRET: must differ from CLOCK_SECRET', [], { CLOCK_SSO_SECRET: password.repeat(2) }],
  ])('exits with 2 and one line: %s', async (message, args, env) => {
    const audience = args[0] === '--sso-user-header' ? [] : ['--sso-audience', 'clock'];
    const options = { env: { CLOCK_SECRET: password.repeat(2), ...env } };
    const { exit, stdout, stderr } = await runClock(['all', '--data-dir', directory, ...audience, ...args], options);
    expect({ exit, stdout }).toEqual({ exit: 2, stdout: '' });
    expect(stderr).toMatch(/^clock: .*\n$/);
    expect(stderr).toContain(message);
  });
});

describe('clock check', () => {
  const checkOf = async (location: string): Promise<string[]> => {
    const args = ['check', '--data-dir', clock.dataDir, '--sso-audience', 'clock', '--sso-jwks', location];
    const { stdout } = await runClock(args);
    return stdout.split('\n').filter((line) => line.includes('shared sign-in'));
  };

  test('says which keys it found', async () => {
    expect(await checkOf(jwks)).toEqual([
      'ok    shared sign-in: the options agree',
      `ok    shared sign-in keys: ${jwks}: 1 key: RS256 "the-key"`,
    ]);
  });

  test('warns of an address without https, and says what is wrong', async () => {
    await using issuer = await Issuer.start(key);
    const [, warning, found] = await checkOf(issuer.url);
    expect(warning).toMatch(/^warn {2}shared sign-in: anybody on the network can replace keys/);
    expect(found).toBe(`ok    shared sign-in keys: ${issuer.url}: 1 key: RS256 "the-key"`);
    issuer.body = '<html>';
    expect((await checkOf(issuer.url)).at(-1)).toBe(
      `WRONG shared sign-in keys: ${issuer.url}: it is not a JSON object`,
    );
  });
});
