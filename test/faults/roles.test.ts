import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { leaseMs } from '../../src/backend/ticks.ts';
import type { Client, TestSocket } from '../support/client.ts';
import { measureStall, stopwatch } from '../support/stopwatch.ts';
import { until } from '../support/until.ts';
import {
  faultsOf,
  type ReceivedTick,
  Installation,
  recordTicks,
  longestStepMs,
  waitForTicks,
  type RoleProcess,
} from './installation.ts';

async function leaderOf(beats: readonly RoleProcess[]): Promise<RoleProcess> {
  return until(async () => {
    const values = await Promise.all(beats.map((beat) => beat.metric('clock_beat_leader')));
    return values.filter((value) => value === 1).length === 1 ? beats[values.indexOf(1)] : null;
  }, 'one beat is the leader');
}

async function waitForSilence(ticks: readonly ReceivedTick[], ms: number): Promise<void> {
  await until(() => Date.now() - (ticks.at(-1)?.at ?? 0) > ms, `no tick for ${ms} ms`, ms + 20_000);
}

describe('with two web processes, three workers and five beats', () => {
  let running: Installation;
  let webs: [one: RoleProcess, two: RoleProcess];
  let workers: RoleProcess[];
  let beats: RoleProcess[];
  let owner: Client;
  let socket: TestSocket;
  let ticks: ReceivedTick[];

  beforeAll(async () => {
    running = await Installation.prepare();
    // The first web process reaches Redis without the proxy.
    const one = await running.begin('web', [], {}, running.redis.port);
    const two = await running.begin('web');
    webs = [one, two];
    workers = await Promise.all(Array.from({ length: 3 }, () => running.begin('worker')));
    beats = await Promise.all(Array.from({ length: 5 }, () => running.begin('beat')));
    owner = await one.owner();
    socket = await owner.connect();
    ticks = recordTicks(socket);
    await waitForTicks(ticks, 3);
  });
  afterAll(async () => {
    socket[Symbol.dispose]();
    await running[Symbol.asyncDispose]();
  });

  /** A client of the other web process, with the same session. */
  function ownerElsewhere(): Client {
    const elsewhere = webs[1].client();
    for (const cookie of owner.cookies) elsewhere.cookies.set(...cookie);
    return elsewhere;
  }

  test('a leader that is killed, or frozen and resumed, causes a gap of at most 2 s, and each instant arrives once', async () => {
    const stalledMs = measureStall();
    const begin = ticks.length - 1;
    const killed = await leaderOf(beats);
    killed.process.kill('SIGKILL');
    beats = beats.filter((beat) => beat !== killed);
    await waitForTicks(ticks, 4);
    const frozen = await leaderOf(beats);
    frozen.process.kill('SIGSTOP');
    const others = beats.filter((beat) => beat !== frozen);
    const next = await leaderOf(others);
    await waitForTicks(ticks, 4);
    const sinceResumeMs = measureStall();
    frozen.process.kill('SIGCONT');
    await frozen.process.logged('lost the lease');
    await waitForTicks(ticks, 4);

    const leader = await leaderOf(beats);
    // The leader renews the lease three times in `leaseMs`: only a stall of most of it can have ended the lease.
    const possible = sinceResumeMs() < (2 / 3) * leaseMs ? [next] : beats;
    expect(possible).toContain(leader);
    expect(faultsOf(ticks.slice(begin), 500)).toEqual([]);
    expect(longestStepMs(ticks.slice(begin)) - stalledMs()).toBeLessThanOrEqual(2_000);
  });

  test('beats that were all frozen continue without a burst and without an old instant', async () => {
    const begin = ticks.length - 1;
    for (const { process } of beats) process.kill('SIGSTOP');
    await waitForSilence(ticks, 3_000);
    const before = ticks.length;
    const resumedAt = Date.now();
    for (const { process } of beats) process.kill('SIGCONT');
    await waitForTicks(ticks, 1);
    expect(ticks[before]?.at).toBeGreaterThan(resumedAt - 500);
    await waitForTicks(ticks, 3);
    expect(faultsOf(ticks.slice(begin), 500)).toEqual([]);
  });

  test('a worker that is killed, or frozen and resumed, loses at most two ticks, and none arrives twice or late', async () => {
    const stalledMs = measureStall();
    const begin = ticks.length - 1;
    const [killed, frozen, other] = workers as [RoleProcess, RoleProcess, RoleProcess];
    killed.process.kill('SIGKILL');
    await waitForTicks(ticks, 4);
    frozen.process.kill('SIGSTOP');
    await waitForTicks(ticks, 6);
    frozen.process.kill('SIGCONT');
    await waitForTicks(ticks, 4);
    expect(faultsOf(ticks.slice(begin), 500)).toEqual([]);
    expect(longestStepMs(ticks.slice(begin)) - stalledMs()).toBeLessThanOrEqual(1_500);
    await until(async () => (await other.readiness()) === 'ready', 'the third worker is ready');
  });

  test('a web process that was frozen for 10 s sends no old tick and keeps its sockets', async () => {
    using there = await ownerElsewhere().connect();
    const sent = recordTicks(there);
    await waitForTicks(sent, 2);
    webs[1].process.kill('SIGSTOP');
    await waitForSilence(sent, 10_000);
    const before = sent.length;
    webs[1].process.kill('SIGCONT');
    await waitForTicks(sent, 4);
    expect(faultsOf(sent, 500)).toEqual([]);
    expect((sent[before]?.at ?? 0) - (sent[before - 1]?.at ?? 0)).toBeGreaterThan(9_000);
    expect(there.socket.readyState).toBe(there.socket.OPEN);
    await until(async () => (await webs[1].readiness()) === 'ready', 'the web is ready');
  });

  test('a session that ended while a web process had no Redis ends there within 2 s of its return', async () => {
    const second = await webs[0].owner();
    const elsewhere = webs[1].client();
    for (const cookie of second.cookies) elsewhere.cookies.set(...cookie);
    using there = await elsewhere.connect();
    running.proxy.silence();
    await until(async () => (await webs[1].readiness()) === 'redis-down', 'the web is cut off');
    expect((await second.signOut()).status).toBe(302);
    expect(there.socket.readyState).toBe(there.socket.OPEN);
    const elapsedMs = stopwatch();
    running.proxy.restore();
    expect(await there.closed).toBe(4401);
    expect(elapsedMs()).toBeLessThan(2_000);
    expect((await elsewhere.fetch('/')).status).toBe(302);
    await waitForTicks(ticks, 1);
  });

  test('a sign-out on one web process closes the sockets on both within 1 s, and is counted', async () => {
    const elsewhere = ownerElsewhere();
    using there = await elsewhere.connect();
    const elapsedMs = stopwatch();
    expect((await owner.signOut()).status).toBe(302);
    expect(await Promise.all([socket.closed, there.closed])).toEqual([4401, 4401]);
    expect(elapsedMs()).toBeLessThan(1_000);
    expect((await elsewhere.fetch('/')).status).toBe(302);
    const metrics = await (await webs[0].ask('/metrics')).text();
    expect(metrics).toContain('clock_disconnects_total{code="4401"} 1');
  });
});

test('at least 80 % of the ticks of every 50 ms arrive, without drift', async () => {
  await using running = await Installation.start('50');
  const { web } = running.roles;
  const owner = await web.owner();
  using socket = await owner.connect();
  const stalledMs = measureStall();
  const ticks = recordTicks(socket);
  await waitForTicks(ticks, 60);
  expect(faultsOf(ticks, 50)).toEqual([]);
  const [first, last] = [ticks[0]?.at ?? 0, ticks.at(-1)?.at ?? 0];
  expect(ticks.length).toBeGreaterThan(0.8 * ((last - first - stalledMs()) / 50));
  const state = await (await owner.fetch('/api/initial_state')).json();
  expect(state).toMatchObject({ interval: 50, stale: false });
});
