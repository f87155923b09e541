import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { selfSignedCertificate } from '../support/certificate.ts';
import { childrenOf } from '../support/children.ts';
import { Client, type TestSocket } from '../support/client.ts';
import { startClock } from '../support/clock-process.ts';
import { FakeNtpServer } from '../support/ntp-server.ts';
import { alertsDiffer, Prometheus, scrapedAround } from '../support/prometheus.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/until.ts';
import { WallClock } from '../support/wall-clock.ts';
import { Installation, type RoleProcess } from './installation.ts';

const dashboardFile = join(import.meta.dirname, '../../deploy/grafana/clock.json');

let installation: Awaited<ReturnType<typeof Installation.start>>;
let roles: Record<'web' | 'worker' | 'beat', RoleProcess>;
let owner: Client;
let socket: TestSocket;

beforeAll(async () => {
  installation = await Installation.start();
  ({ roles } = installation);
  owner = await roles.web.owner();
  socket = await owner.connect();
  await socket.nextTick();
});

afterAll(async () => {
  await installation?.[Symbol.asyncDispose]();
  WallClock.removeAll();
});

/** Waits until a process relayed or published `count` more ticks. */
async function moreTicks(role: RoleProcess, count: number): Promise<void> {
  const before = await role.metric('clock_ticks_total');
  await until(
    async () => (await role.metric('clock_ticks_total')) >= before + count,
    `${count} more ticks`,
    20_000,
    100,
  );
}

/** Stops the worker, and waits until web lacks ticks. */
async function stopWorker(): Promise<void> {
  roles.worker.process.kill('SIGSTOP');
  const isStale = async (): Promise<boolean> => (await roles.web.metric('clock_tick_age_seconds')) > 2.5;
  await until(isStale, 'ticks stop', 20_000, 50);
}

/** Samples until exactly the expected alerts fire: on a loaded machine ticks are late, and tasks expire, for a while. */
async function expectAlerts(
  sample: () => ReturnType<typeof scrapedAround>,
  minutes: number,
  expected: readonly string[],
  ignored?: string,
): Promise<void> {
  let problem = 'there is no sample';
  const isAsExpected = async (): Promise<boolean> => {
    problem = alertsDiffer(await sample(), minutes, expected, ignored);
    return problem === '';
  };
  // With the last sample this must end before the test does, which would hide the problem.
  await until(isAsExpected, 'the expected alerts fire', 30_000).catch(({ message }: Error) => {
    throw new Error(`${message}: ${problem}`);
  });
}

describe('the alerting rules', () => {
  test('fire nothing in half an hour of a healthy installation', async () => {
    await expectAlerts(() => scrapedAround(roles, () => moreTicks(roles.web, 6)), 30, [], '');
  });

  test.each([
    ['web', 'ClockWebAbsent'],
    ['beat', 'ClockWithoutLeader'],
  ] as const)('fire if no %s is scraped', async (missing, alert) => {
    const { [missing]: _, ...others } = roles;
    await expectAlerts(() => scrapedAround(others, () => moreTicks(roles.worker, 4)), 30, [alert]);
  });

  test('fire if one of two workers ends', async () => {
    const sample = async () => {
      const second = await installation.begin('worker');
      const end = async (): Promise<void> => {
        await second.process.stop();
        await moreTicks(roles.web, 4);
      };
      return scrapedAround({ ...roles, second }, end);
    };
    await expectAlerts(sample, 30, ['ClockProcessDown']);
  });

  test('fire if the only worker stops', async () => {
    const { web, beat } = roles;
    await stopWorker();
    try {
      await expectAlerts(() => scrapedAround({ web, beat }, async () => {}), 10, ['ClockStale']);
    } finally {
      roles.worker.process.kill('SIGCONT');
    }
    await moreTicks(web, 1);
  });

  test('fire if tasks expire', async () => {
    const { web, worker } = roles;
    const expire = async (): Promise<void> => {
      const before = await worker.metric('clock_tasks_expired_total');
      await stopWorker();
      worker.process.kill('SIGCONT');
      const expired = async (): Promise<boolean> => (await worker.metric('clock_tasks_expired_total')) > before + 1;
      await until(expired, 'tasks expire', 20_000, 50);
      await moreTicks(web, 1);
    };
    await expectAlerts(() => scrapedAround(roles, expire), 30, ['ClockTasksExpire']);
  });

  test('fire if there never was a tick', async () => {
    await using empty = await Installation.prepare();
    const web = await empty.begin('web');
    const beat = await empty.begin('beat');
    const leads = async (): Promise<boolean> => (await beat.metric('clock_beat_leader')) === 1;
    await until(leads, 'the beat leads');
    await expectAlerts(() => scrapedAround({ web, beat }, async () => {}), 10, ['ClockNeverTicked']);
  });

  test('fire if Redis answers nothing', async () => {
    installation.redis.pause();
    try {
      const isDown = async (): Promise<boolean> =>
        (await roles.web.metric('clock_backend_up')) === 0 &&
        (await roles.beat.metric('clock_beat_leader')) === 0 &&
        (await roles.web.metric('clock_tick_age_seconds')) > 2.5;
      await until(isDown, 'the roles notice it', 20_000, 50);
      const expected = ['ClockBackendDown', 'ClockStale', 'ClockWithoutLeader'];
      await expectAlerts(() => scrapedAround(roles, async () => {}), 10, expected);
    } finally {
      installation.redis.resume();
    }
    await moreTicks(roles.web, 1);
  });

  test('fire if ticks come late', async () => {
    const proxy = await TcpProxy.start(installation.redis.port, { up: () => 300, down: () => 300 });
    const late = await installation.begin('web', [], {}, proxy.port);
    const sample = () => scrapedAround({ late, beat: roles.beat }, () => moreTicks(late, 4));
    await expectAlerts(sample, 30, ['ClockTicksLate'], '');
    await late.process.stop();
    await proxy.stop();
  });

  test('fire if a web process is full, if its certificate expires, and if the clock of its host is off', async () => {
    const certificate = await selfSignedCertificate(10);
    const wallClock = new WallClock('+5');
    const tls = ['--tls-cert', certificate.certFile, '--tls-key', certificate.keyFile];
    const web = await installation.begin('web', [...tls, '--max-sockets', '0'], wallClock.env);
    const isOff = async (): Promise<boolean> => Math.abs(await web.metric('clock_offset_seconds')) > 4;
    await until(isOff, 'its offset is known');
    const plain = await installation.begin('web', ['--max-sockets', '0']);
    const client = new Client(plain.url);
    client.cookies.set('sessionid', owner.cookies.get('sessionid') ?? '');
    const targets = { web, plain, beat: roles.beat };
    const refuse = async (): Promise<void> => {
      await expect(client.connect()).rejects.toMatchObject({ status: 503 });
      await moreTicks(plain, 2);
    };
    const expected = ['ClockCertificateExpires', 'ClockHostTimeOff', 'ClockRefusesScreens'];
    await expectAlerts(() => scrapedAround(targets, refuse), 90, expected);
    await Promise.all([web.process.stop(), plain.process.stop(), certificate.remove()]);
  });

  test('fire if web processes end repeatedly, and if they cannot be replaced', async () => {
    const certificate = await selfSignedCertificate();
    const tls = ['--tls-cert', certificate.certFile, '--tls-key', certificate.keyFile];
    const web = await installation.begin('web', [...tls, '--workers', '2']);
    const sample = () => scrapedAround({ ...roles, web }, () => moreTicks(web, 4));
    await expectAlerts(sample, 30, []);
    const ends = () => web.process.log.filter(({ msg }) => msg === 'a web process ended; another one replaces it');
    const kill = async (): Promise<void> => {
      const { length } = ends();
      const [victim = 0] = childrenOf(web.process.pid);
      process.kill(victim, 'SIGKILL');
      await until(() => ends().length > length, 'it has ended');
      await until(async () => (await web.metric('clock_workers')) === 2, 'it is replaced');
    };
    await expectAlerts(() => scrapedAround({ ...roles, web }, kill), 30, ['ClockRestarts']);

    await certificate.remove();
    const [victim = 0] = childrenOf(web.process.pid);
    process.kill(victim, 'SIGKILL');
    const another = async (): Promise<void> => {
      const { length } = ends();
      await until(() => ends().length > length, 'its replacement ends, too');
    };
    await another();
    await expectAlerts(() => scrapedAround({ ...roles, web }, another), 30, ['ClockRestarts', 'ClockWorkersMissing']);
    expect(ends().at(-1)).toMatchObject({ reason: expect.stringMatching(/^--tls-cert: /) });
    await web.process.stop();
  });

  test('fire if a live screen may be wrong', async () => {
    socket.send(JSON.stringify({ status: { build: 'x', state: 'live', offsetMs: 0, errorMs: 500 } }));
    const isWrong = async (): Promise<boolean> =>
      /clock_screens\{[^}]*state="wrong"[^}]*\} 1/.test(await (await roles.web.ask('/metrics')).text());
    await until(isWrong, 'the screen is counted', 20_000, 100);
    await expectAlerts(() => scrapedAround(roles, () => moreTicks(roles.web, 2)), 10, ['ClockScreensWrong']);
  });

  test('fire if house time is off, and if no NTP server answers', async () => {
    await using server = await FakeNtpServer.start();
    const name = `${server.server.host}:${server.server.port}`;
    server.aheadMs = 3_000;
    await using off = await startClock(['all', '--ntp-server', name]);
    const known = async (): Promise<boolean> => Math.abs(await off.metric('clock_authority_offset_seconds')) > 2;
    await until(known, 'the offset is known', 20_000, 50);
    await expectAlerts(() => scrapedAround({ off }, async () => {}), 40, ['ClockAuthorityOff']);

    server.reply = () => {};
    await using unknown = await startClock(['all', '--ntp-server', name]);
    await until(async () => (await unknown.metric('clock_tick_age_seconds')) >= 0, 'it ticks', 20_000, 50);
    await expectAlerts(() => scrapedAround({ unknown }, async () => {}), 40, ['ClockAuthorityUnknown']);
  });
});

test('each expression of the dashboard has a result in Prometheus', async () => {
  await using server = await FakeNtpServer.start();
  const { host, port } = server.server;
  const certificate = await selfSignedCertificate();
  const tls = ['--tls-cert', certificate.certFile, '--tls-key', certificate.keyFile];
  const web = await installation.begin('web', [...tls, '--ntp-server', `${host}:${port}`, '--workers', '2']);
  const left = await owner.connect();
  left.socket.close();
  await left.closed;
  const ports = [...Object.values(roles), web].map(({ process }) => process.internalPort);
  await using prometheus = await Prometheus.start(ports);
  const dashboard = JSON.parse(readFileSync(dashboardFile, 'utf8')) as {
    panels: { title: string; targets: { expr: string }[] }[];
  };
  const expressions = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
  expect(expressions.length).toBeGreaterThan(20);
  for (const expression of expressions) {
    const query = expression.replaceAll('$__rate_interval', '30s');
    const result = async (): Promise<boolean> => {
      const samples = await prometheus.query(query);
      return samples.length > 0 && samples.every(({ value }) => !Number.isNaN(value));
    };
    await until(result, `${query} has a result`, 20_000, 200);
  }
  const [ticks = ''] = dashboard.panels.find(({ title }) => title === 'Ticks')?.targets.map(({ expr }) => expr) ?? [];
  const areTicksCountedOnce = async (): Promise<boolean> => {
    const rates = await prometheus.query(ticks.replaceAll('$__rate_interval', '30s'));
    const instances = ports.map((one) => rates.filter(({ labels }) => labels['instance'] === `127.0.0.1:${one}`));
    // At the default of 500 ms; the beat publishes none.
    const relayed = instances.filter((found) => found.some(({ value }) => value > 1.5 && value < 2.5));
    return rates.length === relayed.length && relayed.length === 3;
  };
  await until(areTicksCountedOnce, 'two web processes count each tick as one does', 60_000, 500);
  await Promise.all([web.process.stop(), certificate.remove()]);
});
