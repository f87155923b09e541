import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Client } from '../support/client.ts';
import { selfSignedCertificate, type Certificate } from '../support/certificate.ts';
import { runClock, startClock, type ClockProcess } from '../support/clock-process.ts';
import { freePort } from '../support/free-port.ts';
import { RedisServer } from '../support/redis-server.ts';
import { until } from '../support/until.ts';

const secret = 'a secret of the tests that is long enough';
const password = 'a long enough password';
const other = 'another long password';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'clock-cli-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Ended = Awaited<ReturnType<typeof runClock>>;

/** One line on standard error, nothing on standard output, exit code 2. */
function expectRefused({ exit, stdout, stderr }: Ended, words: RegExp): void {
  expect(stderr).toMatch(/^clock: [^\n]+\n$/);
  expect(stderr).toMatch(words);
  expect(stdout).toBe('');
  expect(exit).toBe(2);
}

describe('help', () => {
  test('names every command', async () => {
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
  ] as const)('of %s names its options, their defaults and variables', async (role, words) => {
    const { exit, stdout } = await runClock([role, '--help']);
    expect(exit).toBe(0);
    for (const word of words) expect(stdout).toContain(word);
  });

  test('without any command is exit 2', async () => {
    const { exit, stderr } = await runClock([]);
    expect(exit).toBe(2);
    expect(stderr).toContain('Usage: clock');
  });
});

test('--version says version, commit and build date', async () => {
  const { exit, stdout } = await runClock(['--version']);
  expect(exit).toBe(0);
  expect(stdout).toMatch(/^clock \d+\.\d+\.\d+ \(commit \w+, built \d{4}-\d{2}-\d{2}\)\n$/);
});

describe('a command whose reader has gone', () => {
  test.concurrent.each([
    ['--help', 0],
    ['secret', 0],
    ['check --redis-port 1 --port 0', 1],
  ] as const)('%s ends quietly, with the exit code of what it did', async (args, exit) => {
    expect(await runClock(args.split(' '), { closed: 'stdout' })).toEqual({ exit, stdout: '', stderr: '' });
  });

  test('is not the one whose disk is full: that is told', async () => {
    const command = ['sh', '-c', 'exec "$0" "$@" >/dev/full', join(import.meta.dirname, '../../bin/clock')];
    const { exit, stderr } = await runClock(['check', '--redis-port', '1', '--port', '0'], { command });
    expect(stderr).toContain('ENOSPC');
    expect(exit).toBe(1);
  });
});

test('it can be called through a symbolic link', async () => {
  const link = join(folder, 'clock');
  symlinkSync(join(import.meta.dirname, '../../bin/clock'), link);
  expect((await runClock(['--version'], { command: [link] })).exit).toBe(0);
});

describe('a value that cannot be', () => {
  type Case = [args: string[], env: Record<string, string>, words: RegExp];
  const cases: Case[] = [
    [['web', '--port', '65536'], {}, /--port: "65536" must be a whole number from 0 to 65535/],
    [['web'], { CLOCK_PORT: '-1' }, /CLOCK_PORT: "-1" must be/],
    [['web', '--workers', '2'], {}, /--workers: "2" must be 1/],
    [['web', '--grace', '10 s'], {}, /--grace: "10 s" must be a duration/],
    [['web', '--tls-cert', '/nope.pem'], { CLOCK_SECRET: secret }, /--tls-cert and --tls-key: set both/],
    [
      ['web', '--tls-cert', '/nope.pem', '--tls-key', '/nope.key'],
      { CLOCK_SECRET: secret },
      /--tls-cert: \/nope.pem cannot be read/,
    ],
    [['web'], {}, /CLOCK_SECRET: missing.*'clock secret'/],
    [['web'], { CLOCK_SECRET_FILE: '/nope' }, /CLOCK_SECRET_FILE: \/nope cannot be read/],
    [['worker'], { TZ: 'CET-1CEST' }, /TZ: "CET-1CEST" must be a time zone.*Europe\/Madrid/],
    [['beat', '--interval', '49'], {}, /--interval: "49" must be a duration from 50 to 60000 ms/],
    [['beat', '--port', '1'], {}, /unknown option '--port'/],
    [['beat', 'more'], {}, /too many arguments|unexpected/],
    [['clok'], {}, /unknown command 'clok'/],
    [['beat'], { REDIS_HOST: 'a b' }, /REDIS_HOST: "a b" must be the name or address of a host/],
    [['beat'], { REDIS_PORT: '0' }, /REDIS_PORT: "0" must be a whole number from 1/],
    [['beat', '--redis-url', 'http://redis'], {}, /--redis-url: its value must be the address of a Redis/],
    [['token', 'issue', 'ada', '--expires', '366d'], {}, /--expires: "366d" must be/],
    [['token', 'issue', 'ada', '--name', 'a\nb'], {}, /--name/],
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
  test.concurrent.each(secrets)('%j with the secret of %j is refused without showing it', async (args, env, words) => {
    const ended = await runClock(args, { env });
    expectRefused(ended, words);
    expect(ended.stderr).not.toContain('too-short');
  });

  test('in a file is refused without showing it', async () => {
    const file = join(folder, 'short-secret');
    writeFileSync(file, 'too-short\n');
    const ended = await runClock(['web'], { env: { CLOCK_SECRET_FILE: file } });
    expectRefused(ended, /CLOCK_SECRET_FILE: its value must be/);
    expect(ended.stderr).not.toContain('too-short');
  });
});

describe('a port in use', () => {
  test('is exit 2 and one line that names it', async () => {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const { exit, stderr } = await runClock(['all', '--port', String(port), '--data-dir', join(folder, 'port')]);
    server.close();
    expect(exit).toBe(2);
    expect(stderr).toMatch(new RegExp(`^clock: --port: [^\n]*${port}[^\n]*\n$`));
  });

  test('or a host that is not this one: the line names --host too', async () => {
    const args = ['all', '--port', '0', '--host', '192.0.2.1', '--data-dir', join(folder, 'host')];
    const { exit, stderr } = await runClock(args);
    expect(stderr).toMatch(/^clock: --port: [^\n]*192\.0\.2\.1[^\n]*--host[^\n]*\n$/);
    expect(exit).toBe(2);
  });
});

describe('a data folder that cannot be written', () => {
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
  test('prints a secret and a password, others each time', async () => {
    const [first, second] = await Promise.all([runClock(['secret']), runClock(['secret'])]);
    expect(first.exit).toBe(0);
    expect(first.stdout).toMatch(/^CLOCK_SECRET=\S{32,}\nCLOCK_ADMIN_PASSWORD=\S{15,128}\n$/);
    expect(second.stdout).not.toBe(first.stdout);
  });

  test('--write makes two files that any user of a container can read, in a folder of the owner', async () => {
    const target = join(folder, 'secrets');
    const { exit } = await runClock(['secret', '--write', target]);
    expect(exit).toBe(0);
    expect(statSync(target).mode & 0o777).toBe(0o700);
    for (const name of ['secret', 'admin-password']) expect(statSync(join(target, name)).mode & 0o777).toBe(0o444);
    expect(readFileSync(join(target, 'secret'), 'utf8').trim().length).toBeGreaterThanOrEqual(32);

    const before = readFileSync(join(target, 'secret'), 'utf8');
    expectRefused(await runClock(['secret', '--write', target]), /exists already/);
    expect(readFileSync(join(target, 'secret'), 'utf8')).toBe(before);
  });

  test('--write leaves a folder alone that others may enter', async () => {
    const target = join(folder, 'open');
    mkdirSync(target);
    chmodSync(target, 0o755);
    expectRefused(await runClock(['secret', '--write', target]), /other users can open/);
    expect(statSync(target).mode & 0o777).toBe(0o755);
  });

  test('--write touches neither file where one is there', async () => {
    const target = mkdtempSync(join(folder, 'half-'));
    writeFileSync(join(target, 'admin-password'), 'mine');
    expectRefused(await runClock(['secret', '--write', target]), /admin-password exists already/);
    expect(() => statSync(join(target, 'secret'))).toThrow('ENOENT');
  });
});

describe('commands without a store', () => {
  test.concurrent.each([
    ['user', 'list'],
    ['token', 'list'],
  ])('%s %s: exit 2 and both ways to name one', async (...args) => {
    const ended = await runClock([...args, '--data-dir', join(folder, 'nowhere')]);
    expectRefused(ended, /CLOCK_REDIS_URL.*--data-dir/);
  });

  test('a Redis that does not answer is exit 1 and one line', async () => {
    const port = String(await freePort());
    const { exit, stderr } = await runClock(['user', 'list', '--redis-port', port]);
    expect(exit).toBe(1);
    expect(stderr.split('\n').at(-2)).toMatch(/^clock: .*redis-down/);
  });
});

test('both passwords can be pasted at once on a terminal', async () => {
  const data = join(folder, 'pasted');
  await using _all = await startClock(['all', '--data-dir', data]);
  const command = [join(import.meta.dirname, '../../bin/clock'), 'user', 'passwd', 'admin', '--data-dir', data];
  const terminal = spawn('script', ['--quiet', '--return', '--command', command.join(' '), '/dev/null']);
  const exited = once(terminal, 'exit');
  let shown = '';
  terminal.stdout.on('data', (chunk: Buffer) => (shown += chunk.toString()));
  await until(() => shown.includes('Password: '), 'it asks');
  terminal.stdin.write(`${password}\r${password}\r`);
  await until(() => shown.includes('Password again: '), 'it asks again');
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

describe('without what it needs', () => {
  test('a token is not issued over Redis without the secret that web has', async () => {
    const server = await RedisServer.start();
    const env = { CLOCK_REDIS_URL: server.url, XDG_STATE_HOME: join(folder, 'state') };
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

  test('the store that goes away midway is exit 1 and one line', async () => {
    const server = await RedisServer.start();
    const args = ['user', 'add', 'ada', '--password-stdin', '--redis-port', String(server.port)];
    const command = spawn(join(import.meta.dirname, '../../bin/clock'), args);
    const exited = once(command, 'exit');
    let said = '';
    command.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    await until(() => said.includes('redis://'), 'it has opened the store');
    await server.stop();
    command.stdin.end(password);
    expect(await exited).toEqual([1, null]);
    expect(said.split('\n').slice(1)).toEqual([
      expect.stringMatching(/^clock: redis:.* cannot serve: redis-down \(.+\)$/),
      '',
    ]);
  });

  test('a host without a zone has UTC', async () => {
    await using all = await startClock(['all'], { env: { TZ: '' } });
    const client = new Client(all.url);
    await client.signIn('admin', all.adminPassword());
    using socket = await client.connect();
    await socket.nextTick();
    expect(await (await client.fetch('/api/initial_state')).json()).toMatchObject({ zone: 'UTC' });
  });

  test('a role goes on when nobody reads its log any more', async () => {
    await using all = await startClock(['all'], { env: { CLOCK_LOG_LEVEL: 'trace' } });
    all.closeLog();
    const client = new Client(all.url);
    // Each of these is a line of the log.
    for (let tries = 0; tries < 3; tries += 1) await client.signIn('nobody', password);
    expect((await client.fetch('/ready')).status).toBe(200);
  });
});

describe('the secret that clock all keeps', () => {
  test.concurrent.each(['the embedded file', 'Redis'])('signs tokens from the start, over %s', async (over) => {
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

describe('certificate and key', () => {
  let own: Certificate;
  let another: Certificate;
  let junk: string;
  let all: ClockProcess;
  beforeAll(async () => {
    [own, another] = await Promise.all([selfSignedCertificate(), selfSignedCertificate()]);
    junk = join(folder, 'junk.pem');
    writeFileSync(junk, 'junk');
    all = await startClock(['all', '--tls-cert', own.certFile, '--tls-key', own.keyFile]);
  });
  afterAll(() => Promise.all([own.remove(), another.remove(), all.stop()]));

  test.each([
    ['that are none', () => [junk, junk]],
    ['that do not belong together', () => [own.certFile, another.keyFile]],
    ['without a certificate', () => ['/dev/null', own.keyFile]],
  ])('%s are refused in one line, and clock check says so too', async (_, files) => {
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

  test('that are good: clock check says so, and knows the clock that runs with them', async () => {
    const tls = ['--tls-cert', own.certFile, '--tls-key', own.keyFile];
    const { stdout } = await runClock(['check', '--port', String(all.port), '--data-dir', all.dataDir, ...tls]);
    expect(stdout).toMatch(/^ok    tls: /m);
    expect(stdout).toMatch(/^ok    port --port: .* is served by a clock already$/m);
  });
});

describe('clock check', () => {
  test('says that an address is none, and shows nothing of it', async () => {
    const { exit, stdout, stderr } = await runClock(['check'], { env: { CLOCK_REDIS_URL: 'http://:too-short@redis' } });
    expect(stdout).toMatch(/^WRONG configuration: CLOCK_REDIS_URL: [^\n]+\n$/);
    expect(stdout + stderr).not.toContain('too-short');
    expect(exit).toBe(1);
  });

  test('says that the data is newer than it knows, in a line among the others', async () => {
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

  test('an unknown variable is warned about, and service links are passed over in silence', () => {
    const warnings = store.all.log.filter(({ level }) => level === 'warn').map(({ variable }) => variable);
    expect(warnings.filter(Boolean)).toEqual(['CLOCK_PROT']);
  });

  test('an account is made, changed, shut out, let in again and removed', async () => {
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

  test('which store it was is said on standard error, without a password', async () => {
    const { stdout, stderr } = await run(['user', 'list']);
    const warned =
      'CLOCK_PROT' in store.env ? ['clock: CLOCK_PROT: unknown environment variable; no option uses it'] : [];
    expect(stderr.trimEnd().split('\n')).toEqual([...warned, `clock: ${store.address}`]);
    expect(stdout).toMatch(/^NAME +.*\nadmin /);
  });

  test.each([
    ['stdout', 'stderr'],
    ['stderr', 'stdout'],
  ] as const)('a command whose %s nobody reads comes to its end', async (closed, other) => {
    const args = ['user', 'list'];
    const ended = await runClock(args, { env: store.env, closed });
    expect(ended).toEqual({ exit: 0, [closed]: '', [other]: (await run(args))[other] });
  });

  test('an account that is there, or is not, is exit 1 and one line', async () => {
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
    ['a short password', ['user', 'add', 'bob', '--password-stdin'], 'short', '15 to 128'],
    [
      'its name as the password',
      ['user', 'add', 'a.name.of.twenty', '--password-stdin'],
      'A.name.of.twenty',
      'not the name',
    ],
    ['no terminal to type on', ['user', 'add', 'bob'], password, '--password-stdin'],
  ])('%s is exit 2 and one line', async (_, args, stdin, words) => {
    const { exit, stderr } = await run(args, stdin);
    expect(exit).toBe(2);
    expect(stderr.split('\n').at(-2)).toMatch(/^clock: /);
    expect(stderr).toContain(words);
    expect(stderr).not.toContain(stdin);
  });

  test('a token is printed once and alone, opens the socket, and is out when it is revoked', async () => {
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

  test('healthcheck is exit 0 for the port it is on, and 1 for another', async () => {
    const port = String(store.all.port);
    expect((await runClock(['healthcheck', '--port', port])).exit).toBe(0);
    expect((await runClock(['healthcheck', '--port', port, '--ready'])).exit).toBe(0);
    expect((await runClock(['healthcheck'], { env: { CLOCK_PORT: String(await freePort()) } })).exit).toBe(1);
  });
}
