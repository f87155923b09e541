import { readdirSync, readlinkSync } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { availableParallelism } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { selfSignedCertificate } from '../support/certificate.ts';
import { childrenOf, isRunning } from '../support/children.ts';
import { Client, type TestSocket } from '../support/client.ts';
import { runClock, startClock, type ClockProcess } from '../support/clock-process.ts';
import { freePort } from '../support/free-port.ts';
import { FakeNtpServer } from '../support/ntp-server.ts';
import { RedisServer } from '../support/redis-server.ts';
import { until } from '../support/until.ts';
import { waitUntilReady } from '../support/wait-until-ready.ts';

const password = 'a long enough password';
let server: RedisServer;
let installations = 0;

beforeAll(async () => {
  server = await RedisServer.start({ settings: { appendonly: 'yes' } });
});
afterAll(() => server.stop());

/** The environment of an installation of its own. */
function environment(): Record<string, string> {
  installations += 1;
  return {
    CLOCK_SECRET: 'a secret of the tests that is long enough',
    CLOCK_ADMIN_PASSWORD: password,
    CLOCK_HOST: '127.0.0.1',
    CLOCK_DRAIN: '0',
    REDIS_HOST: '127.0.0.1',
    REDIS_PORT: String(server.port),
    CLOCK_REDIS_PREFIX: `processes-${installations}-`,
  };
}

function countSockets(pid: number): number {
  const directory = `/proc/${pid}/fd`;
  return readdirSync(directory).filter((name) => {
    try {
      return readlinkSync(`${directory}/${name}`).startsWith('socket:');
    } catch {
      // The listing itself opened a descriptor.
      return false;
    }
  }).length;
}

async function signedIn({ url }: ClockProcess): Promise<Client> {
  const client = new Client(url);
  await client.signInWhenReady('admin', password);
  return client;
}

async function connectMany(client: Client, count: number): Promise<TestSocket[]> {
  const sockets: TestSocket[] = [];
  while (sockets.length < count) {
    sockets.push(...(await Promise.all(Array.from({ length: 50 }, () => client.connect()))));
  }
  return sockets;
}

describe('two web processes on one port', () => {
  test('spread the sockets, count them together, and replace one that dies without losing counts', async () => {
    await using web = await startClock(['web', '--workers', '2'], { env: environment() });
    const client = await signedIn(web);
    const children = childrenOf(web.pid);
    expect(children).toHaveLength(2);
    const before = children.map(countSockets);
    // The system chooses by a hash: of 2,000 sockets, 10 % are 4.5 standard deviations.
    const sockets = await connectMany(client, 2_000);
    const shares = children.map((pid, index) => countSockets(pid) - (before[index] ?? 0));
    for (const share of shares) expect(Math.abs(share - 1_000)).toBeLessThan(100);
    // A scrape during an exchange of the parent with its processes shows the result of that exchange.
    await until(async () => (await web.metric('clock_connections')) === 2_000, 'all sockets are counted');
    const page = await client.fetch('/api/screens');
    expect(page.status).toBe(200);

    const [victim = 0] = children;
    const handshakes = await web.metric('clock_handshakes_total');
    process.kill(victim, 'SIGKILL');
    await web.logged('a web process ended; another one replaces it');
    await until(async () => (await web.metric('clock_workers')) === 2, 'another process listens');
    expect(await web.metric('clock_handshakes_total')).toBe(handshakes);
    const left = await web.metric('clock_connections');
    // A descriptor may also belong to a connection of a request.
    expect(Math.abs(left - (2_000 - (shares[0] ?? 0)))).toBeLessThan(10);
    await waitUntilReady(web.ask);
    // The spread of reconnects counts all sockets of the installation: 0.7 ms for each.
    const spread = async () => ((await (await client.fetch('/api/initial_state')).json()) as { spread: number }).spread;
    await until(async () => (await spread()) === Math.round(0.7 * left), 'spread counts all', 60_000);
    for (const socket of sockets) socket.socket.terminate();
  });

  test('ignore SIGTERM, and drain with their parent', async () => {
    await using web = await startClock(['web', '--workers', '2'], { env: environment() });
    const sockets = await connectMany(await signedIn(web), 50);
    const children = childrenOf(web.pid);
    for (const pid of children) for (const signal of ['SIGTERM', 'SIGINT'] as const) process.kill(pid, signal);
    await waitUntilReady((path) => fetch(web.url + path));
    expect(childrenOf(web.pid)).toEqual(children);
    expect(await web.stop()).toBe(0);
    expect(await Promise.all(sockets.map(({ closed }) => closed))).toEqual(sockets.map(() => 1_001));
    expect(children.filter(isRunning)).toEqual([]);
  });

  test('drain and end when their parent is killed', async () => {
    await using web = await startClock(['web', '--workers', '2'], { env: environment() });
    const sockets = await connectMany(await signedIn(web), 50);
    const children = childrenOf(web.pid);
    web.kill('SIGKILL');
    expect(await Promise.all(sockets.map(({ closed }) => closed))).toEqual(sockets.map(() => 1_001));
    await until(() => !children.some(isRunning), 'the children end');
  });

  test('end with a parent that gets a second signal', async () => {
    const env = { ...environment(), CLOCK_DRAIN: '1h', CLOCK_GRACE: '1h' };
    await using web = await startClock(['web', '--workers', '2'], { env });
    const client = await signedIn(web);
    const sockets = await connectMany(client, 50);
    const children = childrenOf(web.pid);
    web.kill('SIGTERM');
    await until(async () => (await web.ask('/ready')).status === 503, 'the parent drains');
    web.kill('SIGTERM');
    expect(await web.exited).toBe(1);
    // The drain has closed the first ones by then.
    expect(await Promise.all(sockets.map(({ closed }) => closed))).toContain(1_006);
    await until(() => !children.some(isRunning), 'the children end');
  });

  test('are ready while one can serve, and say so alike', async () => {
    const own = await RedisServer.start();
    await using web = await startClock(['web', '--workers', '2'], {
      env: { ...environment(), REDIS_PORT: String(own.port) },
    });
    const statuses = async () => {
      const answers = await Promise.all([
        web.ask('/ready'),
        ...Array.from({ length: 16 }, () => fetch(`${web.url}/ready`, { headers: { connection: 'close' } })),
      ]);
      return new Set(answers.map(({ status }) => status));
    };
    await until(async () => [...(await statuses())].join() === '200', 'every process is ready');
    await own.stop();
    await until(async () => [...(await statuses())].join() === '503', 'no process is ready');
  });

  test('do not count as ready while they do not respond, and are replaced after a while', async () => {
    await using web = await startClock(['web', '--workers', '2'], { env: environment() });
    await waitUntilReady(web.ask);
    const [first = 0, second = 0] = childrenOf(web.pid);
    const count = (msg: string, child: number) =>
      web.log.filter((line) => line.msg === msg && line['child'] === child).length;
    for (const pid of [first, second]) process.kill(pid, 'SIGSTOP');
    const reason = async () => ((await (await web.ask('/ready')).json()) as { reason?: string }).reason;
    await until(async () => (await reason()) === 'unresponsive', 'no process responds', 60_000, 100);
    expect(await web.metric('clock_workers')).toBe(0);
    process.kill(first, 'SIGCONT');
    await until(() => count('a web process responds again', first) > 0, 'one responds again', 60_000);
    expect(await web.metric('clock_workers')).toBe(1);
    await waitUntilReady(web.ask);
    // The other one is killed after 20 to 22 s.
    await until(
      () => count('a web process still does not respond and is killed', second) > 0,
      'the other is lost',
      90_000,
    );
    await until(async () => (await web.metric('clock_workers')) === 2, 'another process listens', 60_000, 100);
    expect([isRunning(first), isRunning(second)]).toEqual([true, false]);
    const warning = 'a web process does not respond; it no longer counts as ready';
    // On a busy machine the first one may be slow again.
    expect(count(warning, first)).toBeGreaterThanOrEqual(1);
    expect(count(warning, second)).toBe(1);
  });

  test('have one audit, one first account and one NTP client, in the parent', async () => {
    await using ntp = await FakeNtpServer.start();
    const ntpServer = `${ntp.server.host}:${ntp.server.port}`;
    await using web = await startClock(['web', '--workers', '2', '--ntp-server', ntpServer], { env: environment() });
    const client = await signedIn(web);
    expect(web.log.filter(({ msg }) => msg === 'first account created')).toMatchObject([{ pid: web.pid }]);
    await until(async () => (await web.metric('clock_authority_error_seconds')) >= 0, 'UTC is known');
    const everyProcessKnows = async (): Promise<boolean> => {
      const sockets = await connectMany(client, 50);
      for (const socket of sockets) socket.send('{"sync":1}');
      const answers = await Promise.all(sockets.map((socket) => socket.next()));
      for (const socket of sockets) socket.socket.terminate();
      return answers.every((answer) => typeof JSON.parse(answer).sync.utcError === 'number');
    };
    await until(everyProcessKnows, 'each process knows how far UTC is', undefined, 100);
    const csrf = client.cookies.get('csrftoken') ?? '';
    const shown = await client.fetch('/api/show', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-csrftoken': csrf, origin: web.url },
      body: JSON.stringify({ show: { message: 'hello' } }),
    });
    expect(shown.status).toBeLessThan(300);
    expect(await web.logged('an operator acted')).toMatchObject({ audit: 'show', pid: web.pid });
  });

  test('all load a new certificate on SIGHUP to their parent', async () => {
    const certificate = await selfSignedCertificate();
    const { certFile, keyFile } = certificate;
    const args = ['web', '--workers', '2', '--tls-cert', certFile, '--tls-key', keyFile];
    await using web = await startClock(args, { env: environment() });
    await appendFile(certFile, '\n');
    web.kill('SIGHUP');
    const loaded = () => web.log.filter(({ msg }) => msg === 'new certificate loaded').map(({ pid }) => pid);
    await until(() => loaded().length === 2, 'both processes load it');
    expect(loaded().map(Number).toSorted()).toEqual(childrenOf(web.pid).toSorted());
    await certificate.remove();
  });
});

describe('a parent of web processes', () => {
  test('refuses a port in use with exit code 2 and one line', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const address = other.address();
    const port = typeof address === 'object' ? String(address?.port) : '';
    const run = await runClock(['web', '--workers', '2', '--port', port], { env: environment() });
    other.close();
    expect(run).toMatchObject({ exit: 2, stdout: '' });
    expect(run.stderr).toMatch(/^clock: --port: cannot listen on [^\n]+\n$/);
  });

  test('shares its port with no other parent, also if both start at once', async () => {
    const port = String(await freePort());
    const args = ['web', '--workers', '2', '--port', port];
    const hosts = ['127.0.0.1', '::', '0.0.0.0', '127.0.0.1'];
    const starts = await Promise.allSettled(
      hosts.map((host) => startClock(args, { env: { ...environment(), CLOCK_HOST: host } })),
    );
    const running = starts.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []));
    const refusals = starts.flatMap((start) => (start.status === 'rejected' ? [String(start.reason)] : []));
    expect(running).toHaveLength(1);
    for (const refusal of refusals) expect(refusal).toMatch(/ended with 2: clock: --port: cannot listen on/);
    await Promise.all(running.map((web) => web.stop()));
  });

  test('prints the line of a process that cannot start once, and exits with its code', async () => {
    const args = ['web', '--workers', '3', '--port', '0', '--tls-cert', '/nowhere', '--tls-key', '/nowhere'];
    const run = await runClock(args, { env: environment() });
    expect(run.exit).toBe(2);
    expect(run.stderr).toMatch(/^clock: --tls-cert: [^\n]+\n$/);
    expect(run.stdout).toBe('');
  });

  test('starts one process per core for 0', async () => {
    await using web = await startClock(['web', '--workers', '0'], { env: environment() });
    expect(await web.metric('clock_workers')).toBe(availableParallelism());
  });
});

describe('clock all with several web processes', () => {
  test.each(['0', '2'])('needs a named Redis for --workers %s', async (workers) => {
    const { exit, stderr } = await runClock(['all', '--workers', workers, '--port', '0']);
    expect(exit).toBe(2);
    expect(stderr).toMatch(/^clock: --workers: several processes need a Redis to share[^\n]+\n$/);
  });

  test('runs worker and beat in the parent, and sends each tick from every process', async () => {
    await using all = await startClock(['all', '--workers', '2'], { env: environment() });
    const client = await signedIn(all);
    const sockets = await connectMany(client, 50);
    // On a busy machine a process may skip an instant.
    const reachesAll = (): boolean => {
      const [first = [], ...others] = sockets.map(({ frames }) => frames);
      return first.some((frame) => others.every((frames) => frames.includes(frame)));
    };
    await until(reachesAll, 'every socket receives the same tick');
    expect(await all.metric('clock_beat_leader')).toBe(1);
    expect(await all.metric('clock_workers')).toBe(2);
    expect(all.log.filter(({ msg }) => msg === 'became leader')).toMatchObject([{ pid: all.pid }]);
    for (const socket of sockets) socket.socket.terminate();
  });
});
