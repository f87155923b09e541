import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Client, TestSocket } from '../support/client.ts';
import { until } from '../support/until.ts';
import { disorder, type Heard, Installation, listen, longestStepMs, more, type RoleProcess } from './installation.ts';

async function leaderOf(beats: readonly RoleProcess[]): Promise<RoleProcess> {
  return until(async () => {
    const leads = await Promise.all(beats.map((beat) => beat.metric('clock_beat_leader')));
    return leads.filter((one) => one === 1).length === 1 ? beats[leads.indexOf(1)] : null;
  }, 'one beat leads');
}

async function silence(heard: readonly Heard[], ms: number): Promise<void> {
  await until(() => Date.now() - (heard.at(-1)?.at ?? 0) > ms, `no tick for ${ms} ms`, ms + 3_000);
}

describe('with two webs, three workers and five beats', () => {
  let running: Installation;
  let webs: [one: RoleProcess, two: RoleProcess];
  let workers: RoleProcess[];
  let beats: RoleProcess[];
  let owner: Client;
  let socket: TestSocket;
  let heard: Heard[];

  beforeAll(async () => {
    running = await Installation.prepare();
    // The first web has a way to Redis of its own.
    const one = await running.begin('web', [], {}, running.redis.port);
    const two = await running.begin('web');
    webs = [one, two];
    workers = await Promise.all(Array.from({ length: 3 }, () => running.begin('worker')));
    beats = await Promise.all(Array.from({ length: 5 }, () => running.begin('beat')));
    owner = await one.owner();
    socket = await owner.connect();
    heard = listen(socket);
    await more(heard, 3);
  }, 60_000);
  afterAll(async () => {
    socket[Symbol.dispose]();
    await running[Symbol.asyncDispose]();
  });

  /** The same session, on the other web. */
  function ownerElsewhere(): Client {
    const elsewhere = webs[1].client();
    for (const cookie of owner.cookies) elsewhere.cookies.set(...cookie);
    return elsewhere;
  }

  test('a leader that is killed, or frozen and woken, leaves a gap of 2 s at most; each instant comes once', async () => {
    const begin = heard.length - 1;
    const killed = await leaderOf(beats);
    killed.process.kill('SIGKILL');
    beats = beats.filter((beat) => beat !== killed);
    await more(heard, 4);
    const frozen = await leaderOf(beats);
    frozen.process.kill('SIGSTOP');
    const others = beats.filter((beat) => beat !== frozen);
    const next = await leaderOf(others);
    await more(heard, 4);
    frozen.process.kill('SIGCONT');
    await frozen.process.logged('lost the lease');
    await more(heard, 4);

    expect(await leaderOf(beats)).toBe(next);
    expect(disorder(heard.slice(begin), 500)).toEqual([]);
    expect(longestStepMs(heard.slice(begin))).toBeLessThanOrEqual(2_000);
  });

  test('all beats frozen and woken come on with no burst and nothing old', async () => {
    const begin = heard.length - 1;
    for (const { process } of beats) process.kill('SIGSTOP');
    await silence(heard, 3_000);
    const before = heard.length;
    const wokenAt = Date.now();
    for (const { process } of beats) process.kill('SIGCONT');
    await more(heard, 1, 2_300);
    expect(heard[before]?.at).toBeGreaterThan(wokenAt - 500);
    await more(heard, 3);
    expect(disorder(heard.slice(begin), 500)).toEqual([]);
  });

  test('a worker that is killed, or frozen and woken, costs two ticks at most, and none comes twice or late', async () => {
    const begin = heard.length - 1;
    const [killed, frozen, other] = workers as [RoleProcess, RoleProcess, RoleProcess];
    killed.process.kill('SIGKILL');
    await more(heard, 4);
    frozen.process.kill('SIGSTOP');
    await more(heard, 6);
    frozen.process.kill('SIGCONT');
    await more(heard, 4);
    expect(disorder(heard.slice(begin), 500)).toEqual([]);
    expect(longestStepMs(heard.slice(begin))).toBeLessThanOrEqual(1_500);
    expect(await other.readiness()).toBe('ready');
  });

  test('a web that was frozen for 10 s sends nothing old when it wakes, and keeps its sockets', async () => {
    using there = await ownerElsewhere().connect();
    const sent = listen(there);
    await more(sent, 2);
    webs[1].process.kill('SIGSTOP');
    await silence(sent, 10_000);
    const before = sent.length;
    webs[1].process.kill('SIGCONT');
    await more(sent, 4);
    expect(disorder(sent, 500)).toEqual([]);
    expect((sent[before]?.at ?? 0) - (sent[before - 1]?.at ?? 0)).toBeGreaterThan(9_000);
    expect(there.socket.readyState).toBe(there.socket.OPEN);
    await until(async () => (await webs[1].readiness()) === 'ready', 'it is ready', 1_000);
  });

  test('a session that ended while a web was cut off is out there within 2 s of its return', async () => {
    const second = await webs[0].owner();
    const elsewhere = webs[1].client();
    for (const cookie of second.cookies) elsewhere.cookies.set(...cookie);
    using there = await elsewhere.connect();
    running.proxy.silence();
    await until(async () => (await webs[1].readiness()) === 'redis-down', 'it is cut off', 2_000);
    expect((await second.signOut()).status).toBe(302);
    expect(there.socket.readyState).toBe(there.socket.OPEN);
    const begun = performance.now();
    running.proxy.restore();
    expect(await there.closed).toBe(4401);
    expect(performance.now() - begun).toBeLessThan(2_000);
    expect((await elsewhere.fetch('/')).status).toBe(302);
    await more(heard, 1);
  });

  test('a sign-out on one web closes the sockets on both within a second, and is counted there', async () => {
    const elsewhere = ownerElsewhere();
    using there = await elsewhere.connect();
    const begun = performance.now();
    expect((await owner.signOut()).status).toBe(302);
    expect(await Promise.all([socket.closed, there.closed])).toEqual([4401, 4401]);
    expect(performance.now() - begun).toBeLessThan(1_000);
    expect((await elsewhere.fetch('/')).status).toBe(302);
    const metrics = await (await webs[0].ask('/metrics')).text();
    expect(metrics).toContain('clock_disconnects_total{code="4401"} 1');
  });
});

test('ticks each 50 ms come without a drift, nearly all of them', async () => {
  await using running = await Installation.start('50');
  const { web } = running.roles;
  const owner = await web.owner();
  using socket = await owner.connect();
  const heard = listen(socket);
  await more(heard, 60);
  expect(disorder(heard, 50)).toEqual([]);
  const [first, last] = [heard[0]?.at ?? 0, heard.at(-1)?.at ?? 0];
  expect(heard.length).toBeGreaterThan(0.8 * ((last - first) / 50));
  const state = await (await owner.fetch('/api/initial_state')).json();
  expect(state).toMatchObject({ interval: 50, stale: false });
});
