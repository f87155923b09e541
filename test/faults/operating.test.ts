import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCheck } from '../support/check-command.ts';
import { runClock } from '../support/clock-process.ts';
import { freePort } from '../support/free-port.ts';
import { RedisServer } from '../support/redis-server.ts';
import { until } from '../support/until.ts';
import { Installation, recordTicks, waitForTicks, type RoleProcess } from './installation.ts';

const everyRole = ['clock_backend_up', 'clock_offset_seconds', 'clock_build_info'];
const metricsOf = {
  web: [
    'clock_connections',
    'clock_handshakes_total',
    'clock_disconnects_total',
    'clock_deliveries_total',
    'clock_ticks_total',
    'clock_tick_delay_seconds',
    'clock_tick_age_seconds',
  ],
  worker: ['clock_ticks_total', 'clock_tasks_expired_total'],
  beat: ['clock_beats_missed_total', 'clock_beat_leader'],
} as const;

describe('a running installation', () => {
  let running: Awaited<ReturnType<typeof Installation.start>>;
  beforeAll(async () => {
    running = await Installation.start();
  });
  afterAll(() => running[Symbol.asyncDispose]());

  test.each(Object.entries(metricsOf))('serves the metrics of %s on its internal port', async (role, expected) => {
    const one = running.roles[role as keyof typeof metricsOf];
    await until(async () => (await one.readiness()) === 'ready', 'the role is ready');
    const answer = await one.ask('/metrics');
    expect(answer.headers.get('content-type')).toMatch(/^text\/plain/);
    const text = await answer.text();
    const names = [...text.matchAll(/^# TYPE (\w+) /gm)].map(([, name]) => name);
    expect(names).toEqual(expect.arrayContaining([...everyRole, ...expected]));
    await until(async () => (await one.metric('clock_backend_up')) === 1, 'Redis counts as available');
    expect(text).toContain(`role="${role}"`);
    expect(await (await one.ask('/health')).json()).toEqual({ status: 'ok' });
    expect((await one.ask('/')).status).toBe(404);
  });

  test('counts sockets and handshakes, and serves no metrics on its public port', async () => {
    const { web } = running.roles;
    const owner = await web.owner();
    const socket = await owner.connect();
    const ticks = recordTicks(socket);
    await waitForTicks(ticks, 2);
    await expect(web.client().connect()).rejects.toMatchObject({ status: 401 });
    expect(await web.metric('clock_connections')).toBe(1);
    const text = await (await web.ask('/metrics')).text();
    expect(text).toContain('clock_handshakes_total{result="101"} 1');
    expect(text).toContain('clock_handshakes_total{result="401"} 1');
    expect(await web.metric('clock_deliveries_total')).toBeGreaterThanOrEqual(2);
    await until(async () => (await web.metric('clock_tick_age_seconds')) < 1, 'the age of a tick is stated');
    socket.socket.close(1000);
    await until(async () => (await web.metric('clock_connections')) === 0, 'the closed socket is counted');
    expect(await (await web.ask('/metrics')).text()).toContain('clock_disconnects_total{code="1000"} 1');
    expect((await owner.fetch('/metrics')).status).toBe(404);
    expect(text).not.toMatch(/admin|127\.0\.0\.1|sessionid/);
  });

  test('passes healthcheck, and healthcheck --ready only while Redis can be written', async () => {
    const { web, worker } = running.roles;
    const ask = async (one: RoleProcess, ...args: string[]): Promise<unknown> => {
      const { exit } = await runClock(['healthcheck', '--internal-port', String(one.process.internalPort), ...args]);
      return exit;
    };
    // It waits for 3 s, and Redis must answer within 1 s.
    const untilExits = (expected: string) => {
      const exits = () => Promise.all([ask(web), ask(web, '--ready'), ask(worker), ask(worker, '--ready')]);
      return until(async () => (await exits()).join() === expected, `the exit codes are ${expected}`);
    };
    await untilExits('0,0,0,0');
    await running.redis.cli('CONFIG', 'SET', 'maxmemory', '1');
    for (const role of [web, worker]) {
      await until(async () => (await role.readiness()) === 'redis-full', 'the role is unready');
    }
    await untilExits('0,1,0,1');
    await running.redis.cli('CONFIG', 'SET', 'maxmemory', '0');
    expect(await web.metric('clock_backend_up')).toBeLessThanOrEqual(1);
  });
});

describe.concurrent('clock check', () => {
  const secret = 'z'.repeat(40);

  test('prints one ok line per check of a good installation, and exits with 0', async ({ expect }) => {
    const redis = await RedisServer.start({ settings: { appendonly: 'yes', 'maxmemory-policy': 'noeviction' } });
    const env = { CLOCK_REDIS_URL: redis.url, CLOCK_SECRET: secret, CLOCK_PORT: String(await freePort()) };
    const { exit, stdout } = await runCheck([], { env });
    await redis.stop();
    const lines = stdout.trim().split('\n');
    expect(lines.filter((line) => !line.startsWith('ok    '))).toEqual([]);
    const names = lines.map((line) => line.slice(6, line.indexOf(':')));
    const expected = ['configuration', 'redis', 'persistence', 'eviction', 'clocks', 'secret', 'port --port'];
    expect(names).toEqual(expect.arrayContaining(expected));
    expect(exit).toBe(0);
    expect(stdout).not.toContain(secret);
  });

  test('prints one WRONG line per problem, and exits with 1', async ({ expect }) => {
    const redis = await RedisServer.start({ settings: { 'maxmemory-policy': 'allkeys-lru' } });
    const env = { CLOCK_REDIS_URL: redis.url, CLOCK_PROT: '1', CLOCK_PORT: String(redis.port) };
    const { exit, stdout } = await runCheck([], { env });
    await redis.stop();
    const wrong = stdout.split('\n').filter((line) => line.startsWith('WRONG '));
    const names = wrong.map((line) => line.slice(6, line.indexOf(':')));
    expect(names.toSorted()).toEqual(['configuration', 'eviction', 'persistence', 'port --port', 'secret']);
    expect(exit).toBe(1);
  });

  test('reports an unreachable Redis and a wrong password, and prints no password', async ({ expect }) => {
    const redis = await RedisServer.start({ password: 'the right one of them' });
    const wrong = redis.url.replace('the right one of them', 'a-wrong-one');
    const outcomes = await Promise.all(
      [`redis://:a-wrong-one@127.0.0.1:${await freePort()}`, wrong].map((url) =>
        runClock(['check'], { env: { CLOCK_REDIS_URL: url, CLOCK_SECRET: secret } }),
      ),
    );
    await redis.stop();
    for (const { exit, stdout, stderr } of outcomes) {
      expect(exit).toBe(1);
      expect(stdout).toMatch(/^WRONG redis: /m);
      expect(stdout + stderr).not.toMatch(/a-wrong-one|the right one|zzzz/);
    }
  });
});
