import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Client } from '../support/client.ts';
import { selfSignedCertificate, type Certificate } from '../support/certificate.ts';
import { runCheck } from '../support/check-command.ts';
import { runClock, startClock, type ClockProcess } from '../support/clock-process.ts';
import { freePort } from '../support/free-port.ts';
import { RedisServer } from '../support/redis-server.ts';
import { until } from '../support/until.ts';

const secret = 'a secret of the tests that is long enough';
const password = 'a long enough password';
const other = 'another long password';

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'clock-cli-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

type Ended = Awaited<ReturnType<typeof runClock>>;

/** One line on standard error, nothing on standard output, exit code 2. */
function expectRefused({ exit, stdout, stderr }: Ended, words: RegExp): void {
  expect(stderr).toMatch(/^clock: [^\n]+\n$/);
  expect(stderr).toMatch(words);
  expect(stdout).toBe('');
  expect(exit).toBe(2);
}

describe('help', () => {
  test('lists every command', async () => {
    const { exit, stdout } = await runClock(['--help']);
    expect(exit).toBe(0);
    for (const name of ['web', 'worker', 'beat', 'all', 'user', 'token', 'secret', 'check', 'healthcheck']) {
      expect(stdout).toMatch(new RegExp(`^  ${name} `, 'm'));
    }
  });

  test.concurrent.each([
    [
      'web',
      [
        '--port',
        'CLOCK_PORT',
        '8000',
        '--host',
        '--allowed-origins',
        '--trusted-proxy',
        'CLOCK_SECRET[_FILE]',
        'REDIS_HOST',
      ],
    ],
    ['worker', ['--zone', 'CLOCK_ZONE', 'TZ', 'CLOCK_REDIS_URL']],
    ['beat', ['--interval', 'CLOCK_INTERVAL', '500', 'CLOCK_REDIS_PREFIX']],
    ['all', ['--port', '--zone', '--interval', '--data-dir', 'CLOCK_DATA_DIR']],
  ] as const)('of %s lists its options, their defaults and variables', async (role, words) => {
    const { exit, stdout } = await runClock([role, '--help']);
    expect(exit).toBe(0);
    for (const word of words) expect(stdout).toContain(word);
  });

  test('is printed with exit code 2 if there is no command', async () => {
    const { exit, stderr } = await runClock([]);
    expect(exit).toBe(2);
    expect(stderr).toContain('Usage: clock');
  });
});

test('--version prints version, commit and build date', async () => {
  const { exit, stdout } = await runClock(['--version']);
  expect(exit).toBe(0);
  expect(stdout).toMatch(/^clock \d+\.\d+\.\d+ \(commit \w+, built \d{4}-\d{2}-\d{2}\)\n$/);
});

describe('a command whose standard output is closed', () => {
  test.concurrent.each([
    ['--help', 0],
    ['secret', 0],
    ['check --redis-port 1 --port 0', 1],
  ] as const)('%s ends without a message, with the exit code of its work', async (args, exit) => {
    expect(await runClock(args.split(' '), { closed: 'stdout' })).toEqual({ exit, stdout: '', stderr: '' });
  });

  test('reports a full disk, in contrast to a closed pipe', async () => {
    const command = ['sh', '-c', 'exec "$0" "$@" >/dev/full', join(import.meta.dirname, '../../bin/clock')];
    const { exit, stderr } = await runClock(['check', '--redis-port', '1', '--port', '0'], { command });
    expect(stderr).toContain('ENOSPC');
    expect(exit).toBe(1);
  });
});

test('clock runs through a symbolic link', async () => {
  const link = join(directory, 'clock');
  symlinkSync(join(import.meta.dirname, '../../bin/clock'), link);
  expect((await runClock(['--version'], { command: [link] })).exit).toBe(0);
});

describe('a value that is not allowed', () => {
  type Case = [args: string[], env: Record<string, string>, words: RegExp];
  const cases: Case[] = [
    [['web', '--port', '65536'], {}, /--port: "65536" must be a whole number from 0 to 65535/],
    [['web'], { CLOCK_PORT: '-1' }, /CLOCK_PORT: "-1" must be/],
    [['web', '--workers', '257'], {}, /--workers: "257" must be a whole number from 0 to 256/],
    [['web', '--grace', '10 s'], {}, /--grace: "10 s" must be a duration/],
    [['web', '--tls-cert', '/nope.pem'], { CLOCK_SECRET: secret }, /--tls-cert and --tls-key: set both/],
    [
      ['web', '--tls-cert', '/nope.pem', '--tls-key', '/nope.key'],
      { CLOCK_SECRET: secret },
      /--tls-cert: \/nope.pem cannot be read/,
    ],
    [['web'], {}, /CLOCK_SECRET: missing.*'clock secret'/],
    [['web'], { CLOCK_SECRET_FILE: '/nope' }, /CLOCK_SECRET_FILE: \/nope cannot be read/],
    [['worker'], { TZ: 'CET-1CEST' }, /TZ: "CET-1CEST" must be the IANA name of a time zone.*Europe\/Madrid/],
    [['beat', '--interval', '49'], {}, /--interval: "49" must be a duration from 50ms to 1m/],
    [['beat', '--port', '1'], {}, /unknown option '--port'/],
    [['beat', 'more'], {}, /too many arguments|unexpected/],
    [['clok'], {}, /unknown command 'clok'/],
    [['beat'], { REDIS_HOST: 'a b' }, /REDIS_HOST: "a b" must be the name or address of a host/],
    [['beat'], { REDIS_PORT: '0' }, /REDIS_PORT: "0" must be a whole number from 1/],
    [['beat', '--redis-url', 'http://redis'], {}, /--redis-url: its value must be the address of a Redis/],
    [['token', 'issue', 'ada', '--expires', '366d'], {}, /--expires: "366d" must be/],
    [['token', 'issue', 'ada', '--name', 'a\nb'], {}, /--name/],
    [['token', 'issue', 'ada', '--name', '  '], {}, /--name: "  " must be 1 to 64 characters, not all blank/],
    [['secret', '--write', ''], {}, /--write: the name of the directory is blank/],
    [['secret', '--write', '/dev/null/x'], {}, /--write: .* cannot be written/],
    [['watch', 'localhost'], { CLOCK_TOKEN: 'x' }, /URL: "localhost" must be an address/],
    [['screens', 'identify', 'lobby', '--group', 'hall'], {}, /--group: not possible together with one screen/],
    [['screens', 'face', 'lobby', 'face=analog', '--group', 'hall'], {}, /--group: not possible together/],
    [['screens', 'face', '--group', 'hall'], {}, /QUERY: missing/],
    [['screens', 'group', 'lobby', 'foyer', '--group', 'hall'], {}, /--group: not possible together/],
    [['screens', 'group', 'lobby', 'Foyer'], {}, /NEW-GROUP: "Foyer": A group has 1 to 32/],
    [['screens', 'revoke', 'lobby', '--group', 'hall', '--yes'], {}, /--group: not possible together/],
    [['watch', 'http://127.0.0.1:1'], { CLOCK_TOKEN: ' ' }, /CLOCK_TOKEN: its value must be a value that is not blank/],
  ];
  test.concurrent.each(cases)('%j with %j is refused in one line', async (args, env, words) => {
    expectRefused(await runClock(args, { env }), words);
  });

  const secrets: Case[] = [
    [['web'], { CLOCK_SECRET: 'too-short' }, /CLOCK_SECRET: its value must be at least 32 bytes/],
    [['web'], { CLOCK_SECRET: `${secret},too-short` }, /CLOCK_SECRET: its value must be/],
    [['beat'], { CLOCK_REDIS_URL: 'http://:too-short@redis' }, /CLOCK_REDIS_URL/],
    [['beat'], { CLOCK_REDIS_URL: 'redis://too-short@redis:port' }, /CLOCK_REDIS_URL/],
  ];
  test.concurrent.each(secrets)(
    '%j with the secret of %j is refused, and the secret is not printed',
    async (args, env, words) => {
      const ended = await runClock(args, { env });
      expectRefused(ended, words);
      expect(ended.stderr).not.toContain('too-short');
    },
  );

  test.concurrent.each([
    ['pair', 'BCDF-2345', '--name'],
    ['screens', 'rename', 'lobby'],
    ['screens', 'group', 'lobby'],
  ])('the key of a link as the last argument of %j is refused, and not printed', async (...args) => {
    const ended = await runClock([...args, `clk_${'a'.repeat(32)}`]);
    expectRefused(ended, /: "clk_\.\.\.": A (name|group) has/);
  });

  test('is not printed if it comes from a secret file', async () => {
    const file = join(directory, 'short-secret');
    writeFileSync(file, 'too-short\n');
    const ended = await runClock(['web'], { env: { CLOCK_SECRET_FILE: file } });
    expectRefused(ended, /CLOCK_SECRET_FILE: its value must be/);
    expect(ended.stderr).not.toContain('too-short');
  });
});

describe('a port in use', () => {
  test('exits with 2 and one line that names it, and creates no account', async () => {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const dataDir = join(directory, 'port');
    const { exit, stderr } = await runClock(['all', '--port', String(port), '--data-dir', dataDir]);
    server.close();
    expect(existsSync(join(dataDir, 'admin-password'))).toBe(false);
    expect(JSON.parse((await runClock(['user', 'list', '--json', '--data-dir', dataDir])).stdout)).toEqual([]);
    expect(exit).toBe(2);
    expect(stderr).toMatch(new RegExp(`^clock: --port: [^\n]*${port}[^\n]*\n$`));
  });

  test('has a line that names --host if the address is not one of this host', async () => {
    const args = ['all', '--port', '0', '--host', '192.0.2.1', '--data-dir', join(directory, 'host')];
    const { exit, stderr } = await runClock(args);
    expect(stderr).toMatch(/^clock: --host: [^\n]*192\.0\.2\.1[^\n]*\n$/);
    expect(exit).toBe(2);
  });
});

describe('a data directory that cannot be written', () => {
  test.each(['/sys/clock', '/proc/clock', '/dev/null/clock'])(
    '%s is exit 2 and one line that names it',
    async (dataDir) => {
      const { exit, stderr } = await runClock(['all', '--port', '0', '--data-dir', dataDir]);
      expect(exit).toBe(2);
      expect(stderr).toMatch(new RegExp(`^clock: [^\n]*${dataDir}[^\n]*\n$`));
    },
  );
});

describe('clock secret', () => {
  test('prints a new secret and a new password each time', async () => {
    const [first, second] = await Promise.all([runClock(['secret']), runClock(['secret'])]);
    expect(first.exit).toBe(0);
    expect(first.stdout).toMatch(/^CLOCK_SECRET=\S{32,}\nCLOCK_ADMIN_PASSWORD=\S{15,128}\n$/);
    expect(second.stdout).not.toBe(first.stdout);
  });

  test('--write creates two files that the user of a container can read, in a private directory', async () => {
    const target = join(directory, 'secrets');
    const { exit } = await runClock(['secret', '--write', target]);
    expect(exit).toBe(0);
    expect(statSync(target).mode & 0o777).toBe(0o700);
    for (const name of ['secret', 'admin-password']) expect(statSync(join(target, name)).mode & 0o777).toBe(0o444);
    expect(readFileSync(join(target, 'secret'), 'utf8').trim().length).toBeGreaterThanOrEqual(32);

    const before = readFileSync(join(target, 'secret'), 'utf8');
    expectRefused(await runClock(['secret', '--write', target]), /already exists/);
    expect(readFileSync(join(target, 'secret'), 'utf8')).toBe(before);
  });

  test('--write refuses a directory that other users can open', async () => {
    const target = join(directory, 'open');
    mkdirSync(target);
    chmodSync(target, 0o755);
    expectRefused(await runClock(['secret', '--write', target]), /other users can open/);
    expect(statSync(target).mode & 0o777).toBe(0o755);
  });

  test('--write writes neither file if one exists', async () => {
    const target = mkdtempSync(join(directory, 'half-'));
    writeFileSync(join(target, 'admin-password'), 'mine');
    expectRefused(await runClock(['secret', '--write', target]), /admin-password already exists/);
    expect(() => statSync(join(target, 'secret'))).toThrow('ENOENT');
  });
});

describe('a command without a store', () => {
  test.concurrent.each([
    ['user', 'list'],
    ['token', 'list'],
  ])('%s %s exits with 2 and names both ways to select one', async (...args) => {
    const ended = await runClock([...args, '--data-dir', join(directory, 'nowhere')]);
    expectRefused(ended, /CLOCK_REDIS_URL.*--data-dir/);
  });

  test('exits with 1 and one line if Redis does not answer', async () => {
    const port = String(await freePort());
    const { exit, stderr } = await runClock(['user', 'list', '--redis-port', port]);
    expect(exit).toBe(1);
    expect(stderr.split('\n').at(-2)).toMatch(/^clock: .*redis-down/);
  });
});

test('both passwords can be pasted at once at the prompt', async () => {
  const data = join(directory, 'pasted');
  await using _all = await startClock(['all', '--data-dir', data]);
  const command = [join(import.meta.dirname, '../../bin/clock'), 'user', 'passwd', 'admin', '--data-dir', data];
  const terminal = spawn('script', ['--quiet', '--return', '--command', command.join(' '), '/dev/null']);
  const exited = once(terminal, 'exit');
  let shown = '';
  terminal.stdout.on('data', (chunk: Buffer) => (shown += chunk.toString()));
  await until(() => shown.includes('Password: '), 'the prompt');
  terminal.stdin.write(`${password}\r${password}\r`);
  await until(() => shown.includes('Password again: '), 'the second prompt');
  const [exit] = await exited;
  expect(exit).toBe(0);
  expect(shown).not.toContain(password);
});

interface Store {
  all: ClockProcess;
  env: Record<string, string>;
  address: string;
}

describe('on the embedded file', () => {
  worksOnItsStore(async () => {
    const all = await startClock(['all'], { env: { CLOCK_PROT: '1', REDIS_PORT: 'tcp://10.0.0.1:6379' } });
    return { all, env: { CLOCK_DATA_DIR: all.dataDir }, address: join(all.dataDir, 'clock.db') };
  });
});

describe('on Redis', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await RedisServer.start({ password: 'the password of redis' });
  });
  afterAll(() => server.stop());
  worksOnItsStore(async () => {
    const env = {
      CLOCK_SECRET: secret,
      CLOCK_ADMIN_PASSWORD: password,
      REDIS_HOST: '127.0.0.1',
      REDIS_PORT: String(server.port),
      CLOCK_REDIS_PASSWORD: 'the password of redis',
      CLOCK_PROT: '1',
      REDIS_SERVICE_HOST: '10.0.0.1',
      CLOCK_PORT: 'tcp://10.0.0.1:8000',
      CLOCK_SERVICE_PORT_HTTP: '80',
      CLOCK_PORT_8000_TCP_ADDR: '10.0.0.1',
    };
    return { all: await startClock(['all'], { env }), env, address: `redis://127.0.0.1:${server.port}/0` };
  });
});

describe('without a secret, a store, a zone or a reader of the log', () => {
  test('no token is issued over Redis without the secret of web', async () => {
    const server = await RedisServer.start();
    const env = { CLOCK_REDIS_URL: server.url, XDG_STATE_HOME: join(directory, 'state') };
    try {
      await runClock(['user', 'add', 'ada', '--password-stdin'], { env, stdin: password });
      const { exit, stdout, stderr } = await runClock(['token', 'issue', 'ada'], { env });
      expect(stderr).toMatch(/\nclock: CLOCK_SECRET: missing/);
      expect([exit, stdout]).toEqual([2, '']);
      expect(JSON.parse((await runClock(['token', 'list', '--json'], { env })).stdout)).toEqual([]);
    } finally {
      await server.stop();
    }
  });

  test.each([
    ['user list', ['user', 'list'], 0],
    // It finds no secret.
    ['check', ['check', '--port', '0'], 1],
  ])('%s waits for a Redis that is busy, says so, and goes on', async (_, args, exitCode) => {
    const server = await RedisServer.start();
    server.pause();
    const command = spawn(join(import.meta.dirname, '../../bin/clock'), [...args, '--redis-url', server.url]);
    const exited = once(command, 'exit');
    let said = '';
    command.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    await until(() => said.startsWith(`clock: waiting for ${server.url} to answer\n`), 'it says that it waits');
    server.resume();
    expect(await exited).toEqual([exitCode, null]);
    expect(said).not.toContain('cannot serve');
    await server.stop();
  });

  test('a command gives up on a Redis that never answers, and says how long it waited', async () => {
    const server = await RedisServer.start();
    server.pause();
    const { exit, stderr } = await runClock(['user', 'list', '--redis-url', server.url]);
    expect(stderr.split('\n').at(-2)).toBe(`clock: ${server.url} cannot serve: redis-down (no answer within 10 s)`);
    expect(exit).toBe(1);
    await server.stop();
  });

  test('a command whose store becomes unavailable exits with 1 and one line', async () => {
    const server = await RedisServer.start();
    const args = ['user', 'add', 'ada', '--password-stdin', '--redis-port', String(server.port)];
    const command = spawn(join(import.meta.dirname, '../../bin/clock'), args);
    const exited = once(command, 'exit');
    let said = '';
    command.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const address = `clock: redis://127.0.0.1:${server.port}/0\n`;
    await until(() => said.includes(address), 'it has opened the store');
    await server.stop();
    command.stdin.end(password);
    expect(await exited).toEqual([1, null]);
    const [before, after] = said.split(address);
    // On a busy machine it waits for Redis at first.
    expect(before).toMatch(/^(clock: waiting for .*\n)?$/);
    expect(after?.split('\n')).toEqual([
      expect.stringMatching(/^clock: redis:.* cannot serve: redis-down \(.+\)$/),
      '',
    ]);
  });

  test('a host without a zone uses UTC', async () => {
    await using all = await startClock(['all'], { env: { TZ: '' } });
    const client = new Client(all.url);
    await client.signIn('admin', all.adminPassword());
    using socket = await client.connect();
    await socket.nextTick();
    expect(await (await client.fetch('/api/initial_state')).json()).toMatchObject({ zone: 'UTC' });
  });

  test('a role continues to run after the reader of its log has closed the pipe', async () => {
    await using all = await startClock(['all'], { env: { CLOCK_LOG_LEVEL: 'trace' } });
    all.closeLog();
    const client = new Client(all.url);
    // Each of these is a line of the log.
    for (let tries = 0; tries < 3; tries += 1) await client.signIn('nobody', password);
    expect((await client.fetch('/ready')).status).toBe(200);
  });
});

describe('the stored secret of clock all', () => {
  test.concurrent.each(['the embedded file', 'Redis'])('signs tokens from the start, with %s', async (over) => {
    const server = over === 'Redis' ? await RedisServer.start() : null;
    const env: Record<string, string> = server === null ? {} : { CLOCK_REDIS_URL: server.url };
    const all = await startClock(['all'], { env });
    try {
      const issued = await runClock(['token', 'issue', 'admin', '--data-dir', all.dataDir], { env });
      expect([issued.exit, issued.stderr.split('\n').length]).toEqual([0, 2]);
      const headers = { Authorization: `Bearer ${issued.stdout.trim()}` };
      expect((await fetch(`${all.url}/api/initial_state?channel=nope`, { headers })).status).toBe(404);
    } finally {
      await all.stop();
      await server?.stop();
    }
  });
});

describe('a certificate and its key', () => {
  let own: Certificate;
  let another: Certificate;
  let junk: string;
  let all: ClockProcess;
  beforeAll(async () => {
    [own, another] = await Promise.all([selfSignedCertificate(), selfSignedCertificate()]);
    junk = join(directory, 'junk.pem');
    writeFileSync(junk, 'junk');
    all = await startClock(['all', '--tls-cert', own.certFile, '--tls-key', own.keyFile]);
  });
  afterAll(() => Promise.all([own.remove(), another.remove(), all.stop()]));

  test.each([
    ['that are not PEM files', () => [junk, junk]],
    ['that do not match', () => [own.certFile, another.keyFile]],
    ['without a certificate', () => ['/dev/null', own.keyFile]],
  ])('%s are refused in one line by web and by clock check', async (_, files) => {
    const [cert = '', key = ''] = files();
    const env = { CLOCK_TLS_CERT: cert, CLOCK_TLS_KEY: key, CLOCK_SECRET: secret };
    const [web, check] = await Promise.all([
      runClock(['web', '--port', '0'], { env }),
      runClock(['check', '--port', '0', '--data-dir', all.dataDir], { env }),
    ]);
    expectRefused(web, /--tls-cert and --tls-key: /);
    expect(web.stderr).toContain(key);
    expect(check.stdout).toMatch(/^WRONG tls: --tls-cert/m);
    expect(check.exit).toBe(1);
  });

  test('that are valid pass clock check, which recognizes the running clock that uses them', async () => {
    const tls = ['--tls-cert', own.certFile, '--tls-key', own.keyFile];
    const { stdout } = await runClock(['check', '--port', String(all.port), '--data-dir', all.dataDir, ...tls]);
    expect(stdout).toMatch(/^ok    tls: /m);
    expect(stdout).toMatch(/^ok    port --port: a clock already listens on .*$/m);
  });
});

describe('clock check', () => {
  test('refuses a malformed address and prints no part of it', async () => {
    const { exit, stdout, stderr } = await runClock(['check'], { env: { CLOCK_REDIS_URL: 'http://:too-short@redis' } });
    expect(stdout).toMatch(/^WRONG configuration: CLOCK_REDIS_URL: [^\n]+\n$/);
    expect(stdout + stderr).not.toContain('too-short');
    expect(exit).toBe(1);
  });

  test('warns of a certificate that expires within 14 days, with exit 0', async () => {
    const server = await RedisServer.start({ settings: { appendonly: 'yes', 'maxmemory-policy': 'noeviction' } });
    const { certFile, keyFile, remove } = await selfSignedCertificate(13);
    const env = { CLOCK_REDIS_URL: server.url, CLOCK_SECRET: secret, CLOCK_TLS_CERT: certFile, CLOCK_TLS_KEY: keyFile };
    const { exit, stdout } = await runCheck(['--port', '0'], { env });
    await Promise.all([server.stop(), remove()]);
    expect(stdout).toMatch(/^warn  tls: .*cert\.pem: the certificate expires on \d{4}-\d\d-\d\d$/m);
    expect(stdout).not.toMatch(/^WRONG/m);
    expect(exit).toBe(0);
  });

  test('names what an ACL user is not allowed to do', async () => {
    const server = await RedisServer.start();
    await server.cli('ACL', 'SETUSER', 'limited', 'on', '>its-password', '~*', 'resetchannels', '+@all');
    const env = { CLOCK_REDIS_URL: `redis://limited:its-password@127.0.0.1:${server.port}`, CLOCK_SECRET: secret };
    const { exit, stdout, stderr } = await runClock(['check', '--port', '0'], { env });
    await server.stop();
    expect(stdout).toMatch(/^WRONG redis pub\/sub channels: .*NOPERM/m);
    expect(stdout + stderr).not.toContain('its-password');
    expect(exit).toBe(1);
  });

  test('changes no key of an installation', async () => {
    const server = await RedisServer.start();
    const env = { CLOCK_REDIS_URL: server.url, CLOCK_SECRET: secret };
    await runClock(['user', 'add', 'ada', '--password-stdin'], { env, stdin: password });
    await runClock(['token', 'issue', 'ada'], { env });
    await server.cli('SET', 'time', '15:03:27');
    const contents = async (): Promise<string[]> => {
      // Every process writes its health key.
      const keys = (await server.cli('KEYS', '*')).split('\n').filter((key) => !/:(health|pulse)/.test(key));
      return Promise.all(keys.toSorted().map(async (key) => `${key} ${await server.cli('DUMP', key)}`));
    };
    const before = await contents();
    await runClock(['check', '--port', '0'], { env });
    expect(before.length).toBeGreaterThan(4);
    expect(await contents()).toEqual(before);
    await server.stop();
  });

  test('reports a stored secret that is too short, with its path, and clock all does not start with it', async () => {
    const server = await RedisServer.start();
    const dataDir = mkdtempSync(join(directory, 'truncated-'));
    writeFileSync(join(dataDir, 'secret'), 'too-short');
    const env = { CLOCK_REDIS_URL: server.url, CLOCK_DATA_DIR: dataDir };
    const [check, all] = await Promise.all([
      runClock(['check', '--port', '0'], { env }),
      runClock(['all', '--port', '0'], { env }),
    ]);
    await server.stop();
    expect(check.stdout).toMatch(new RegExp(`^WRONG secret: ${dataDir}/secret: the stored secret is shorter`, 'm'));
    expect(all.stderr).toMatch(
      new RegExp(`^clock: ${dataDir}/secret: the stored secret is shorter than 32 bytes[^\n]*\n$`),
    );
    expect(all.exit).toBe(2);
    expect(check.stdout + all.stdout + all.stderr).not.toContain('too-short');
  });

  test('reports data of a newer schema in one line, and continues', async () => {
    const server = await RedisServer.start();
    await server.cli('SET', 'clock:{time}:schema', '99');
    const { exit, stdout, stderr } = await runClock(['check', '--port', '0'], { env: { CLOCK_REDIS_URL: server.url } });
    await server.stop();
    expect(stdout).toMatch(/^WRONG redis: .*schema 99/m);
    expect(stdout).toMatch(/^ok    port --port: /m);
    expect([exit, stderr]).toEqual([1, '']);
  });
});

/** `clock user` and `clock token`, while `clock all` runs on the same store. */
function worksOnItsStore(start: () => Promise<Store>): void {
  let store: Store;
  beforeAll(async () => {
    store = await start();
  });
  afterAll(() => store.all.stop());

  function run(args: readonly string[], stdin?: string): Promise<Ended> {
    return runClock(args, { env: store.env, ...(stdin === undefined ? {} : { stdin }) });
  }

  function add(name: string, ...more: string[]): Promise<Ended> {
    return run(['user', 'add', name, '--password-stdin', ...more], `${password}\n`);
  }

  async function accounts(): Promise<Record<string, { operator: boolean; disabled: boolean }>> {
    const { stdout } = await run(['user', 'list', '--json']);
    const list = JSON.parse(stdout) as { name: string; operator: boolean; disabled: boolean }[];
    return Object.fromEntries(list.map(({ name, operator, disabled }) => [name, { operator, disabled }]));
  }

  async function signsIn(name: string, text: string): Promise<boolean> {
    const client = new Client(store.all.url);
    await client.signIn(name, text);
    return client.cookies.has('sessionid');
  }

  test('an unknown variable causes a warning, and service links are ignored', () => {
    const warnings = store.all.log.filter(({ level }) => level === 'warn').map(({ variable }) => variable);
    expect(warnings.filter(Boolean)).toEqual(['CLOCK_PROT']);
  });

  test('an account is created, changed, disabled, enabled and removed', async () => {
    expect((await add('Ada')).exit).toBe(0);
    expect((await accounts())['Ada']).toEqual({ operator: false, disabled: false });
    expect(await signsIn('ada', password)).toBe(true);

    expect((await run(['user', 'passwd', 'ada', '--password-stdin'], other)).exit).toBe(0);
    expect(await signsIn('ada', password)).toBe(false);
    expect(await signsIn('ada', other)).toBe(true);

    expect((await run(['user', 'operator', 'ADA'])).exit).toBe(0);
    expect((await run(['user', 'disable', 'ada'])).exit).toBe(0);
    expect((await accounts())['Ada']).toEqual({ operator: true, disabled: true });
    expect(await signsIn('ada', other)).toBe(false);

    expect((await run(['user', 'enable', 'ada'])).exit).toBe(0);
    expect((await run(['user', 'operator', 'ada', '--off'])).exit).toBe(0);
    expect((await accounts())['Ada']).toEqual({ operator: false, disabled: false });
    expect(await signsIn('ada', other)).toBe(true);

    expect((await run(['user', 'remove', 'ada'])).exit).toBe(0);
    expect((await accounts())['Ada']).toBeUndefined();
    expect(await signsIn('ada', other)).toBe(false);
  });

  test('the address of the store is printed on standard error, without a password', async () => {
    const { stdout, stderr } = await run(['user', 'list']);
    const warned =
      'CLOCK_PROT' in store.env ? ['clock: CLOCK_PROT: unknown environment variable; check its spelling'] : [];
    expect(stderr.trimEnd().split('\n')).toEqual([...warned, `clock: ${store.address}`]);
    expect(stdout).toMatch(/^NAME +.*\nadmin /);
  });

  test.each([
    ['stdout', 'stderr'],
    ['stderr', 'stdout'],
  ] as const)('a command whose %s nobody reads finishes', async (closed, other) => {
    const args = ['user', 'list'];
    const ended = await runClock(args, { env: store.env, closed });
    expect(ended).toEqual({ exit: 0, [closed]: '', [other]: (await run(args))[other] });
  });

  test('an account that already exists, or does not exist, is refused with exit code 1 and one line', async () => {
    for (const ended of [
      await add('ADMIN'),
      ...(await Promise.all(['disable', 'enable', 'remove', 'operator'].map((what) => run(['user', what, 'nobody'])))),
    ]) {
      expect(ended.exit).toBe(1);
      expect(ended.stderr).toMatch(/\nclock: there is (an account ADMIN already|no account nobody)\n$/);
    }
  });

  test.each([
    ['a bad name', ['user', 'add', 'a b', '--password-stdin'], password, 'letters, digits'],
    ['a short password', ['user', 'add', 'bob', '--password-stdin'], 'short', '--password-stdin: the password'],
    [
      'its name as the password',
      ['user', 'add', 'a.name.of.twenty', '--password-stdin'],
      'A.name.of.twenty',
      'must not be the name',
    ],
    ['no terminal to type on', ['user', 'add', 'bob'], password, '--password-stdin'],
  ])('%s exits with 2 and one line', async (_, args, stdin, words) => {
    const { exit, stderr } = await run(args, stdin);
    expect(exit).toBe(2);
    expect(stderr.split('\n').at(-2)).toMatch(/^clock: /);
    expect(stderr).toContain(words);
    expect(stderr).not.toContain(stdin);
  });

  test('a token is printed alone, opens the socket, and ends when it is revoked', async () => {
    const issued = await run(['token', 'issue', 'admin', '--name', 'lobby', '--expires', '1h']);
    expect(issued.exit).toBe(0);
    expect(issued.stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    const headers = { Authorization: `Bearer ${issued.stdout.trim()}` };
    using socket = await new Client(store.all.url).connect('', headers);
    await socket.nextTick();

    const [token] = JSON.parse((await run(['token', 'list', '--json'])).stdout) as Record<string, string>[];
    expect(token).toMatchObject({ label: 'lobby', account: 'admin' });
    expect(Date.parse(token?.['expires'] ?? '') - Date.parse(token?.['created'] ?? '')).toBe(3_600_000);
    expect((await run(['token', 'issue', 'admin', '--name', 'lobby'])).exit).toBe(1);

    expect((await run(['token', 'revoke', 'lobby'])).exit).toBe(0);
    expect(await socket.closed).toBe(4401);
    expect((await run(['token', 'revoke', 'lobby'])).exit).toBe(1);
    expect((await run(['token', 'issue', 'nobody'])).exit).toBe(1);
  });

  test('healthcheck exits with 0 for the port of the role, and with 1 and one line for another', async () => {
    const port = String(store.all.port);
    for (const args of [[], ['--ready']]) {
      // It waits for 3 s, and Redis must answer within 1 s.
      const isHealthy = async () => (await runClock(['healthcheck', '--port', port, ...args])).exit === 0;
      await until(isHealthy, `healthcheck ${args.join()} exits with 0`);
    }
    const closed = await freePort();
    const unhealthy = await runClock(['healthcheck'], { env: { CLOCK_PORT: String(closed) } });
    expect(unhealthy).toEqual({
      exit: 1,
      stdout: '',
      stderr: `clock: http://127.0.0.1:${closed}/health: connection refused\n`,
    });
  });
}
