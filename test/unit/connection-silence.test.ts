import { describe, expect, test } from 'vitest';
import { healthy, liveWorld, ScreenWorld } from '../support/screen-world.ts';

describe('silence', () => {
  test('is asked after at 1.3 s, and 0.7 s later the socket is replaced and the screen stale', async () => {
    const world = await liveWorld();
    const { socket } = world;
    const heardAt = Math.floor(world.now / 1_000) * 1_000;
    world.server.isHeard = false;
    await world.pass(heardAt + 1_300 - world.now);
    expect(socket.sent.at(-1)).toMatchObject({ at: heardAt + 1_300, message: { sync: heardAt + 1_300 } });
    await world.pass(699);
    expect(world.state).toBe('live');
    await world.pass(1);
    expect(world.state).toBe('stale');
    expect(socket.isOver).toBe(true);
  });

  test('of ticks alone leaves the socket, and makes the screen stale after two seconds', async () => {
    const world = await liveWorld();
    world.server.isTicking = false;
    await world.pass(1_899);
    expect(world.state).toBe('live');
    await world.pass(1);
    expect(world.state).toBe('stale');
    await world.pass(20_000);
    expect(world.live).toEqual([world.sockets[0]]);
    world.server.isTicking = true;
    await world.pass(1_000);
    expect(world.state).toBe('live');
  });

  test('lasts 1.5 intervals where the interval is long', async () => {
    const world = new ScreenWorld({ intervalMs: 10_000 });
    world.connection.start();
    await world.pass(30_000);
    expect(world.states.map(({ state }) => state)).toEqual(['live']);
    const { at } = world.ticks.at(-1) ?? { at: 0 };
    world.server.isTicking = false;
    await world.pass(at + 14_999 - world.houseTime);
    expect(world.state).toBe('live');
    await world.pass(1);
    expect(world.state).toBe('stale');
  });

  test('makes the screen ask once for what may have changed, after a random part of the spread', async () => {
    const world = await liveWorld();
    const { length } = world.asks;
    world.server = { ...healthy, isTicking: false, spreadMs: 500 };
    await world.pass(10_000);
    expect(world.asks.slice(length)).toEqual([6_250]);
  });

  test('is what a longer interval looks like, until the screen has asked', async () => {
    const world = await liveWorld();
    world.server.intervalMs = 5_000;
    await world.pass(20_000);
    expect(world.states.slice(1).map(({ state }) => state)).toEqual(['stale', 'live']);
  });
});

describe('waking', () => {
  test('asks at once, and replaces a socket that does not answer within 0.7 s', async () => {
    const world = await liveWorld();
    world.server.isHeard = false;
    world.connection.wake();
    expect(world.socket.sent.at(-1)?.message).toEqual({ sync: world.now });
    await world.pass(700);
    expect(world.state).toBe('stale');
    expect(world.live).toEqual([]);
  });

  test('asks no oftener than the server allows, however often', async () => {
    const world = await liveWorld();
    world.server.answersAfterMs = 1;
    const { length } = world.socket.sent;
    for (let times = 0; times < 1_000; times += 1) {
      world.connection.wake();
      await world.pass(2);
    }
    const sentInTwoSeconds = world.socket.sent.length - length;
    expect(sentInTwoSeconds).toBeGreaterThan(10);
    expect(sentInTwoSeconds).toBeLessThanOrEqual(20);
    expect(world.state).toBe('live');
  });

  test('cuts a long wait short', async () => {
    const world = await liveWorld();
    world.random = 1;
    world.server = { ...healthy, handshake: 'refused', state: 'failing' };
    world.closeBy(1006);
    await world.pass(20_000);
    world.server = { ...healthy };
    const wokeAt = world.now;
    world.connection.wake();
    await world.pass(600);
    // It is asked first whether anybody answers.
    expect(world.socket.openedAt - wokeAt).toBeLessThanOrEqual(520);
    expect(world.state).toBe('live');
  });

  test('never puts a wait off, however often', async () => {
    const world = await liveWorld();
    world.random = 1;
    world.closeBy(1006);
    const lostAt = world.now;
    for (let times = 0; times < 20; times += 1) {
      await world.pass(100);
      world.connection.wake();
    }
    expect(world.sockets[1]?.openedAt).toBe(lostAt + 500);
  });

  test('after a sleep in which the clock stood still, takes no old tick for the present', async () => {
    const world = await liveWorld();
    world.houseStepMs += 3_600_000;
    world.server.isTicking = false;
    world.connection.wake();
    await world.pass(20);
    expect(world.state).toBe('stale');
  });
});

describe('time', () => {
  test('that comes late does not count as the present', async () => {
    const world = await liveWorld();
    world.server.isTicking = false;
    for (let times = 0; times < 30; times += 1) {
      await world.pass(100);
      world.deliverTick(world.houseTime - 2_500);
    }
    expect(world.state).toBe('stale');
  });

  test.each([-3_600_000, 3_600_000])('stays live when the house sets its clock by %i ms', async (stepMs) => {
    const world = await liveWorld();
    world.houseStepMs += stepMs;
    await world.pass(5_000);
    expect(world.states.map(({ state }) => state)).toEqual(['live']);
  });

  test('is not asked for by what is no answer', async () => {
    const world = await liveWorld();
    for (const text of ['', '[]', '{"sync":{}}', '{"sync":{"echo":1e999}}', '{"message":1}', '{"command":{}}']) {
      world.deliver(text);
    }
    world.server.isHeard = false;
    world.connection.wake();
    world.deliver(JSON.stringify({ sync: { echo: 1, received: 1, sent: 1 } }));
    await world.pass(700);
    expect(world.state).toBe('stale');
  });
});
