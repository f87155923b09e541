import { chmodSync, copyFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addonFile } from '../../scripts/addon.ts';
import { childrenOf, isRunning } from '../support/children.ts';
import { Client } from '../support/client.ts';
import { runClock, startClock } from '../support/clock-process.ts';
import { LoneExecutable } from '../support/executable.ts';
import { RedisServer } from '../support/redis-server.ts';
import { until } from '../support/until.ts';

const nowhere = { '/tmp': 'noexec,mode=1777', '/dev/shm': 'ro', '/run': 'noexec,mode=1777' };

let executable: LoneExecutable;
beforeAll(() => {
  executable = new LoneExecutable();
});
afterAll(() => executable[Symbol.dispose]());

describe('executable', () => {
  test('is at most 125 MB', () => {
    expect(statSync(executable.path).size).toBeLessThanOrEqual(125_000_000);
  });

  test('prints version, commit and build date for any user, without PATH, home or environment', async () => {
    const { exit, stdout, stderr } = await runClock(['--version'], { command: executable.command() });
    expect(stdout).toMatch(/^clock \d+\.\d+\.\d+ \(commit [0-9a-f]{7}, built \d{4}-\d\d-\d\d\)\n$/);
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
  });

  test.each(['--version', '--help'])('prints %s even if its addon cannot be loaded', async (flag) => {
    const command = executable.command({ mounts: nowhere });
    expect(await runClock([flag], { command })).toMatchObject({ exit: 0, stderr: '' });
  });

  test('ignores NODE_OPTIONS', async () => {
    const env = { NODE_OPTIONS: '--require=/nowhere.js --title=other' };
    const { exit, stderr } = await runClock(['--version'], { command: executable.command({ env }) });
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
  });

  test('serves the page, signs in and ticks, and leaves nothing behind', async () => {
    const dataDir = executable.writableDirectory();
    const TMPDIR = executable.writableDirectory();
    const clock = await startClock(['all'], { dataDir, command: executable.command({ env: { TMPDIR } }) });
    expect(readdirSync(TMPDIR)).toEqual([]);

    const client = new Client(clock.url);
    const form = await (await client.fetch('/accounts/login/')).text();
    const style = /href="(\/static\/clock\.[0-9a-f]+\.css)"/.exec(form)?.[1] ?? 'none';
    const css = await client.fetch(style, { headers: { 'accept-encoding': 'br' } });
    expect([css.status, css.headers.get('content-encoding')]).toEqual([200, 'br']);
    expect(await css.text()).toContain('{');

    expect((await client.signIn('admin', clock.adminPassword())).status).toBe(302);
    using socket = await client.connect();
    expect((await socket.nextTick()).text).toMatch(/^\d\d:\d\d:\d\d$/);
    expect(await clock.stop()).toBe(0);
    expect(readdirSync(TMPDIR)).toEqual([]);
  });

  test('runs web, worker and beat over one Redis', async () => {
    const redis = await RedisServer.start();
    try {
      const secret = { CLOCK_SECRET: 'x'.repeat(32), CLOCK_ADMIN_PASSWORD: 'a password to sign in' };
      const env = { REDIS_HOST: '127.0.0.1', REDIS_PORT: String(redis.port) };
      await using web = await startClock(['web'], { command: executable.command({ env: { ...env, ...secret } }) });
      await using _worker = await startClock(['worker'], { command: executable.command({ env }) });
      await using _beat = await startClock(['beat'], { command: executable.command({ env }) });
      const client = new Client(web.url);
      expect((await client.signInWhenReady('admin', secret.CLOCK_ADMIN_PASSWORD)).status).toBe(302);
      using socket = await client.connect();
      expect((await socket.nextTick()).text).toMatch(/^\d\d:\d\d:\d\d$/);
    } finally {
      await redis.stop();
    }
  });

  test.each(['web', 'all'])('serves %s with two processes, replaces one that is killed, and drains', async (role) => {
    const redis = await RedisServer.start({ settings: { appendonly: 'yes' } });
    const given = { CLOCK_SECRET: 'x'.repeat(32), CLOCK_ADMIN_PASSWORD: 'a password to sign in', CLOCK_DRAIN: '0' };
    const TMPDIR = executable.writableDirectory();
    const env = { ...given, TMPDIR, REDIS_HOST: '127.0.0.1', REDIS_PORT: String(redis.port) };
    try {
      const data = role === 'all' ? ['--data-dir', executable.writableDirectory()] : [];
      const args = [role, '--workers', '2', '--internal-port', '0', ...data];
      await using clock = await startClock(args, { command: executable.command({ env }) });
      const [first = 0, ...others] = childrenOf(clock.pid);
      expect(others).toHaveLength(1);
      const client = new Client(clock.url);
      await client.signInWhenReady('admin', given.CLOCK_ADMIN_PASSWORD);
      const sockets = await Promise.all(Array.from({ length: 64 }, () => client.connect()));
      for (const socket of role === 'all' ? sockets : [])
        expect((await socket.nextTick()).text).toMatch(/^\d\d:\d\d:\d\d$/);
      process.kill(first, 'SIGKILL');
      await clock.logged('a web process ended; another one replaces it');
      await until(async () => (await clock.metric('clock_workers')) === 2, 'another process listens');
      const left = await clock.metric('clock_connections');
      // The system distributes the sockets: all 64 are in one process once in 2^63 times.
      expect([left > 0, left < 64]).toEqual([true, true]);
      expect(childrenOf(clock.pid)).toEqual([...others, expect.any(Number)]);
      expect((await client.connect()).socket.readyState).toBe(1);
      const children = childrenOf(clock.pid);
      expect(await clock.stop()).toBe(0);
      const codes = await Promise.all(sockets.map(({ closed }) => closed));
      expect(codes.filter((code) => code === 1_001)).toHaveLength(left);
      expect(children.filter(isRunning)).toEqual([]);
      expect(readdirSync(TMPDIR)).toEqual([]);
    } finally {
      await redis.stop();
    }
  });

  test('loads its addon from the next directory if one is noexec or read-only', async () => {
    const dataDir = executable.writableDirectory();
    const mounts = { '/tmp': 'noexec,mode=1777', '/run': 'ro', '/dev/shm': 'mode=1777' };
    await using clock = await startClock(['all'], { dataDir, command: executable.command({ mounts }) });
    expect((await fetch(`${clock.url}/health`)).status).toBe(200);
  });

  test('names each directory that it tried, in one line, if none is usable', async () => {
    const command = executable.command({ mounts: nowhere, env: { TMPDIR: '/no/such/directory' } });
    const { exit, stdout, stderr } = await runClock(['all', '--data-dir', executable.writableDirectory()], { command });
    expect(stderr).toBe(
      'clock: TMPDIR: set it to a writable directory that is not mounted noexec, to load the network library from; ' +
        'tried /no/such/directory (missing), /tmp (noexec), /dev/shm (read-only), /run (noexec)\n',
    );
    expect({ exit, stdout }).toEqual({ exit: 2, stdout: '' });
  });

  test('needs no such directory if its own directory contains the addon', async () => {
    const beside = join(executable.directory, 'uws.node');
    copyFileSync(addonFile(), beside);
    try {
      const command = executable.command({ mounts: nowhere });
      await using clock = await startClock(['all'], { dataDir: executable.writableDirectory(), command });
      expect((await fetch(`${clock.url}/health`)).status).toBe(200);
    } finally {
      rmSync(beside);
    }
  });

  test('does not load an addon from its directory that other users can write', async () => {
    const beside = join(executable.directory, 'uws.node');
    copyFileSync(addonFile(), beside);
    chmodSync(beside, 0o666);
    try {
      const command = executable.command({ mounts: nowhere });
      const { exit, stderr } = await runClock(['all', '--data-dir', executable.writableDirectory()], { command });
      expect([exit, stderr]).toEqual([2, expect.stringContaining('/tmp (noexec)')]);
    } finally {
      rmSync(beside);
    }
  });

  test('does not load a file from its directory that is not its own addon', async () => {
    const beside = join(executable.directory, 'uws.node');
    writeFileSync(beside, 'something else', { mode: 0o755 });
    try {
      const command = executable.command();
      await using clock = await startClock(['all'], { dataDir: executable.writableDirectory(), command });
      expect((await fetch(`${clock.url}/health`)).status).toBe(200);
    } finally {
      rmSync(beside);
    }
  });

  test('requires a data directory if there is no home directory', async () => {
    const { exit, stderr } = await runClock(['all'], { command: executable.command() });
    expect(stderr).toBe('clock: --data-dir: required, because this user has no home directory\n');
    expect(exit).toBe(2);
  });

  test('refuses a data directory that it cannot write', async () => {
    const command = executable.command({ mounts: { '/mnt': 'ro' } });
    const { exit, stderr } = await runClock(['all', '--data-dir', '/mnt'], { command });
    expect(stderr).toMatch(/^clock: .*\/mnt.*\n$/);
    expect(exit).toBe(2);
  });

  test('takes at most 1.6 times as long to start as the checkout', async () => {
    let [checkoutMs, packagedMs] = [Infinity, Infinity];
    // Another process slows down some starts: the fastest of several show what each of the two needs.
    for (let round = 1; round <= 5 || (round <= 25 && packagedMs > 1.6 * checkoutMs); round += 1) {
      checkoutMs = Math.min(checkoutMs, await msToHealth());
      packagedMs = Math.min(packagedMs, await msToHealth(executable.command()));
    }
    expect(packagedMs / checkoutMs).toBeLessThanOrEqual(1.6);
  });
});

/** From the start of the process to the first 200 of `/health`. */
async function msToHealth(command?: readonly string[]): Promise<number> {
  const dataDir = executable.writableDirectory();
  const begin = performance.now();
  await using clock = await startClock(['all'], { dataDir, ...(command && { command }) });
  expect((await fetch(`${clock.url}/health`)).status).toBe(200);
  return performance.now() - begin;
}
