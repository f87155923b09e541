import { spawn, execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { commonOptions, unknownVariables } from '../../src/config.ts';
import { dataOptions, redisOptions } from '../../src/backend/options.ts';
import { webOptions } from '../../src/web/options.ts';
import { freePort } from '../support/free-port.ts';
import { container, manifestsIn, named, readYaml, root } from '../support/manifests.ts';
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

  test.each(Object.keys(roles))('has the same health check for %s as the article that Clock is modelled on', (name) => {
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

describe('systemd unit', () => {
  test('sets only variables that an option reads', () => {
    const unit = readFileSync(join(root, 'deploy/systemd/clock.service'), 'utf8');
    const variables = Object.fromEntries(
      [...unit.matchAll(/^Environment=(\w+)=(.*)$/gm)].map(([, name, value]) => [name, value]),
    );
    expect(unknownVariables(variables, tables)).toEqual([]);
  });
});
