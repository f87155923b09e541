import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Client } from '../support/client.ts';
import { startClock } from '../support/clock-process.ts';
import { freePort } from '../support/free-port.ts';
import { RedisServer } from '../support/redis-server.ts';
import { TickSequence } from '../support/tick-sequence.ts';
import { msUntil, passes } from '../support/until.ts';

const password = 'a long enough password';

let server: RedisServer;
beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server.stop());

function envOf(redis: { port: number }): Record<string, string> {
  return {
    REDIS_PORT: String(redis.port),
    CLOCK_SECRET: 'a secret of the tests that is long enough',
    CLOCK_ADMIN_PASSWORD: password,
  };
}

async function signedIn(url: string): Promise<Client> {
  const client = new Client(url);
  await client.signInWhenReady('admin', password);
  return client;
}

describe('clock all', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('closes its sockets with 1001 and exits with 0 on %s', async (signal) => {
    const all = await startClock(['all', '--drain', '100ms'], { env: { CLOCK_ADMIN_PASSWORD: password } });
    const client = await signedIn(all.url);
    const sockets = await Promise.all([client.connect(), client.connect()]);
    await sockets[0]?.nextTick();
    all.kill(signal);
    expect(await Promise.all(sockets.map(({ closed }) => closed))).toEqual([1001, 1001]);
    expect(await all.exited).toBe(0);
    await all.stop();
  });

  test('exits at once on a second signal', async () => {
    await using all = await startClock(['all', '--drain-delay', '30s'], { env: { CLOCK_ADMIN_PASSWORD: password } });
    all.kill('SIGTERM');
    await all.logged('stopping');
    all.kill('SIGTERM');
    expect(await Promise.race([all.exited, passes(15_000)])).toBe(1);
  });

  test('exits with 1 when its grace period is over', async () => {
    const args = ['all', '--drain', '30s', '--grace', '300ms'];
    await using all = await startClock(args, { env: { CLOCK_ADMIN_PASSWORD: password } });
    const client = await signedIn(all.url);
    using first = await client.connect();
    using second = await client.connect();
    await Promise.all([first.nextTick(), second.nextTick()]);
    all.kill('SIGTERM');
    expect(await all.exited).toBe(1);
    expect(all.log.at(-1)?.msg).toContain('grace period over');
  });
});

describe('an error that nothing catches', () => {
  // Throws, or rejects, in the process itself when it gets the signal.
  const faults = {
    SIGUSR2: 'process.once("SIGUSR2",()=>{throw(new(Error)("injected"))})',
    SIGWINCH: 'process.once("SIGWINCH",()=>Promise.reject(new(Error)("injected")))',
  };

  test.each(Object.entries(faults))(
    'is logged once as fatal, then the sockets are closed with 1001 and the exit code is 1 (%s)',
    async (signal, fault) => {
      const env = { ...envOf(server), NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(fault)}` };
      await using web = await startClock(['web', '--drain', '100ms'], { env });
      const client = await signedIn(web.url);
      using socket = await client.connect();
      web.kill(signal as NodeJS.Signals);
      expect(await socket.closed).toBe(1001);
      expect(await web.exited).toBe(1);
      const fatal = web.log.filter(({ level }) => level === 'fatal');
      expect(fatal).toMatchObject([{ msg: 'uncaught error: stopping', err: { message: 'injected' } }]);
    },
  );
});

describe('SIGHUP', () => {
  test.each(['web', 'worker', 'beat'])('does not end %s', async (role) => {
    await using process = await startClock([role], { env: envOf(server) });
    process.kill('SIGHUP');
    expect((await process.ask('/health')).status).toBe(200);
    process.kill('SIGTERM');
    expect(await process.exited).toBe(0);
  });
});

describe('clock web', () => {
  test('is unready at once, continues to serve during the drain delay, then closes with 1001 and exits with 0', async () => {
    await using web = await startClock(['web', '--drain-delay', '10s', '--drain', '200ms'], { env: envOf(server) });
    const client = await signedIn(web.url);
    using socket = await client.connect();
    web.kill('SIGTERM');
    const isUnready = async (): Promise<boolean> => (await client.fetch('/ready')).status === 503;
    expect(await msUntil(isUnready, '/ready is 503')).toBeLessThan(1_000);
    expect(await (await client.fetch('/ready')).json()).toMatchObject({ reason: 'draining' });
    expect((await client.fetch('/')).status).toBe(200);
    using late = await client.connect();
    expect(await Promise.all([socket.closed, late.closed])).toEqual([1001, 1001]);
    expect(await web.exited).toBe(0);
    await expect(client.fetch('/health')).rejects.toThrow('fetch failed');
  });
});

describe('every role', () => {
  test.each(['web', 'worker', 'beat'])('%s exits with 0 while it waits for Redis', async (role) => {
    await using process = await startClock([role], { env: envOf({ port: await freePort() }) });
    process.kill('SIGTERM');
    expect(await process.exited).toBe(0);
  });
});

describe('with several processes of a role', () => {
  test('a worker that stops finishes its task, so that no tick is lost', async () => {
    const env = { ...envOf(server), CLOCK_REDIS_PREFIX: 'worker-' };
    await using web = await startClock(['web'], { env });
    await using beat = await startClock(['beat', '--interval', '100'], { env });
    await using stays = await startClock(['worker'], { env });
    await using goes = await startClock(['worker'], { env });
    using socket = await (await signedIn(web.url)).connect();
    const ticks = await TickSequence.start(socket, { everyMs: 100, from: [web, beat, stays, goes] });
    await ticks.advance(5);
    goes.kill('SIGTERM');
    await ticks.advance(10);
    expect(await goes.exited).toBe(0);
    await ticks.advance(3);
  });

  test('a beat that stops releases its lease, and another becomes the leader within 0.7 s', async () => {
    const env = { ...envOf(server), CLOCK_REDIS_PREFIX: 'beat-' };
    await using first = await startClock(['beat'], { env });
    await first.logged('became leader');
    await using second = await startClock(['beat'], { env });
    expect(second.log.some(({ msg }) => msg === 'became leader')).toBe(false);
    const took = msUntil(() => second.log.some(({ msg }) => msg === 'became leader'), 'the other becomes the leader');
    first.kill('SIGTERM');
    expect(await first.exited).toBe(0);
    expect(await took).toBeLessThan(700);
  });
});
