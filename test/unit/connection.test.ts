import { describe, expect, test } from 'vitest';
import { healthy, liveWorld, ScreenWorld } from '../support/screen-world.ts';

describe('opening', () => {
  test('is live as soon as the initial state and the first answer are there', async () => {
    const world = new ScreenWorld();
    world.connection.start();
    expect(world.state).toBe('connecting');
    await world.pass(60);
    expect(world.states).toEqual([{ at: 1_040, state: 'live' }]);
    expect(world.ticks).toHaveLength(1);
    expect(world.zones).toEqual(['Europe/Madrid']);
  });

  test('does not take a tick for the present that grew old before it was told', async () => {
    const world = new ScreenWorld();
    world.server.isTicking = false;
    await world.pass(1_500);
    world.connection.start();
    await world.pass(60);
    expect(world.state).toBe('live');
    await world.pass(440);
    expect(world.state).toBe('stale');
  });

  test('believes a server that says it is stale', async () => {
    const world = new ScreenWorld({ isTicking: false });
    world.connection.start();
    await world.pass(60);
    expect(world.state).toBe('stale');
  });

  test('claims nothing, and after two seconds says so, when nobody answers', async () => {
    const world = new ScreenWorld({ handshake: 'unanswered' });
    world.connection.start();
    await world.pass(1_999);
    expect(world.states).toEqual([]);
    await world.pass(1);
    expect(world.state).toBe('stale');
  });

  test('gives a handshake five seconds', async () => {
    const world = new ScreenWorld({ handshake: 'unanswered', state: 'failing' });
    world.connection.start();
    await world.pass(4_999);
    expect(world.sockets).toHaveLength(1);
    world.server = { ...healthy };
    await world.pass(1 + 20 + 250 + 100);
    expect(world.sockets).toHaveLength(2);
    expect(world.state).toBe('live');
  });

  test('is live within a second of the return of a way that swallowed a handshake', async () => {
    const world = new ScreenWorld({ handshake: 'unanswered', state: 'unanswered' });
    world.connection.start();
    await world.pass(3_000);
    world.server = { ...healthy };
    await world.pass(1_000);
    expect(world.state).toBe('live');
  });

  test('is also tried while nobody says why a handshake was refused', async () => {
    const world = new ScreenWorld({ handshake: 'unanswered', state: 'unanswered' });
    world.connection.start();
    // By then the first attempt was given up.
    await world.pass(5_500);
    world.server = { ...healthy };
    await world.pass(1_000);
    expect(world.state).toBe('live');
  });

  test('is begun anew ever less often where other questions are answered and handshakes are not', async () => {
    const world = new ScreenWorld({ handshake: 'unanswered' });
    world.connection.start();
    await world.pass(10_000);
    const { length } = world.sockets;
    await world.pass(60_000);
    expect(world.sockets.length - length).toBeLessThan(15);
  });
});

describe('a lost socket', () => {
  test('is replaced after a random part of the spread, and the screen stays live meanwhile', async () => {
    const world = await liveWorld();
    world.server.spreadMs = 800;
    world.random = 0.25;
    // A sync brings the new spread.
    world.connection.wake();
    await world.pass(30);
    world.closeBy(1006);
    const lostAt = world.now;
    await world.pass(400);
    expect(world.socket.openedAt - lostAt).toBe(200);
    expect(world.states.map(({ state }) => state)).toEqual(['live']);
  });

  test('comes back within 500 ms of a 1001, however wide the spread', async () => {
    const world = new ScreenWorld({ spreadMs: 8_000 });
    world.connection.start();
    await world.pass(3_100);
    world.random = 1;
    world.closeBy(1001);
    const lostAt = world.now;
    await world.pass(600);
    expect(world.socket.openedAt - lostAt).toBe(500);
  });

  test('begins no other handshake before somebody answers, and asks for that ever less often', async () => {
    const world = await liveWorld();
    world.random = 1;
    world.server = { ...healthy, handshake: 'refused', state: 'failing' };
    world.closeBy(1006);
    await world.pass(740_000);
    expect(world.sockets).toHaveLength(2);
    // Up to 0.7 s where few screens are, up to 4 s after a thousand failures; the answer takes 20 ms.
    const waits = world.reaches.slice(1).map((at, index) => at - (world.reaches[index] ?? 0));
    expect(waits.slice(0, 3)).toEqual([720, 720, 720]);
    expect(waits.slice(997, 1_001)).toEqual([720, 1_420, 2_820, 4_020]);
    world.server = { ...healthy };
    await world.pass(4_200);
    expect(world.state).toBe('live');
    expect(world.sockets).toHaveLength(3);
  });

  test('begins anew with the spread only once the server was heard', async () => {
    const world = await liveWorld();
    world.random = 1;
    world.server = { ...healthy, isTicking: false, answersAfterMs: null, state: 'failing' };
    world.closeBy(1006);
    await world.pass(530);
    world.closeBy(1006);
    const lostAt = world.now;
    await world.pass(1_100);
    expect(world.socket.openedAt - lostAt).toBe(700);
  });

  test('is never left for longer than eight seconds, whatever spread the server tells', async () => {
    const world = new ScreenWorld({ spreadMs: 1e9 });
    world.connection.start();
    await world.pass(3_100);
    world.random = 1;
    world.closeBy(1006);
    const lostAt = world.now;
    await world.pass(8_100);
    expect(world.socket.openedAt - lostAt).toBe(8_000);
  });

  test.each([1003, 1008, 1009, 1013])('waits its longest delay after %i, even when it wakes', async (code) => {
    const world = await liveWorld();
    world.random = 0;
    world.closeBy(code);
    const lostAt = world.now;
    await world.pass(1_000);
    world.connection.wake();
    await world.pass(7_100);
    expect(world.socket.openedAt - lostAt).toBe(8_000);
  });

  test('is never waited for: what the old one still says counts for nothing', async () => {
    const world = await liveWorld();
    const old = world.socket;
    world.server.isHeard = false;
    await world.pass(3_000);
    expect(old.isOver).toBe(true);
    world.server.handshake = 'unanswered';
    const { length } = world.ticks;
    old.events.received(
      JSON.stringify({ message: { time: '00:00:00', at: world.houseTime, seq: 9e10 }, channel: 'time' }),
    );
    old.events.closed(4401);
    await world.pass(100);
    expect(world.ticks).toHaveLength(length);
    expect(world.state).toBe('stale');
  });
});

describe('a screen whose clock was set', () => {
  test('claims no time before it knows it again, whatever ticks come meanwhile', async () => {
    const world = await liveWorld();
    world.server.answersAfterMs = 400;
    world.wallStepMs += 5_000;
    const from = world.states.length;
    let claimsInVain = 0;
    await world.pass(3_000, () => {
      if (world.state === 'live' && world.connection.house.now() === null) claimsInVain += 1;
    });
    expect(claimsInVain).toBe(0);
    expect(world.states.slice(from).map(({ state }) => state)).toEqual(['stale', 'live']);
  });
});

describe('a refused handshake', () => {
  test('signs out when the session is no more, for good', async () => {
    const world = await liveWorld();
    world.server = { ...healthy, handshake: 'refused', state: 401 };
    world.closeBy(1006);
    await world.pass(1_000);
    expect(world.state).toBe('signed-out');
    const { length } = world.sockets;
    world.connection.wake();
    await world.pass(100_000);
    expect(world.sockets).toHaveLength(length);
  });

  test('waits as long as it is told', async () => {
    const world = await liveWorld();
    world.server = { ...healthy, handshake: 'refused', state: 503, retryAfterMs: 20_000 };
    world.closeBy(1006);
    await world.pass(1_000);
    const { length } = world.sockets;
    world.connection.wake();
    await world.pass(18_000);
    expect(world.sockets).toHaveLength(length);
    await world.pass(2_000);
    expect(world.sockets).toHaveLength(length + 1);
  });

  test('is tried again although nobody says why', async () => {
    const world = await liveWorld();
    world.server = { ...healthy, handshake: 'refused', state: 'unanswered' };
    world.closeBy(1006);
    await world.pass(500);
    world.server.handshake = 'accepted';
    await world.pass(5_100);
    expect(world.sockets).toHaveLength(3);
  });
});

test('a session that ends signs the screen out, and nothing is tried again', async () => {
  const world = await liveWorld();
  const { length } = world.asks;
  world.closeBy(4401);
  expect(world.state).toBe('signed-out');
  world.connection.wake();
  await world.pass(100_000);
  expect(world.sockets).toHaveLength(1);
  expect(world.asks).toHaveLength(length);
});

test('a screen tells how it does on opening, on a change, and each 30 s', async () => {
  const world = new ScreenWorld();
  world.connection.start();
  await world.pass(61_000);
  const told = world.socket.sent.flatMap(({ at, message }) => (message.status ? [[at, message.status.state]] : []));
  expect(told).toEqual([
    [1_020, 'connecting'],
    [1_040, 'live'],
    [31_000, 'live'],
    [61_000, 'live'],
  ]);
});

test('a connection that was stopped does nothing any more', async () => {
  const world = await liveWorld();
  world.connection.stop();
  world.connection.wake();
  await world.pass(60_000);
  expect(world.live).toEqual([]);
  expect(world.states).toHaveLength(1);
});
