import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withAlteredSignature } from '../support/altered-signature.ts';
import { Client, Refused, type TestSocket } from '../support/client.ts';
import { startClock } from '../support/clock-process.ts';
import { freePort } from '../support/free-port.ts';
import { RedisServer } from '../support/redis-server.ts';
import { stopwatch } from '../support/stopwatch.ts';
import { TickSequence } from '../support/tick-sequence.ts';
import { msUntil, until } from '../support/until.ts';
import {
  adminPassword,
  faultsOf,
  Installation,
  recordTicks,
  waitForTicks,
  type ReceivedTick,
  type RoleProcess,
} from './installation.ts';

type Running = Awaited<ReturnType<typeof Installation.start>>;

/** A fault, the outage that `/ready` reports, and its end. */
interface Fault {
  what: string;
  outage: string;
  /** The roles that stay ready. */
  unaffected?: string[];
  begin(running: Running): Promise<unknown>;
  end(running: Running): Promise<unknown>;
}

const password = ['-a', 'another', '--no-auth-warning'];
const faults: Fault[] = [
  {
    what: 'lost, and started again with its data',
    outage: 'redis-down',
    begin: ({ redis }) => redis.crash(),
    end: ({ redis }) => redis.begin(),
  },
  {
    what: 'frozen',
    outage: 'redis-down',
    begin: async ({ redis }) => redis.pause(),
    end: async ({ redis }) => redis.resume(),
  },
  {
    what: 'behind connections that are half open',
    outage: 'redis-down',
    begin: async ({ proxy }) => proxy.silence(),
    end: async ({ proxy }) => proxy.restore(),
  },
  {
    what: 'silent on the subscription alone',
    outage: 'redis-deaf',
    unaffected: ['worker', 'beat'],
    begin: async ({ proxy }) => proxy.silence('clock-subscription'),
    end: async ({ proxy }) => proxy.restore(),
  },
  {
    what: 'read-only',
    outage: 'redis-readonly',
    begin: async ({ redis }) => redis.cli('REPLICAOF', '127.0.0.1', String(await freePort())),
    end: ({ redis }) => redis.cli('REPLICAOF', 'NO', 'ONE'),
  },
  {
    what: 'full',
    outage: 'redis-full',
    begin: ({ redis }) => redis.cli('CONFIG', 'SET', 'maxmemory', '1'),
    end: ({ redis }) => redis.cli('CONFIG', 'SET', 'maxmemory', '0'),
  },
  {
    what: 'under another password',
    outage: 'redis-auth',
    begin: async ({ redis }) => {
      await redis.cli('CONFIG', 'SET', 'requirepass', 'another');
      for (const type of ['normal', 'pubsub']) await redis.cli(...password, 'CLIENT', 'KILL', 'TYPE', type);
    },
    end: ({ redis }) => redis.cli(...password, 'CONFIG', 'SET', 'requirepass', ''),
  },
];

describe('while Redis is', () => {
  let running: Running;
  let web: RoleProcess;
  let owner: Client;
  let socket: TestSocket;
  let received: ReceivedTick[];
  let everyRole: readonly [string, RoleProcess][];

  beforeAll(async () => {
    running = await Installation.start();
    web = running.roles.web;
    everyRole = Object.entries(running.roles);
    owner = await web.owner();
    socket = await owner.connect();
    received = recordTicks(socket);
    await waitForTicks(received, 1);
  });
  afterAll(async () => {
    socket[Symbol.dispose]();
    await running[Symbol.asyncDispose]();
  });

  test.each(faults)(
    '$what, /ready reports $outage within 2 s, sockets stay open, and ticks return within 1 s of its end',
    async ({ outage, unaffected = [], begin, end }) => {
      const affected = everyRole.filter(([role]) => !unaffected.includes(role));
      await begin(running);
      const answers = await Promise.all(affected.map(([role, one]) => untilReadiness(role, one, outage, 2_000)))
        .then(() => answersOf(web, owner))
        .catch(async (error: unknown) => {
          await end(running);
          throw error;
        });
      expect(answers).toMatchObject({ page: 200, state: 200, stale: true, socket: 503, forged: 401, form: 200 });
      // Without the subscription, commands still work, so people can sign in.
      expect(answers).toMatchObject(outage === 'redis-deaf' ? { signIn: 302 } : { signIn: 503, retryAfter: true });

      const before = received.length;
      await end(running);
      const backMs = await msUntil(() => received.length > before, 'a tick comes');
      expect(backMs).toBeLessThan(1_000);
      await Promise.all(everyRole.map(([role, one]) => untilReadiness(role, one, 'ready', 1_000)));
      await waitForTicks(received, 3);
      expect(faultsOf(received, 500)).toEqual([]);
      expect(socket.socket.readyState).toBe(socket.socket.OPEN);
      expect((await owner.fetch('/accounts/password_change/')).status).toBe(200);
      using another = await owner.connect();
      await another.nextTick();
    },
  );

  test('without its cached scripts, no tick is missing', async () => {
    const from = everyRole.map(([, { process }]) => process);
    const ticks = await TickSequence.start(socket, { everyMs: 500, from });
    await ticks.advance(1);
    await running.redis.cli('SCRIPT', 'FLUSH');
    await ticks.advance(3);
    await until(async () => (await web.readiness()) === 'ready', 'web is ready');
  });

  test('left with instants an hour ahead, as after its clock was set back, ticks continue within 2 s and seq rises', async () => {
    const script = `
      redis.call('HINCRBY', 'clock:{time}:last:time', 'at', 3600000)
      redis.call('HINCRBY', 'clock:{time}:pushed', 'time', 3600000)
      return redis.call('HINCRBY', 'clock:{time}:lease', 'until', 3600000)`;
    await running.redis.cli('EVAL', script, '0');
    const elapsedMs = stopwatch();
    await waitForTicks(received, 2);
    expect(elapsedMs()).toBeLessThan(2_500);
    await waitForTicks(received, 2);
    expect(faultsOf(received, 500)).toEqual([]);
  });

  test('emptied, sockets close with 4401 within 2 s, no session is valid, and the owner can sign in again', async () => {
    const last = received.at(-1);
    await running.redis.cli('FLUSHALL');
    const endedMs = await msUntil(() => socket.socket.readyState === socket.socket.CLOSED, 'the socket is closed');
    expect(endedMs).toBeLessThan(2_000);
    expect(await socket.closed).toBe(4401);
    expect((await owner.fetch('/')).status).toBe(302);
    expect((await owner.fetch('/api/initial_state')).status).toBe(401);
    await expect(owner.connect()).rejects.toMatchObject({ status: 401 });
    const again = await until(() => web.owner().catch(() => null), 'the owner can sign in');
    using second = await again.connect();
    const tick = await second.nextTick();
    expect(tick.seq).toBeGreaterThan(last?.seq ?? Infinity);
    expect((await owner.fetch('/')).status).toBe(302);
  });
});

describe.concurrent('an installation', () => {
  test('recovers from a Redis that returns without its data: no session is valid, and the owner can sign in again', async () => {
    await using running = await Installation.prepare({ settings: { appendonly: 'no' } });
    const [web] = await Promise.all([running.begin('web'), running.begin('worker'), running.begin('beat')]);
    const owner = await web.owner();
    using socket = await owner.connect();
    const before = await socket.nextTick();
    await running.redis.crash();
    await untilReadiness('web', web, 'redis-down', 2_000);
    await running.redis.begin();
    const endedMs = await msUntil(() => socket.socket.readyState === socket.socket.CLOSED, 'the socket is closed');
    expect(endedMs).toBeLessThan(2_000);
    expect(await socket.closed).toBe(4401);
    const again = await until(() => web.owner().catch(() => null), 'the owner can sign in');
    using second = await again.connect();
    expect((await second.nextTick()).seq).toBeGreaterThan(before.seq);
    expect((await owner.fetch('/')).status).toBe(302);
  });

  test('starts without Redis, reports redis-down, and serves within a second of the start of Redis', async () => {
    await using running = await Installation.prepare();
    await running.redis.crash();
    const roles = await Promise.all([running.begin('web'), running.begin('worker'), running.begin('beat')]);
    const [web] = roles;
    for (const role of roles) expect(await role.readiness()).toBe('redis-down');
    await running.redis.begin();
    await Promise.all(roles.map((role) => untilReadiness('it', role, 'ready', 1_000)));
    const owner = await until(() => web.owner().catch(() => null), 'the owner can sign in');
    using socket = await owner.connect();
    await socket.nextTick();
  });

  test('starts with a wrong password, reports redis-auth and does not log the password', async () => {
    const redis = await RedisServer.start({ password: 'the right one of them' });
    const wrong = 'a-wrong-one-that-no-log-may-contain';
    await using web = await startClock(['web', '--host', '127.0.0.1'], {
      env: { CLOCK_REDIS_URL: redis.url.replace('the right one of them', wrong), CLOCK_SECRET: 's'.repeat(40) },
    });
    try {
      // On a busy machine web may start before Redis refuses the password.
      const text = await until(async () => {
        const answer = await fetch(`${web.url}/ready`);
        const body = await answer.text();
        return answer.status === 503 && JSON.parse(body).reason === 'redis-auth' ? body : null;
      }, '/ready gives the reason');
      expect(text + JSON.stringify(web.log)).not.toMatch(new RegExp(`${wrong}|the right one|s{40}`));
    } finally {
      await web.stop();
      await redis.stop();
    }
  });
});

async function untilReadiness(role: string, one: RoleProcess, outage: string, limitMs: number): Promise<void> {
  const isReported = async (): Promise<boolean> => (await one.readiness()) === outage;
  expect(await msUntil(isReported, `${role} reports ${outage}`), `ms until ${role} reports ${outage}`).toBeLessThan(
    limitMs,
  );
}

/** The answers of a web process to an owner with an open socket, to a forged session and to a sign-in. */
async function answersOf(web: RoleProcess, owner: Client): Promise<Record<string, unknown>> {
  const [page, state] = [await owner.fetch('/'), await owner.fetch('/api/initial_state')];
  const { stale } = (await state.json()) as { stale?: boolean };
  const stranger = new Client(web.url);
  stranger.cookies.set('sessionid', withAlteredSignature(owner.cookies.get('sessionid') ?? ''));
  const forged = await stranger.fetch('/api/initial_state');
  const newcomer = new Client(web.url);
  const form = await newcomer.fetch('/accounts/login/');
  const signIn = await newcomer.signIn('admin', adminPassword);
  const socket = await owner.connect().then(
    (opened) => opened[Symbol.dispose](),
    (error: unknown) => (error instanceof Refused ? error.status : error),
  );
  const retryAfter = Number(signIn.headers.get('retry-after')) >= 1;
  return {
    page: page.status,
    state: state.status,
    stale,
    socket,
    forged: forged.status,
    form: form.status,
    signIn: signIn.status,
    retryAfter,
  };
}
