import { describe, expect, test } from 'vitest';
import { healthy, liveWorld, ScreenWorld } from '../support/screen-world.ts';

describe('a starting connection', () => {
  test('is live as soon as the initial state, the first response and the first drawn second are there', async () => {
    const world = new ScreenWorld();
    world.connection.start();
    expect(world.state).toBe('connecting');
    await world.pass(60);
    expect(world.states).toEqual([{ at: 1_040, state: 'live' }]);
    expect(world.ticks).toHaveLength(1);
    expect(world.zones).toEqual([healthy.zone]);
  });

  test('counts the tick of the initial state as old as it is', async () => {
    const world = new ScreenWorld();
    world.server.sendsTicks = false;
    await world.pass(1_500);
    world.connection.start();
    await world.pass(60);
    expect(world.state).toBe('live');
    await world.pass(440);
    expect(world.state).toBe('stale');
  });

  test('is stale if the server says that its tick is stale', async () => {
    const world = new ScreenWorld({ sendsTicks: false });
    world.connection.start();
    await world.pass(60);
    expect(world.state).toBe('stale');
  });

  test('is stale after two seconds without a response', async () => {
    const world = new ScreenWorld({ handshake: 'unanswered', state: 'unanswered' });
    world.connection.start();
    await world.pass(1_999);
    expect(world.states).toEqual([]);
    await world.pass(1);
    expect(world.state).toBe('stale');
  });

  test('reports its state on opening, on a change and every 30 s', async () => {
    const world = new ScreenWorld();
    world.connection.start();
    await world.pass(61_500);
    const statuses = world.socket.sent.flatMap(({ at, message }) =>
      message.status ? [[at, message.status.state]] : [],
    );
    expect(statuses).toEqual([
      [1_020, 'connecting'],
      [1_040, 'live'],
      [31_040, 'live'],
      [61_040, 'live'],
    ]);
  });
});

describe('a handshake that hangs', () => {
  test('is replaced within two seconds after the path is open again', async () => {
    const world = new ScreenWorld({ handshake: 'unanswered', state: 'unanswered' });
    world.connection.start();
    await world.pass(3_000);
    world.server = { ...healthy };
    await world.pass(2_000);
    expect(world.state).toBe('live');
  });

  test('is awaited for five seconds, and may open until then', async () => {
    const world = new ScreenWorld({ handshake: 'unanswered', state: 'unanswered' });
    world.connection.start();
    await world.pass(4_900);
    expect(world.sockets).toHaveLength(1);
    expect(world.openSockets).toHaveLength(1);
    world.accept();
    world.server = { ...healthy };
    await world.pass(100);
    expect(world.sockets).toHaveLength(1);
    expect(world.state).toBe('live');
  });

  test('is given up after five seconds', async () => {
    const world = new ScreenWorld({ handshake: 'unanswered', state: 'unanswered' });
    world.connection.start();
    await world.pass(5_000);
    expect(world.openSockets).toEqual([]);
  });

  test('is not replaced early while requests are slow, too', async () => {
    const world = new ScreenWorld({ handshake: 'unanswered', stateDelayMs: 900 });
    world.connection.start();
    await world.pass(4_900);
    expect(world.sockets).toHaveLength(1);
  });

  test('is replaced once at most before a handshake gets its five seconds', async () => {
    const world = new ScreenWorld({ handshake: 'unanswered' });
    world.connection.start();
    await world.pass(60_000);
    const waits = world.sockets.slice(1).map(({ openedAt }, index) => openedAt - (world.sockets[index]?.openedAt ?? 0));
    expect(waits[0]).toBeLessThan(2_000);
    expect(Math.min(...waits.slice(1))).toBeGreaterThan(5_000);
  });
});

describe('a lost socket', () => {
  test('is replaced after a random part of the spread, and the screen stays live', async () => {
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

  test('is replaced within 500 ms after a 1001, whatever the spread', async () => {
    const world = new ScreenWorld({ spreadMs: 8_000 });
    world.connection.start();
    await world.pass(3_100);
    world.random = 1;
    world.closeBy(1001);
    const lostAt = world.now;
    await world.pass(600);
    expect(world.socket.openedAt - lostAt).toBe(500);
  });

  test('is replaced within eight seconds, whatever spread the server sends', async () => {
    const world = new ScreenWorld({ spreadMs: 1e9 });
    world.connection.start();
    await world.pass(3_100);
    world.random = 1;
    world.closeBy(1006);
    const lostAt = world.now;
    await world.pass(8_100);
    expect(world.socket.openedAt - lostAt).toBe(8_000);
  });

  test.each([1003, 1008, 1009, 1013])('is replaced 15 s after %i, even if the screen wakes', async (code) => {
    const world = await liveWorld();
    world.random = 0;
    world.closeBy(code);
    const lostAt = world.now;
    await world.pass(6_000);
    world.connection.wake();
    await world.pass(9_100);
    expect(world.socket.openedAt - lostAt).toBe(15_000);
  });

  test('that carried no tick continues the windows of its outage', async () => {
    const world = await liveWorld();
    world.random = 1;
    world.server = { ...healthy, sendsTicks: false, syncDelayMs: null, state: 'failing' };
    world.closeBy(1006);
    await world.pass(530);
    world.closeBy(1006);
    const lostAt = world.now;
    await world.pass(1_100);
    expect(world.socket.openedAt - lostAt).toBe(700);
  });

  test('has no effect afterwards: its frames and its close are ignored', async () => {
    const world = await liveWorld();
    const old = world.socket;
    world.server.deliversFrames = false;
    await world.pass(3_000);
    expect(old.hasEnded).toBe(true);
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

describe('an outage', () => {
  test('is one failed handshake, then requests only, until there is a response', async () => {
    const world = await liveWorld();
    world.server = { ...healthy, handshake: 'refused', state: 'failing' };
    world.closeBy(1006);
    await world.pass(740_000);
    expect(world.sockets).toHaveLength(2);
    world.server = { ...healthy };
    await world.pass(15_100);
    expect(world.sockets).toHaveLength(3);
    expect(world.state).toBe('live');
  });

  test('has windows of 0.7 s in its first minute, 4 s in its first ten and 15 s from then on', async () => {
    const world = await liveWorld();
    world.random = 1;
    world.server = { ...healthy, handshake: 'refused', state: 'failing' };
    world.closeBy(1006);
    const lostAt = world.now;
    await world.pass(900_000);
    const attempts = [world.sockets[1]?.openedAt ?? 0, ...world.stateRequests.slice(1).map(({ at }) => at)];
    const waits = attempts.map((at, index) => ({
      at,
      waitMs: at - (attempts[index - 1] ?? lostAt) - (index > 0 ? 20 : 0),
    }));
    const longest = (fromMs: number, toMs: number): number =>
      Math.max(...waits.filter(({ at }) => at - lostAt > fromMs && at - lostAt < toMs).map(({ waitMs }) => waitMs));
    expect(waits.slice(0, 3).map(({ waitMs }) => waitMs)).toEqual([500, 700, 700]);
    expect(longest(0, 60_000)).toBe(700);
    expect(longest(65_000, 600_000)).toBe(4_000);
    expect(longest(620_000, 900_000)).toBe(15_000);
  });

  test('limits a request to one second after an unanswered attempt, and to five after an answered one', async () => {
    const world = await liveWorld();
    world.server = { ...healthy, handshake: 'refused', state: 503 };
    world.closeBy(1006);
    await world.pass(1_000);
    expect(world.stateRequests.at(-1)?.timeoutMs).toBe(5_000);
    world.server.state = 'unanswered';
    await world.pass(8_000);
    expect(world.stateRequests.at(-1)?.timeoutMs).toBe(1_000);
  });

  test('reaches a server that has become slow', async () => {
    const world = await liveWorld();
    world.server = { ...healthy, handshake: 'unanswered', state: 'unanswered' };
    world.closeBy(1006);
    await world.pass(20_000);
    world.server = { ...healthy, stateDelayMs: 3_000 };
    await world.pass(60_000);
    expect(world.state).toBe('live');
  });

  test('waits as long as Retry-After says and a random part of the window, even if the screen wakes', async () => {
    const world = await liveWorld();
    world.server = { ...healthy, handshake: 'refused', state: 503, retryAfterMs: 20_000 };
    world.closeBy(1006);
    await world.pass(1_000);
    const { length } = world.stateRequests;
    const askedAt = world.stateRequests.at(-1)?.at ?? 0;
    world.connection.wake();
    await world.pass(5_500);
    world.connection.wake();
    await world.pass(13_000);
    expect(world.stateRequests).toHaveLength(length);
    await world.pass(2_000);
    expect(world.stateRequests.at(-1)?.at).toBe(askedAt + 20 + 20_000 + 350);
  });

  test('requests the initial state again if a handshake is refused without a known reason', async () => {
    const world = await liveWorld();
    world.server = { ...healthy, handshake: 'refused', state: 'unanswered' };
    world.closeBy(1006);
    await world.pass(500);
    world.server = { ...healthy };
    await world.pass(6_000);
    expect(world.state).toBe('live');
  });
});

describe('a refused session', () => {
  test.each([401, 403] as const)('is signed out after two responses %i', async (status) => {
    const world = await liveWorld();
    world.server = { ...healthy, handshake: 'refused', state: status };
    world.closeBy(1006);
    await world.pass(2_000);
    expect(world.state).toBe('signed-out');
    expect(world.openSockets).toEqual([]);
  });

  test('survives a single wrong 401', async () => {
    const world = await liveWorld();
    world.server = { ...healthy, handshake: 'refused', state: 401 };
    world.closeBy(1006);
    await world.pass(600);
    world.server = { ...healthy };
    await world.pass(1_000);
    expect(world.state).toBe('live');
    expect(world.states.map(({ state }) => state)).not.toContain('signed-out');
  });

  test('survives a 4401 if it is valid again: a request checks that, after a random part of the spread', async () => {
    const world = await liveWorld();
    const { length } = world.stateRequests;
    world.closeBy(4401);
    const closedAt = world.now;
    await world.pass(1_000);
    expect(world.stateRequests[length]?.at).toBe(closedAt + 250);
    expect(world.states.map(({ state }) => state)).toEqual(['live']);
    expect(world.sockets).toHaveLength(2);
  });

  test('is back after a 4401 for a recheck without going stale, whatever the random wait would be', async () => {
    const world = await liveWorld();
    world.server.spreadMs = 8_000;
    // A sync brings the new spread.
    await world.pass(30_000);
    world.random = 1;
    const { length } = world.stateRequests;
    world.closeBy(4401, 'recheck');
    const closedAt = world.now;
    await world.pass(5_000);
    expect(world.stateRequests[length]?.at).toBe(closedAt);
    expect(world.states.map(({ state }) => state)).toEqual(['live']);
    expect(world.openSockets).toHaveLength(1);
  });

  test('is signed out after 4401 and 401', async () => {
    const world = await liveWorld();
    const { length } = world.stateRequests;
    world.server.state = 401;
    world.closeBy(4401);
    await world.pass(1_000);
    expect(world.state).toBe('signed-out');
    expect(world.stateRequests).toHaveLength(length + 1);
  });

  test('on an open socket is confirmed by a second request before the socket is closed', async () => {
    const world = new ScreenWorld({ state: 401 });
    world.connection.start();
    await world.pass(100);
    expect(world.openSockets).toHaveLength(1);
    await world.pass(400);
    expect(world.state).toBe('signed-out');
    expect(world.openSockets).toEqual([]);
  });
});

describe('a signed-out screen', () => {
  async function signedOutWorld(): Promise<ScreenWorld> {
    const world = await liveWorld();
    world.server.state = 401;
    world.closeBy(4401);
    await world.pass(1_000);
    return world;
  }

  test('opens no socket, and requests the initial state every five minutes at a random phase', async () => {
    const world = await signedOutWorld();
    const { length } = world.stateRequests;
    await world.pass(900_000);
    const requested = world.stateRequests.slice(length).map(({ at }) => at);
    expect(requested.slice(1).map((at, index) => at - (requested[index] ?? 0))).toEqual([300_000, 300_000]);
    expect((requested[0] ?? 0) - (world.states.at(-1)?.at ?? 0)).toBe(150_000);
    expect(world.sockets).toHaveLength(1);
  });

  test('is live again without a touch once it is signed in', async () => {
    const world = await signedOutWorld();
    world.server = { ...healthy };
    await world.pass(150_000);
    expect(world.state).toBe('live');
    expect(world.states.map(({ state }) => state).slice(-2)).toEqual(['connecting', 'live']);
  });

  test('begins a new outage if the handshake fails after it is signed in', async () => {
    const world = await signedOutWorld();
    await world.pass(100_000);
    world.server = { ...healthy, handshake: 'refused' };
    await world.pass(50_100);
    world.server.state = 'failing';
    const { length } = world.stateRequests;
    await world.pass(10_000);
    // Half of a window of 0.7 s, and a response after 20 ms.
    expect(world.stateRequests.length - length).toBeGreaterThan(20);
  });

  test('requests the initial state at once when it wakes, at most once in five seconds', async () => {
    const world = await signedOutWorld();
    await world.pass(10_000);
    const { length } = world.stateRequests;
    for (let times = 0; times < 100; times += 1) {
      world.connection.wake();
      await world.pass(40);
    }
    expect(world.stateRequests).toHaveLength(length + 1);
    world.server = { ...healthy };
    await world.pass(2_000);
    world.connection.wake();
    await world.pass(100);
    expect(world.state).toBe('live');
  });

  test('stays signed out if the request is not answered', async () => {
    const world = await signedOutWorld();
    world.server.state = 'failing';
    await world.pass(400_000);
    expect(world.state).toBe('signed-out');
  });
});

describe('the initial state', () => {
  test('is requested again until it is answered, at growing intervals', async () => {
    const world = new ScreenWorld({ state: 'failing' });
    world.random = 1;
    world.connection.start();
    await world.pass(300_000);
    const requested = world.stateRequests.map(({ at }) => at);
    expect(requested.slice(1, 4).map((at, index) => at - (requested[index] ?? 0))).toEqual([520, 720, 720]);
    expect((requested.at(-1) ?? 0) - (requested.at(-2) ?? 0)).toBe(4_020);
    world.server.state = 'answered';
    await world.pass(5_000);
    expect(world.zones).toHaveLength(1);
  });

  test('that answered an attempt is not requested again when the socket opens', async () => {
    const world = await liveWorld();
    world.server = { ...healthy, handshake: 'refused', state: 'failing' };
    world.closeBy(1006);
    await world.pass(5_000);
    const { length } = world.stateRequests;
    world.server = { ...healthy };
    await world.pass(1_000);
    expect(world.state).toBe('live');
    expect(world.stateRequests.length).toBeLessThanOrEqual(length + 1);
  });

  test('is requested again if the first tick ever arrives, because the zone was unknown', async () => {
    const world = new ScreenWorld({ sendsTicks: false, zone: { zone: null, utcOffsetMs: null, nextUtcOffset: null } });
    world.connection.start();
    await world.pass(10_000);
    expect(world.zones.at(-1)?.zone).toBeNull();
    world.server = { ...healthy };
    await world.pass(2_000);
    expect(world.zones.at(-1)).toEqual(healthy.zone);
  });

  test('is requested again if ticks show the time of another zone', async () => {
    const world = await liveWorld();
    const tokyo = { zone: 'Asia/Tokyo', utcOffsetMs: 32_400_000, nextUtcOffset: null };
    world.server.zone = tokyo;
    await world.pass(2_000);
    expect(world.zones.at(-1)).toEqual(tokyo);
    const { length } = world.stateRequests;
    await world.pass(60_000);
    expect(world.stateRequests).toHaveLength(length);
  });

  test('is requested at most once a minute if ticks continue to contradict it', async () => {
    const world = await liveWorld();
    const { length } = world.stateRequests;
    for (let second = 0; second < 120; second += 1) {
      const tick = { time: '00:00:61', at: world.houseTime, seq: 1 };
      world.deliver(JSON.stringify({ message: tick, channel: 'time' }));
      await world.pass(1_000);
    }
    expect(world.stateRequests.length - length).toBe(2);
  });

  test('is requested within an hour after the offset changed', async () => {
    const world = await liveWorld();
    const at = Math.ceil(world.houseTime / 1_000) * 1_000 + 10_000;
    world.server.zone = { zone: 'Europe/Madrid', utcOffsetMs: 0, nextUtcOffset: { at, utcOffsetMs: 3_600_000 } };
    world.closeBy(1001);
    await world.pass(2_000);
    const { length } = world.stateRequests;
    world.random = 0.5;
    await world.pass(1_700_000);
    expect(world.stateRequests).toHaveLength(length);
    await world.pass(200_000);
    expect(world.stateRequests).toHaveLength(length + 1);
  });
});

describe('the commands of operators', () => {
  const screen = { name: 'Lobby', group: 'doors', face: 'face=analog' };

  test('what they set is reported with the initial state', async () => {
    const world = new ScreenWorld({ screen });
    world.connection.start();
    await world.pass(100);
    expect(world.screens).toEqual([screen]);
    expect(world.state).toBe('live');
  });

  test('what they set while the screen is away is reported after the next opening', async () => {
    const world = await liveWorld();
    expect(world.screens).toEqual([]);
    world.server = { ...world.server, screen };
    world.closeBy(1001);
    await world.pass(2_000);
    expect(world.screens).toEqual([screen]);
  });

  test('are reported as they arrive', async () => {
    const world = await liveWorld();
    const command = { name: 'identify', text: 'Lobby' };
    world.deliver(JSON.stringify({ command }));
    expect(world.commands).toEqual([command]);
  });

  test('show that the socket works', async () => {
    const world = await liveWorld();
    world.server.deliversFrames = false;
    for (let second = 0; second < 5; second += 1) {
      await world.pass(1_000);
      world.deliver('{"command":{"name":"reload"}}');
    }
    expect(world.sockets).toHaveLength(1);
  });
});

describe('a status', () => {
  const differences = (world: ScreenWorld): (boolean | undefined)[] =>
    world.socket.sent.flatMap(({ message }) => (message.status ? [message.status.differs] : []));

  test('reports once that the text of a tick differed from what the offsets imply', async () => {
    const world = await liveWorld();
    expect(differences(world)).not.toContain(true);
    world.deliver(JSON.stringify({ message: { time: '01:02:03', at: world.houseTime, seq: 1e12 }, channel: 'time' }));
    await world.pass(30_000);
    expect(differences(world).at(-1)).toBe(true);
    await world.pass(30_000);
    expect(differences(world).at(-1)).toBe(false);
  });
});
