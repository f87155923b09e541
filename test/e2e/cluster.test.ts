import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Tick } from '../../src/protocol.ts';
import { Client, type TestSocket } from '../support/client.ts';
import { startClock, type ClockProcess } from '../support/clock-process.ts';
import { freePort } from '../support/free-port.ts';
import { RedisServer } from '../support/redis-server.ts';
import { startTogether } from '../support/start-together.ts';
import { measureStall, stopwatch } from '../support/stopwatch.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { countSkipped, expectEveryTick, TickSequence } from '../support/tick-sequence.ts';
import { msUntil, passes, until } from '../support/until.ts';
import { waitUntilReady } from '../support/wait-until-ready.ts';

const password = 'a long enough password';
const common = { CLOCK_SECRET: 'a secret of the tests that is long enough', CLOCK_ADMIN_PASSWORD: password };

let server: RedisServer;
beforeAll(async () => {
  server = await RedisServer.start({ settings: { appendonly: 'yes' } });
});
afterAll(() => server.stop());

/** The environment of an installation of its own: its keys have a prefix. */
function installation(name: string, port = server.port): Record<string, string> {
  return { ...common, REDIS_HOST: '127.0.0.1', REDIS_PORT: String(port), CLOCK_REDIS_PREFIX: `${name}-` };
}

/** A client with a new session, or with the session of another client. */
async function signedIn(web: ClockProcess, other?: Client): Promise<Client> {
  const client = new Client(web.url);
  if (other === undefined) await client.signInWhenReady('admin', password);
  else for (const cookie of other.cookies) client.cookies.set(...cookie);
  return client;
}

/** Whether a beat is the leader according to its log. */
function isLeader({ log }: ClockProcess): boolean {
  return log.findLast(({ msg }) => /^became leader$|^lost the lease$/.test(msg))?.msg === 'became leader';
}

/** Reads ticks until `isOver`. Returns the greatest step between two instants, ms. */
async function greatestStepMs(socket: TestSocket, after: Tick, isOver: (tick: Tick) => boolean): Promise<number> {
  let last = after;
  let greatestMs = 0;
  for (;;) {
    const tick = await socket.nextTick();
    expect(tick.at).toBeGreaterThan(last.at);
    expect(tick.seq).toBeGreaterThan(last.seq);
    greatestMs = Math.max(greatestMs, tick.at - last.at);
    last = tick;
    if (isOver(tick)) return greatestMs;
  }
}

describe('two web processes, two beats and two workers', () => {
  let webs: [ClockProcess, ClockProcess];
  let beats: [ClockProcess, ClockProcess];
  let workers: ClockProcess[];
  let clients: [Client, Client];
  let sockets: [TestSocket, TestSocket];

  beforeAll(async () => {
    const env = installation('cluster');
    webs = await startTogether(startClock(['web'], { env }), startClock(['web'], { env }));
    beats = await startTogether(startClock(['beat'], { env }), startClock(['beat'], { env }));
    const worker = ['worker', '--zone', 'Europe/Madrid'];
    workers = await startTogether(startClock(worker, { env }), startClock(worker, { env }));
    const here = await signedIn(webs[0]);
    clients = [here, await signedIn(webs[1], here)];
    sockets = [await clients[0].connect(), await clients[1].connect()];
  });
  afterAll(async () => {
    await Promise.all([...webs, ...beats, ...workers].map((one) => one.stop()));
  });

  test('create the first account once', () => {
    const made = webs.flatMap(({ log }) => log.filter(({ msg }) => msg === 'first account created'));
    expect(made).toHaveLength(1);
  });

  test('send each instant once, the same on both web processes, while one beat is the leader', async () => {
    const source = { everyMs: 500, from: [...webs, ...beats, ...workers] };
    const here = await TickSequence.start(sockets[0], source);
    const there = await TickSequence.start(sockets[1], source);
    const isSame = async (): Promise<boolean> => {
      const last = await here.advance(4);
      const other = await there.advanceTo(last.at);
      // Either process may skip an instant on a busy machine. The sequences check that it counts it.
      if (other.at !== last.at) return false;
      expect(other).toEqual(last);
      return true;
    };
    await until(isSame, 'both send the tick of the same instant');
    await until(() => beats.filter(isLeader).length === 1, 'one is the leader');
    expect(await server.cli('GET', 'cluster-time')).toMatch(/^\d\d:\d\d:\d\d$/);
  });

  test('end a session on both web processes, whichever signs it out', async () => {
    const client = await signedIn(webs[0]);
    const copy = await signedIn(webs[1], client);
    using socket = await copy.connect();
    const ended = msUntil(() => socket.socket.readyState === socket.socket.CLOSED, 'the socket is closed');
    await client.signOut();
    expect(await ended).toBeLessThan(1_000);
    expect(await socket.closed).toBe(4401);
    expect((await copy.fetch('/')).status).toBe(302);
  });

  test('continue within 2 s after the leader is killed', async () => {
    const [leader, follower] = isLeader(beats[0]) ? beats : [beats[1], beats[0]];
    const [socket] = sockets;
    const stalledMs = measureStall();
    socket.frames.length = 0;
    const before = await socket.nextTick();
    leader.kill('SIGKILL');
    await until(() => isLeader(follower), 'the other is the leader');
    const after = Date.now();
    const greatestMs = await greatestStepMs(socket, before, ({ at }) => at > after);
    expect(greatestMs - stalledMs()).toBeLessThanOrEqual(2_000);
    await expectEveryTick(socket, 2, { everyMs: 500, from: [...webs, follower, ...workers] });
  });

  test('continue after a worker is killed', async () => {
    const [socket] = sockets;
    const stalledMs = measureStall();
    socket.frames.length = 0;
    const before = await socket.nextTick();
    workers[0]?.kill('SIGKILL');
    const over = Date.now() + 1_500;
    const greatestMs = await greatestStepMs(socket, before, ({ at }) => at > over);
    expect(greatestMs - stalledMs()).toBeLessThanOrEqual(1_000);
  });

  test('keep every socket while Redis restarts, and send ticks again within 1 s of its return', async () => {
    await server.crash();
    await until(async () => (await clients[0].fetch('/ready')).status === 503, '/ready is 503');
    const state = await clients[0].fetch('/api/initial_state');
    expect(await state.json()).toMatchObject({ stale: true });
    for (const { frames } of sockets) frames.length = 0;
    await server.begin();
    const [elapsedMs, stalledMs] = [stopwatch(), measureStall()];
    const ticks = await Promise.all(sockets.map((socket) => socket.nextTick()));
    // 1 s, and up to one interval until the next instant.
    expect(elapsedMs()).toBeLessThan(1_500);
    for (const tick of ticks) expect(Date.now() - tick.at - stalledMs()).toBeLessThan(1_000);
    await expectEveryTick(sockets[0], 2, { everyMs: 500, from: [...webs, ...beats, ...workers] });
    expect((await clients[1].fetch('/')).status).toBe(200);
    await waitUntilReady((path) => clients[0].fetch(path));
  });
});

describe('a worker', () => {
  test('that dies during a task costs only that tick', async () => {
    const env = installation('midst');
    const proxy = await TcpProxy.start(server.port);
    await using web = await startClock(['web'], { env });
    await using beat = await startClock(['beat', '--interval', '250'], { env });
    await using dies = await startClock(['worker'], { env: { ...env, REDIS_PORT: String(proxy.port) } });
    using socket = await (await signedIn(web)).connect();
    await expectEveryTick(socket, 2, { everyMs: 250, from: [web, beat, dies] });

    // Jobs still reach the worker over its other connection, but Redis no longer receives its commands.
    const commands = proxy.connections('clock-commands');
    expect(commands).toHaveLength(1);
    commands[0]?.silence();
    socket.frames.length = 0;
    const queue = 'midst-clock:{midst-time}:queue';
    const before = await until(() => server.cli('HGET', 'midst-clock:{midst-time}:pushed', 'time'), 'the first push');
    await until(
      async () => (await server.cli('HGET', 'midst-clock:{midst-time}:pushed', 'time')) !== before,
      'the next push',
    );
    await until(async () => (await server.cli('LLEN', queue)) === '0', 'the worker has taken it');
    dies.kill('SIGKILL');
    await dies.exited;
    // What it published before arrives before the answer.
    socket.send('{"sync":1}');
    await until(() => socket.frames.some((frame) => frame.includes('"sync"')), 'the answer');
    socket.frames.length = 0;
    const stalledMs = measureStall();
    await using stays = await startClock(['worker'], { env });
    const first = await socket.nextTick();
    expect(Date.now() - first.at - stalledMs()).toBeLessThan(500);
    await expectEveryTick(socket, 3, { everyMs: 250, from: [web, beat, stays] });
    await proxy.stop();
  });

  test('that was frozen publishes none of the jobs that expired', async () => {
    const env = installation('frozen');
    await using web = await startClock(['web'], { env });
    await using beat = await startClock(['beat', '--interval', '100'], { env });
    await using worker = await startClock(['worker'], { env });
    using socket = await (await signedIn(web)).connect();
    await expectEveryTick(socket, 2, { everyMs: 100, from: [web, beat, worker] });
    worker.kill('SIGSTOP');
    await until(async () => Number(await server.cli('LLEN', 'frozen-clock:{frozen-time}:queue')) >= 10, 'ten wait');
    socket.frames.length = 0;
    const wokenAt = Date.now();
    worker.kill('SIGCONT');
    let tick = await socket.nextTick();
    for (let count = 0; count < 5; count += 1) {
      // A job that it had taken before it froze may be published until it expires.
      expect(tick.at).toBeGreaterThanOrEqual(wokenAt - 200);
      tick = await socket.nextTick();
    }
  });
});

test.each(['beat', 'worker', 'web'] as const)(
  'a %s that is frozen skips instants, counts each of them, and sends none of them late',
  async (role) => {
    const env = installation(`held-${role}`);
    await using web = await startClock(['web'], { env });
    await using beat = await startClock(['beat', '--interval', '100'], { env });
    await using worker = await startClock(['worker'], { env });
    using socket = await (await signedIn(web)).connect();
    const ticks = await TickSequence.start(socket, { everyMs: 100, from: [web, beat, worker] });
    await ticks.advance(2);
    const frozen = { web, beat, worker }[role];
    const skipped = await countSkipped([frozen]);
    frozen.kill('SIGSTOP');
    await passes(600);
    frozen.kill('SIGCONT');
    await ticks.advance(9);
    await until(async () => (await skipped()) >= 3, 'the skipped instants are counted');
  },
);

test('without Redis every role starts, is unready, and works as soon as Redis is available', async () => {
  const port = await freePort();
  const env = installation('late', port);
  await using web = await startClock(['web'], { env });
  await using beat = await startClock(['beat'], { env });
  await using worker = await startClock(['worker'], { env });
  const client = new Client(web.url);
  expect((await client.fetch('/health')).status).toBe(200);
  const ready = await client.fetch('/ready');
  expect(ready.status).toBe(503);
  expect(await ready.json()).toMatchObject({ reason: 'redis-down' });
  expect((await client.fetch('/accounts/login/')).status).toBe(200);
  expect((await client.signIn('admin', password)).status).toBe(503);

  const late = await RedisServer.start({ port });
  try {
    await waitUntilReady((path) => client.fetch(path));
    await web.logged('first account created');
    expect((await client.signIn('admin', password)).status).toBe(302);
    using socket = await client.connect();
    await expectEveryTick(socket, 2, { everyMs: 500, from: [web, beat, worker] });
  } finally {
    await late.stop();
  }
});
