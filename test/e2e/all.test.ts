import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Client } from '../support/client.ts';
import { runClock, startClock, type ClockProcess } from '../support/clock-process.ts';
import { freePort } from '../support/free-port.ts';
import { measureStall } from '../support/stopwatch.ts';
import { expectEveryTick, TickSequence } from '../support/tick-sequence.ts';
import { msUntil, until } from '../support/until.ts';

let directory: string;
let args: string[];
let all: ClockProcess;
let admin: Client;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'clock-all-'));
  args = ['all', '--zone', 'Europe/Madrid', '--port', String(await freePort())];
  all = await startClock(args, { dataDir: join(directory, 'data') });
  admin = new Client(all.url);
  await admin.signIn('admin', all.adminPassword());
});
afterAll(async () => {
  await all.stop();
  rmSync(directory, { recursive: true, force: true });
});

/** `%X` in Madrid, by way of another locale than the one that the clock uses. */
function timeInMadrid(at: number): string {
  return new Intl.DateTimeFormat('sv-SE', { timeZone: 'Europe/Madrid', timeStyle: 'medium' }).format(at);
}

describe('clock all', () => {
  test('logs its address, which is loopback only', () => {
    const line = all.log.find(({ msg }) => msg.startsWith('the clock is at '));
    expect(line?.msg).toBe(`the clock is at http://127.0.0.1:${all.port}/`);
  });

  test('writes the first password to a private file and logs the name of that file, never the password', () => {
    const file = join(all.dataDir, 'admin-password');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const text = JSON.stringify(all.log);
    expect(text).toContain(file);
    expect(text).not.toContain(all.adminPassword());
  });

  test('creates data that only its user can read', () => {
    expect(statSync(all.dataDir).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(all.dataDir)) {
      const { mode } = statSync(join(all.dataDir, name));
      expect(`${name} ${(mode & 0o777).toString(8)}`).toBe(`${name} 600`);
    }
  });

  test('sends the time of the zone every half second, on the grid, without delay', async () => {
    using socket = await admin.connect();
    const ticks = await TickSequence.start(socket, { everyMs: 500, from: [all] });
    const stalledMs = measureStall();
    for (let count = 0; count < 4; count += 1) {
      const last = await ticks.advance(1);
      expect(last.text).toBe(timeInMadrid(last.at));
      expect(Date.now() - last.at - stalledMs()).toBeLessThan(500);
    }
    const state = (await (await admin.fetch('/api/initial_state')).json()) as Record<string, unknown>;
    expect(state).toMatchObject({ zone: 'Europe/Madrid', interval: 500, stale: false });
  });

  test('does not start twice on the same data', async () => {
    const { exit, stderr } = await runClock(['all', '--port', '0', '--data-dir', all.dataDir]);
    expect(exit).toBe(2);
    expect(stderr).toMatch(new RegExp(`^clock: [^\n]*${all.dataDir}[^\n]*--data-dir[^\n]*\n$`));
    expect((await admin.fetch('/')).status).toBe(200);
  });

  test('does not start twice on the same port', async () => {
    const { exit, stderr } = await runClock([
      'all',
      '--port',
      String(all.port),
      '--data-dir',
      join(directory, 'other'),
    ]);
    expect(exit).toBe(2);
    expect(stderr).toMatch(/^clock: --port: [^\n]*\n$/);
    expect(existsSync(join(directory, 'other', 'admin-password'))).toBe(false);
  });

  test('applies a change of its data file within a second', async () => {
    const env = { CLOCK_DATA_DIR: all.dataDir };
    const password = 'a long enough password';
    await runClock(['user', 'add', 'ada', '--password-stdin'], { env, stdin: password });
    const ada = new Client(all.url);
    await ada.signIn('ada', password);
    using socket = await ada.connect();
    let code = 0;
    void socket.closed.then((how) => (code = how));
    expect((await runClock(['user', 'disable', 'ada'], { env })).exit).toBe(0);
    expect(await msUntil(() => code === 4401, 'the socket is closed with 4401')).toBeLessThan(1_000);
    expect((await ada.fetch('/')).status).toBe(302);
    expect((await admin.fetch('/')).status).toBe(200);
  });

  test('continues with all its data after kill -9', async () => {
    const before = (await (await admin.fetch('/api/initial_state')).json()) as { seq: number };
    const password = all.adminPassword();
    all.kill('SIGKILL');
    await all.exited;
    all = await startClock(args, { dataDir: all.dataDir });

    expect(readFileSync(join(all.dataDir, 'admin-password'), 'utf8').trim()).toBe(password);
    expect(JSON.stringify(all.log)).toContain('clock user passwd');
    expect((await admin.fetch('/')).status).toBe(200);
    using socket = await admin.connect();
    const tick = await socket.nextTick();
    expect(tick.seq).toBeGreaterThanOrEqual(before.seq);
    const again = new Client(all.url);
    await again.signIn('admin', password);
    expect((await again.fetch('/')).status).toBe(200);
  });
});

describe('the first account', () => {
  test('replaces an old password file, and is not created again after it was removed', async () => {
    const dataDir = join(directory, 'left');
    mkdirSync(dataDir, { mode: 0o700 });
    writeFileSync(join(dataDir, 'admin-password'), 'of another data file\n');
    const own = await startClock(['all'], { dataDir });
    try {
      expect((await new Client(own.url).signIn('admin', own.adminPassword())).status).toBe(302);
      const session = new Client(own.url);
      await session.signIn('admin', own.adminPassword());
      using socket = await session.connect();
      await runClock(['user', 'remove', 'admin', '--data-dir', dataDir]);
      // By the time that the socket was closed, everything that the removal sets off has begun.
      expect(await socket.closed).toBe(4401);
      await until(async () => (await session.fetch('/')).status === 302, 'the session has ended');
      const { stdout } = await runClock(['user', 'list', '--json', '--data-dir', dataDir]);
      expect(JSON.parse(stdout)).toEqual([]);
    } finally {
      await own.stop();
    }
  });
});

describe('clock all with options', () => {
  test('takes password, interval, zone and host from the environment', async () => {
    const env = {
      CLOCK_ADMIN_PASSWORD: 'a password that I chose',
      CLOCK_INTERVAL: '100ms',
      TZ: ':America/New_York',
      CLOCK_HOST: '0.0.0.0',
      ENVIRONMENT: 'staging',
    };
    await using given = await startClock(['all'], { env });
    const line = given.log.find(({ msg }) => msg.startsWith('the clock is at '));
    expect(line?.msg).toContain(`http://127.0.0.1:${given.port}/`);
    expect(line?.['environment']).toBe('staging');
    expect(readdirSync(given.dataDir)).not.toContain('admin-password');

    const client = new Client(given.url);
    await client.signIn('admin', env.CLOCK_ADMIN_PASSWORD);
    using socket = await client.connect();
    await expectEveryTick(socket, 1, { everyMs: 100, from: [given] });
    const state = (await (await client.fetch('/api/initial_state')).json()) as Record<string, unknown>;
    expect(state).toMatchObject({ zone: 'America/New_York', interval: 100 });
    expect(JSON.stringify(given.log)).not.toContain(env.CLOCK_ADMIN_PASSWORD);
  });
});
