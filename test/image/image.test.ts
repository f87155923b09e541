import { execFileSync } from 'node:child_process';
import { copyFileSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Client } from '../support/client.ts';
import { runClock, startClock, type ClockProcess } from '../support/clock-process.ts';
import { freePort } from '../support/free-port.ts';
import { RedisServer } from '../support/redis-server.ts';
import { until } from '../support/until.ts';
import { Image } from './image.ts';

const password = 'a password to sign in';
const secrets = { CLOCK_SECRET: 'x'.repeat(32), CLOCK_ADMIN_PASSWORD: password };

let image: Image;
let redis: RedisServer;
beforeAll(async () => {
  image = new Image();
  redis = await RedisServer.start();
});
afterAll(async () => {
  await redis?.stop();
  image?.[Symbol.dispose]();
});

interface Runtime {
  runtime: string;
  /** A host name if the container has /etc/hosts, otherwise an address. */
  redisHost: string;
  command(env: Record<string, string>): string[];
}

const runtimes: Runtime[] = [
  { runtime: 'buildah run', redisHost: 'localhost', command: (env) => image.buildahCommand(env) },
  {
    runtime: 'a restricted runtime',
    redisHost: '127.0.0.1',
    command: (env) => image.restrictedCommand(env),
  },
];

/** Runs a role of the image while `use` runs. Signals the role itself, since its wrapper does not forward signals. */
async function withRole(
  command: readonly string[],
  args: readonly string[],
  use: (clock: ClockProcess, pid: number) => Promise<void>,
): Promise<void> {
  const clock = await startClock(args, { command });
  const pid = Number(clock.log[0]?.['pid']);
  try {
    await use(clock, pid);
  } finally {
    process.kill(pid, 'SIGTERM');
    await clock.exited;
  }
}

/** Waits until the health check of the role succeeds: on a busy machine Redis may not answer within a second. */
async function waitUntilHealthy(command: readonly string[]): Promise<void> {
  const check = async (): Promise<boolean> => (await runClock(['healthcheck', '--ready'], { command })).exit === 0;
  await until(check, 'healthcheck --ready exits with 0', 60_000);
}

async function readTick(url: string): Promise<string> {
  const client = new Client(url);
  expect((await client.signInWhenReady('admin', password)).status).toBe(302);
  using socket = await client.connect();
  return (await socket.nextTick()).text;
}

describe('image', () => {
  test('declares its user, entry point, ports, health check and labels', () => {
    expect(image.config).toMatchObject({
      User: '10001:10001',
      Entrypoint: ['/usr/local/bin/clock'],
      ExposedPorts: { '8000/tcp': {}, '9464/tcp': {} },
      Healthcheck: { Test: ['CMD', '/usr/local/bin/clock', 'healthcheck'] },
      Labels: {
        'org.opencontainers.image.revision': '0123abc',
        'org.opencontainers.image.created': '2026-01-02T03:04:05Z',
        'org.opencontainers.image.licenses': 'Apache-2.0',
      },
    });
    expect(image.config.Env).toEqual(
      expect.arrayContaining(['TZ=Europe/Madrid', 'CLOCK_HOST=::', 'CLOCK_DATA_DIR=/data']),
    );
  });

  test('contains the executable, its addon, their libraries, licences and three files of /etc in 140 MB', () => {
    const files = execFileSync('find', ['.', '-xdev', '-type', 'f', '-printf', '%P\n'], { cwd: image.rootfs });
    const others = files
      .toString()
      .split('\n')
      .filter((path) => path !== '' && !/^lib(64)?\/.*\.so\.\d+$/.test(path));
    expect(others.toSorted()).toEqual([
      'etc/group',
      'etc/nsswitch.conf',
      'etc/passwd',
      'usr/local/bin/clock',
      'usr/local/bin/uws.node',
      'usr/share/doc/clock/LICENSE',
      'usr/share/doc/clock/THIRD-PARTY-LICENSES',
    ]);
    const size = execFileSync('du', ['--summarize', '--bytes', image.rootfs]).toString();
    expect(parseInt(size, 10)).toBeLessThan(140_000_000);
  });

  test('lets its user write to /data and /tmp only, and has no setuid or setgid file', () => {
    const find = (...test: string[]): string =>
      execFileSync('find', ['.', '-xdev', ...test, '-printf', '%P '], { cwd: image.rootfs }).toString();
    expect(find('-uid', '10001')).toBe('data ');
    expect(find('-perm', '/o+w', '-not', '-type', 'l')).toBe('tmp ');
    expect(find('-perm', '/ug+s')).toBe('');
  });

  test('reports the commit and date from the build arguments', async () => {
    const { stdout } = await runClock(['--version'], { command: image.restrictedCommand() });
    expect(stdout).toMatch(/^clock \d+\.\d+\.\d+ \(commit 0123abc, built 2026-01-02\)\n$/);
  });

  test.each(runtimes)('runs all with $runtime', async ({ command }) => {
    const CLOCK_INTERNAL_PORT = String(await freePort());
    const env = { CLOCK_INTERNAL_PORT, ...secrets };
    await withRole(command(env), ['all', '--data-dir', '/data'], async (clock) => {
      expect(await readTick(clock.url)).toMatch(/^\d\d:\d\d:\d\d$/);
      await waitUntilHealthy(command(env));
    });
  });

  test.each(runtimes)('runs web, worker and beat with $runtime', async ({ command, redisHost }) => {
    const environmentOf = async (): Promise<Record<string, string>> => ({
      CLOCK_INTERNAL_PORT: String(await freePort()),
      REDIS_HOST: redisHost,
      REDIS_PORT: String(redis.port),
    });
    await redis.cli('FLUSHALL');
    const [web, worker, beat] = [await environmentOf(), await environmentOf(), await environmentOf()];
    await withRole(command({ ...web, ...secrets }), ['web', '--port', '0'], (clock) =>
      withRole(command(worker), ['worker'], () =>
        withRole(command(beat), ['beat'], async () => {
          expect(await readTick(clock.url)).toMatch(/^\d\d:\d\d:\d\d$/);
          for (const env of [web, worker, beat]) await waitUntilHealthy(command(env));
        }),
      ),
    );
  });

  test('runs without capabilities and cannot gain any', async () => {
    const env = { CLOCK_INTERNAL_PORT: String(await freePort()), ...secrets };
    await withRole(image.restrictedCommand(env), ['all', '--data-dir', '/data'], async (_clock, pid) => {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      expect(status).toMatch(/^Uid:\t10001\t10001\t10001\t10001$/m);
      expect(status).toMatch(/^CapPrm:\t0+$/m);
      expect(status).toMatch(/^CapEff:\t0+$/m);
      expect(status).toMatch(/^NoNewPrivs:\t1$/m);
    });
  });

  test('serves the time of Madrid by default', async () => {
    const env = { CLOCK_INTERNAL_PORT: String(await freePort()), ...secrets };
    await withRole(image.restrictedCommand(env), ['all', '--data-dir', '/data'], async (clock) => {
      const client = new Client(clock.url);
      await client.signIn('admin', password);
      const zone = await until(async () => {
        const state = (await (await client.fetch('/api/initial_state')).json()) as { zone?: string };
        return state.zone;
      }, 'the first tick arrives');
      expect(zone).toBe('Europe/Madrid');
    });
  });

  test('names the missing variable if it has no secret', async () => {
    const { exit, stderr } = await runClock(['web'], { command: image.restrictedCommand() });
    expect(stderr).toMatch(/^clock: CLOCK_SECRET: missing; .*\n$/);
    expect(exit).toBe(2);
  });
});

describe('executable', () => {
  test('runs on a bare Debian 12 without Node and leaves only its data behind', async () => {
    const base = image.bareDebian;
    copyFileSync(join(image.rootfs, 'usr/local/bin/clock'), join(base, 'opt/clock'));
    expect(readdirSync(join(base, 'usr/bin'))).not.toContain('node');
    const chroot = ['/usr/bin/unshare', `--root=${base}`, '--wd=/', '--setgid=10001', '--setuid=10001'];
    const mountProc = ['unshare', '--mount', 'sh', '-c', `mount -t proc proc ${base}/proc && exec "$@"`, 'sh'];
    const command = [...mountProc, 'env', '--ignore-environment', ...chroot, '/opt/clock'];
    await withRole(command, ['all', '--data-dir', '/tmp/data'], async (clock) => {
      expect((await fetch(`${clock.url}/health`)).status).toBe(200);
    });
    expect(readdirSync(join(base, 'tmp'))).toEqual(['data']);
  });
});
