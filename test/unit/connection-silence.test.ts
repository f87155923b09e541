import { describe, expect, test } from 'vitest';
import { healthy, liveWorld, ScreenWorld } from '../support/screen-world.ts';

describe('silence', () => {
  test('makes the screen send a sync after 1.3 s, and 0.7 s later replaces the socket and makes the screen stale', async () => {
    const world = await liveWorld();
    const { socket } = world;
    const receivedAt = Math.floor(world.now / 1_000) * 1_000;
    world.server.deliversFrames = false;
    await world.pass(receivedAt + 1_300 - world.now);
    expect(socket.sent.at(-1)).toMatchObject({ at: receivedAt + 1_300, message: { sync: receivedAt + 1_300 } });
    await world.pass(699);
    expect(world.state).toBe('live');
    await world.pass(1);
    expect(world.state).toBe('stale');
    expect(socket.hasEnded).toBe(true);
  });

  test('of ticks alone keeps the socket, and makes the screen stale after two seconds', async () => {
    const world = await liveWorld();
    world.server.sendsTicks = false;
    await world.pass(1_899);
    expect(world.state).toBe('live');
    await world.pass(1);
    expect(world.state).toBe('stale');
    await world.pass(20_000);
    expect(world.openSockets).toEqual([world.sockets[0]]);
    world.server.sendsTicks = true;
    await world.pass(1_000);
    expect(world.state).toBe('live');
  });

  test('may last 1.5 intervals if the interval is long', async () => {
    const world = new ScreenWorld({ intervalMs: 10_000 });
    world.connection.start();
    await world.pass(30_000);
    expect(world.states.map(({ state }) => state)).toEqual(['live']);
    const { at } = world.ticks.at(-1) ?? { at: 0 };
    world.server.sendsTicks = false;
    await world.pass(at + 14_999 - world.houseTime);
    expect(world.state).toBe('live');
    await world.pass(1);
    expect(world.state).toBe('stale');
  });

  test('makes the screen request the initial state once, after a random part of the spread', async () => {
    const world = await liveWorld();
    const { length } = world.stateRequests;
    world.server.sendsTicks = false;
    await world.pass(10_000);
    expect(world.stateRequests.slice(length).map(({ at }) => at)).toEqual([6_250]);
  });

  test('counts as an outage if the interval becomes longer, until the screen has requested the initial state', async () => {
    const world = await liveWorld();
    world.server.intervalMs = 5_000;
    await world.pass(20_000);
    expect(world.states.slice(1).map(({ state }) => state)).toEqual(['stale', 'live']);
  });
});

describe('waking', () => {
  test('probes an open socket at once, and replaces it if it does not answer within 0.7 s', async () => {
    const world = await liveWorld();
    world.server.deliversFrames = false;
    world.connection.wake();
    expect(world.socket.sent.at(-1)?.message).toEqual({ sync: world.now });
    await world.pass(700);
    expect(world.state).toBe('stale');
    expect(world.openSockets).toEqual([]);
  });

  test('keeps the message limit, however often it happens', async () => {
    const world = await liveWorld();
    world.server.syncDelayMs = 1;
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

  test('shortens a long wait to a part of the first window', async () => {
    const world = await liveWorld();
    world.random = 1;
    world.server = { ...healthy, handshake: 'refused', state: 'failing' };
    world.closeBy(1006);
    await world.pass(700_000);
    world.server = { ...healthy };
    const wokeAt = world.now;
    world.connection.wake();
    await world.pass(600);
    expect(world.socket.openedAt - wokeAt).toBeLessThanOrEqual(520);
    expect(world.state).toBe('live');
  });

  test('restarts the windows at most once in five seconds', async () => {
    const world = await liveWorld();
    world.server = { ...healthy, handshake: 'refused', state: 'failing' };
    world.closeBy(1006);
    await world.pass(700_000);
    const { length } = world.stateRequests;
    for (let times = 0; times < 100; times += 1) {
      world.connection.wake();
      await world.pass(99);
    }
    // Two beginnings in ten seconds: windows of 0.5, 1, 2, 4, 8 s each, of which half is waited.
    expect(world.stateRequests.length - length).toBeLessThanOrEqual(10);
  });

  test('never makes a wait longer', async () => {
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

  test('gives up a try that has been silent for a second', async () => {
    const world = await liveWorld();
    world.server = { ...healthy, handshake: 'unanswered', state: 'unanswered' };
    world.closeBy(1006);
    await world.pass(120_000);
    world.server = { ...healthy };
    await world.pass(1_100);
    world.connection.wake();
    await world.pass(600);
    expect(world.state).toBe('live');
  });

  test('after a sleep counts no old tick as the present', async () => {
    const world = await liveWorld();
    world.houseStepMs += 3_600_000;
    world.server.sendsTicks = false;
    world.connection.wake();
    await world.pass(20);
    expect(world.state).toBe('stale');
  });
});

describe('a sleep', () => {
  test('leaves a healthy socket in place if the first timer after it is that of a probe', async () => {
    const world = await liveWorld();
    world.server.syncDelayMs = 100_000;
    world.connection.wake();
    await world.pass(690);
    world.sleep(60_000);
    world.server.syncDelayMs = 20;
    await world.pass(3_000);
    expect(world.sockets).toHaveLength(1);
    expect(world.state).toBe('live');
  });

  test('leaves a healthy socket in place if the monotonic clock continues during it', async () => {
    const world = await liveWorld();
    world.server.syncDelayMs = 100_000;
    world.connection.wake();
    await world.pass(690);
    world.server.syncDelayMs = 20;
    world.now += 60_000;
    await world.pass(3_000);
    expect(world.sockets).toHaveLength(1);
    expect(world.state).toBe('live');
  });

  test('replaces a dead socket all the same', async () => {
    const world = await liveWorld();
    world.server.deliversFrames = false;
    world.connection.wake();
    await world.pass(690);
    world.now += 60_000;
    await world.pass(1_000);
    expect(world.sockets[0]?.hasEnded).toBe(true);
  });
});

describe('a step of the wall clock', () => {
  test('shows no time until house time is known again, whatever ticks arrive', async () => {
    const world = await liveWorld();
    world.server.syncDelayMs = 400;
    world.wallStepMs += 5_000;
    const from = world.states.length;
    let wrongClaims = 0;
    await world.pass(3_000, () => {
      if (world.state === 'live' && world.connection.house.now() === null) wrongClaims += 1;
    });
    expect(wrongClaims).toBe(0);
    expect(world.states.slice(from).map(({ state }) => state)).toEqual(['stale', 'live']);
  });

  test('leaves nothing pending after stop, however often it happens', async () => {
    const world = await liveWorld();
    for (let times = 0; times < 20; times += 1) {
      world.wallStepMs += 5_000;
      await world.pass(300);
    }
    // One timer of the connection, and one of the painter.
    expect(world.pending).toBeLessThanOrEqual(2);
    world.connection.stop();
    world.painter.stop();
    expect(world.pending).toBe(0);
  });
});

describe('a stopped connection', () => {
  test('has no socket, no timer and no request, and ignores every event', async () => {
    const world = await liveWorld();
    const { socket } = world;
    world.connection.stop();
    world.painter.stop();
    expect(world.pending).toBe(0);
    expect(world.openSockets).toEqual([]);
    world.connection.wake();
    world.connection.resume();
    world.connection.setVisible(false);
    world.connection.onDrawn();
    world.connection.start();
    socket.events.received('{}');
    socket.events.closed(1006);
    expect(world.pending).toBe(0);
    await world.pass(60_000);
    expect(world.sockets).toHaveLength(1);
    expect(world.states).toHaveLength(1);
  });

  test('has cancelled its request', async () => {
    const world = new ScreenWorld({ stateDelayMs: 4_000 });
    world.connection.start();
    await world.pass(100);
    expect(world.stateRequests).toHaveLength(1);
    world.connection.stop();
    await world.pass(0);
    expect(world.pending).toBe(0);
  });
});

describe('house time', () => {
  test('that arrives late does not count as the present', async () => {
    const world = await liveWorld();
    world.server.sendsTicks = false;
    for (let times = 0; times < 30; times += 1) {
      await world.pass(100);
      world.deliverTick(world.houseTime - 2_500);
    }
    expect(world.state).toBe('stale');
  });

  test.each([-3_600_000, 3_600_000])('may be stepped by %i ms while the screen stays live', async (stepMs) => {
    const world = await liveWorld();
    world.houseStepMs += stepMs;
    await world.pass(5_000);
    expect(world.states.map(({ state }) => state)).toEqual(['live']);
  });

  test('is not taken from frames that are no response to a sync', async () => {
    const world = await liveWorld();
    for (const text of ['', '[]', '{"sync":{}}', '{"sync":{"echo":1e999}}', '{"message":1}', '{"command":{}}']) {
      world.deliver(text);
    }
    world.server.deliversFrames = false;
    world.connection.wake();
    world.deliver(JSON.stringify({ sync: { echo: 1, received: 1, sent: 1 } }));
    await world.pass(700);
    expect(world.state).toBe('stale');
  });
});

describe('the state live', () => {
  test('is never reported without a drawn second', async () => {
    const world = new ScreenWorld();
    world.isDrawingBroken = true;
    world.connection.start();
    await world.pass(10_000);
    expect(world.states.map(({ state }) => state)).toEqual(['stale']);
    world.isDrawingBroken = false;
    await world.pass(1_000);
    expect(world.state).toBe('live');
  });

  test('ends 1.5 s after the last second that was drawn', async () => {
    const world = await liveWorld();
    const drawnAt = world.paints.at(-1)?.at ?? 0;
    world.isDrawingBroken = true;
    await world.pass(drawnAt + 1_499 - world.now);
    expect(world.state).toBe('live');
    await world.pass(1);
    expect(world.state).toBe('stale');
  });

  test('stays live on a hidden page that does not draw, and stops if that page does not draw once it is visible', async () => {
    const world = await liveWorld();
    world.connection.setVisible(false);
    world.isDrawingBroken = true;
    await world.pass(60_000);
    expect(world.state).toBe('live');
    world.connection.setVisible(true);
    await world.pass(1_499);
    expect(world.state).toBe('live');
    await world.pass(1);
    expect(world.state).toBe('stale');
  });

  test('is reached once a page that was opened hidden is visible and draws', async () => {
    const world = new ScreenWorld();
    world.setVisible(false);
    world.isDrawingBroken = true;
    world.connection.start();
    await world.pass(10_000);
    expect(world.state).toBe('connecting');
    world.isDrawingBroken = false;
    world.setVisible(true);
    await world.pass(1_000);
    expect(world.state).toBe('live');
  });

  test('ends in a hidden page if ticks do not arrive', async () => {
    const world = await liveWorld();
    world.connection.setVisible(false);
    world.server.sendsTicks = false;
    await world.pass(2_000);
    expect(world.state).toBe('stale');
  });

  test('is not reported for a second that was drawn before the ticks were stale', async () => {
    const world = await liveWorld();
    world.server.sendsTicks = false;
    await world.pass(1_900);
    expect(world.state).toBe('stale');
    world.isDrawingBroken = true;
    world.server.sendsTicks = true;
    await world.pass(3_000);
    expect(world.state).toBe('stale');
  });
});

test('a callback that throws keeps no other effect from being carried out', async () => {
  const world = await liveWorld();
  world.isReportingBroken = true;
  expect(() => world.closeBy(4401)).not.toThrow();
  world.server.deliversFrames = false;
  await expect(world.pass(3_000)).rejects.toThrow('reporting is broken');
  world.isReportingBroken = false;
  world.server = { ...healthy };
  await world.pass(3_000);
  expect(world.state).toBe('live');
});
