import { type ChildProcess, spawn, execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { commonOptions, unknownVariables } from '../../src/config.ts';
import { dataOptions, redisOptions } from '../../src/backend/options.ts';
import { webOptions } from '../../src/web/options.ts';
import { blocksIn } from '../support/docs-blocks.ts';
import { freePort } from '../support/free-port.ts';
import { container, type Manifest, manifestsIn, named, readYaml, root } from '../support/manifests.ts';
import { until } from '../support/until.ts';

const run = promisify(execFile);
const tables = [commonOptions, redisOptions, dataOptions, webOptions];

interface ComposeService {
  image: string;
  command: string[];
  environment?: Record<string, string>;
  healthcheck: Record<string, unknown>;
  [key: string]: unknown;
}

interface Compose {
  services: Record<string, ComposeService>;
  secrets: Record<string, { file: string }>;
  volumes: Record<string, object>;
}

describe('compose.yaml', () => {
  const { services, secrets, volumes } = readYaml<Compose>('compose.yaml');
  const { version } = readYaml<{ version: string }>('package.json');
  const roles = { web: ['web', '--port', '8000'], worker: ['worker'], beat: ['beat'] };

  test('has Redis and a service for each role, which share one image of this version', () => {
    expect(Object.keys(services).toSorted()).toEqual(['beat', 'redis', 'web', 'worker']);
    for (const [name, command] of Object.entries(roles)) {
      expect(services[name]).toMatchObject({ image: `clock:${version}`, command, depends_on: ['redis'] });
    }
  });

  test.each(Object.keys(roles))('has the same health check for %s as the Django system that it replaces', (name) => {
    expect(services[name]?.healthcheck).toEqual({
      test: ['CMD', 'clock', 'healthcheck'],
      interval: '1m30s',
      timeout: '10s',
      retries: 3,
      start_period: '40s',
    });
  });

  test.each(Object.keys(services))('runs %s read-only, without capabilities and new privileges', (name) => {
    expect(services[name]).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
    });
    expect(services[name]).not.toHaveProperty('privileged');
  });

  test('stores the data of Redis on a volume and evicts no key', () => {
    expect(services['redis']?.command.join(' ')).toBe('redis-server --appendonly yes --maxmemory-policy noeviction');
    expect(services['redis']?.['volumes']).toEqual(['redis-data:/data']);
    expect(volumes).toHaveProperty('redis-data');
    expect(services['redis']).not.toHaveProperty('ports');
  });

  test('mounts the secrets from the files that `clock secret --write secrets` creates', () => {
    expect(secrets).toEqual({
      'admin-password': { file: './secrets/admin-password' },
      secret: { file: './secrets/secret' },
    });
    expect(services['web']?.['secrets']).toEqual(['admin-password', 'secret']);
    expect(services['web']?.environment).toMatchObject({
      CLOCK_ADMIN_PASSWORD_FILE: '/run/secrets/admin-password',
      CLOCK_SECRET_FILE: '/run/secrets/secret',
    });
  });

  test('sets only variables that an option reads', () => {
    for (const { environment = {} } of Object.values(services)) {
      expect(unknownVariables(environment, tables)).toEqual([]);
    }
  });
});

describe('Redis in the Kubernetes manifests', () => {
  const redis = container(named(manifestsIn('k8s'), 'StatefulSet', 'clock-redis'));

  test.each([
    { given: 'without a password', env: {}, refused: false },
    { given: 'with a password', env: { REDISCLI_AUTH: 'not-to-be-shown' }, refused: true },
  ])('starts with its own command $given', async ({ env, refused }) => {
    const directory = mkdtempSync(join(tmpdir(), 'clock-redis-'));
    const port = String(await freePort());
    const [shell = '', ...args] = redis.command ?? [];
    const script = args.at(-1)?.replace('/data', `${directory} --port ${port}`) ?? '';
    const { PATH } = process.env;
    const child = spawn(shell, [...args.slice(0, -1), script], { env: { PATH, ...env }, stdio: 'ignore' });
    const ended = once(child, 'exit');
    const cli = async (auth: NodeJS.ProcessEnv, ...command: string[]): Promise<string> =>
      (await run('redis-cli', ['-p', port, ...command], { env: { PATH, ...auth } }).catch(() => ({ stdout: '' })))
        .stdout;
    try {
      await until(async () => (await cli(env, 'ping')) === 'PONG\n', 'Redis answers');
      expect((await cli({}, 'ping')).startsWith('NOAUTH')).toBe(refused);
      expect(await cli(env, 'config', 'get', 'appendonly')).toBe('appendonly\nyes\n');
      expect(await cli(env, 'config', 'get', 'maxmemory-policy')).toBe('maxmemory-policy\nnoeviction\n');
      // Redis replaces the shell, so it receives the SIGTERM that ends a pod.
      expect(readFileSync(`/proc/${child.pid}/cmdline`, 'utf8')).toContain('redis-server');
      expect(readFileSync(`/proc/${child.pid}/cmdline`, 'utf8')).not.toContain('not-to-be-shown');
    } finally {
      child.kill('SIGTERM');
      await ended;
    }
    expect(existsSync(join(directory, 'appendonlydir'))).toBe(true);
    rmSync(directory, { recursive: true });
  });
});

describe('the Redis and Sentinels of deploy/sentinel', () => {
  const sentinel = named(manifestsIn('deploy/sentinel'), 'StatefulSet', 'clock-sentinel');
  const redis = manifestsIn('deploy/sentinel').find(({ kind, spec }) => kind === 'StatefulSet' && !spec.serviceName);
  const password = 'not-to-be-shown';

  test('start with their own commands, and replace a master that is lost', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'clock-sentinel-'));
    const [port, sentinelPort] = [String(await freePort()), String(await freePort())];
    const hostOf = (index: number): string => `127.0.0.${11 + index}`;
    const children: ChildProcess[] = [];
    /** Runs a pod's command with addresses of loopback in place of the names of pods. */
    const begin = (name: string, index: number, of: Manifest | undefined): ChildProcess => {
      const data = join(directory, `${name}-${index}`);
      mkdirSync(data, { recursive: true });
      const host = hostOf(index);
      const script = (of === undefined ? '' : (container(of).command?.at(-1) ?? ''))
        .replaceAll('26379', 'SENTINEL_PORT')
        .replaceAll('6379', port)
        .replaceAll('SENTINEL_PORT', sentinelPort)
        .replaceAll('/data', data)
        .replace('sentinels=clock-sentinel', `sentinels=${hostOf(0)}`)
        .replace('clock-redis-0.clock-redis', hostOf(0))
        .replace('exec redis-server - ', `exec redis-server - --port ${port} --bind ${host} `)
        .replace('resolve-hostnames yes', `resolve-hostnames yes\nbind ${host}`);
      const env = { PATH: process.env['PATH'], REDISCLI_AUTH: password, SELF: host };
      const child = spawn('/bin/sh', ['-c', script], { env, stdio: 'ignore' });
      children.push(child);
      return child;
    };
    const cli = async (index: number, at: string, ...command: string[]): Promise<string> => {
      const env = { PATH: process.env['PATH'], REDISCLI_AUTH: password };
      const args = ['-h', hostOf(index), '-p', at, ...command];
      return (await run('redis-cli', args, { env }).catch(() => ({ stdout: '' }))).stdout;
    };
    const hasRole = async (index: number, role: string): Promise<boolean> =>
      (await cli(index, port, 'role')).startsWith(`${role}\n`);
    const masterIs = async (index: number, by = 0): Promise<boolean> =>
      (await cli(by, sentinelPort, 'sentinel', 'get-master-addr-by-name', 'clock')).startsWith(`${hostOf(index)}\n`);
    try {
      const servers = [0, 1, 2].map((index) => begin('redis', index, redis));
      for (const index of [0, 1, 2]) begin('sentinel', index, sentinel);
      const areReplicating = async (): Promise<boolean> =>
        (await hasRole(0, 'master')) && (await cli(0, port, 'info', 'replication')).includes('connected_slaves:2');
      await until(areReplicating, 'the first Redis is the master of the others', 60_000, 200);
      const areKnown = async (): Promise<boolean> =>
        /num-other-sentinels\n2\n/.test(await cli(0, sentinelPort, 'sentinel', 'master', 'clock')) &&
        /num-slaves\n2\n/.test(await cli(0, sentinelPort, 'sentinel', 'master', 'clock'));
      await until(areKnown, 'the Sentinels know everybody', 60_000, 200);
      // The master accepts writes once a replica has confirmed what it received.
      await until(async () => (await cli(0, port, 'set', 'a', 'b')) === 'OK\n', 'it accepts a write', 60_000, 200);
      expect(await cli(0, port, 'wait', '2', '10000')).toBe('2\n');

      servers[0]?.kill('SIGKILL');
      const isReplaced = async (): Promise<boolean> => (await hasRole(1, 'master')) || (await hasRole(2, 'master'));
      await until(isReplaced, 'a replica becomes the master', 60_000, 200);
      const master = (await hasRole(1, 'master')) ? 1 : 2;
      expect(await cli(master, port, 'get', 'a')).toBe('b\n');
      await until(() => masterIs(master), 'the Sentinels say so', 60_000, 200);
      begin('redis', 0, redis);
      await until(() => hasRole(0, 'slave'), 'the old master becomes a replica', 60_000, 200);
      expect(readFileSync(`/proc/${children.at(-1)?.pid}/cmdline`, 'utf8')).not.toContain(password);
    } finally {
      const ended = children.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
      await Promise.all(
        ended.map((child) => {
          child.kill('SIGKILL');
          return once(child, 'exit');
        }),
      );
      rmSync(directory, { recursive: true });
    }
  }, 240_000);
});

describe('systemd unit', () => {
  const unit = readFileSync(join(root, 'deploy/systemd/clock.service'), 'utf8');

  test.each([
    ['deploy/systemd/clock.service', 'clock.service', unit],
    ['docs/kiosk.md', 'clock-kiosk.service', blocksIn('kiosk', 'ini')[0] ?? ''],
  ])('of %s is valid', async (_, name, text) => {
    const directory = mkdtempSync(join(tmpdir(), 'clock-unit-'));
    try {
      // systemd checks that the program exists.
      writeFileSync(join(directory, name), text.replace(/^ExecStart=\S+/m, 'ExecStart=/bin/true'));
      const { stdout, stderr } = await run('systemd-analyze', ['verify', join(directory, name)]);
      expect(stdout + stderr).toBe('');
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  test('sets only variables that an option reads', () => {
    const variables = Object.fromEntries(
      [...unit.matchAll(/^Environment=(\w+)=(.*)$/gm)].map(([, name, value]) => [name, value]),
    );
    expect(unknownVariables(variables, tables)).toEqual([]);
  });
});
