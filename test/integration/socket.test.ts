import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Client, TestSocket } from '../support/client.ts';
import { RawConnection } from '../support/raw-connection.ts';
import { passes, until } from '../support/until.ts';
import { WebApp } from '../support/web-app.ts';

let app: WebApp;
let client: Client;
const open: TestSocket[] = [];
beforeAll(async () => {
  app = await WebApp.start();
});
beforeEach(async () => {
  client = await app.signedIn();
});
afterEach(async () => {
  for (const socket of open.splice(0)) socket[Symbol.dispose]();
  await until(() => app.sockets === 0, 'every socket is closed');
});
afterAll(() => app[Symbol.asyncDispose]());

async function connect(query = ''): Promise<TestSocket> {
  const socket = await client.connect(query);
  open.push(socket);
  await until(() => app.sockets === open.length, 'the server has the socket');
  return socket;
}

/** Expects the answer to a sync as the next frame: what was sent before it was ignored. */
async function expectAnswer(socket: TestSocket, echo = 42): Promise<void> {
  socket.send(JSON.stringify({ sync: echo }));
  expect(JSON.parse(await socket.next())).toMatchObject({ sync: { echo } });
}

/** The next whole second that no test has used yet. */
const nextSecond = (() => {
  let last = 0;
  return (): number => (last = Math.max(last + 1_000, Math.floor(Date.now() / 1_000) * 1_000));
})();

describe('a tick', () => {
  test('is one text frame of less than 126 bytes', async () => {
    const socket = await connect();
    const at = nextSecond();
    await app.tick('15:03:27', { at });
    const frame = await socket.next();
    expect(frame).toMatch(/^\{"message":\{"time":"15:03:27","at":\d+,"seq":\d+\},"channel":"time"\}$/);
    expect(Buffer.byteLength(frame)).toBeLessThan(126);
    expect(JSON.parse(frame).message.at).toBe(at);
  });

  test('reaches every socket, with a rising seq', async () => {
    const sockets = await Promise.all([client.connect(), client.connect(), client.connect()]);
    open.push(...sockets);
    await until(() => app.sockets === 3, 'the server has three sockets');
    let last = 0;
    for (const text of ['15:03:27', '15:03:28', '15:03:29']) {
      await app.tick(text, { at: nextSecond() });
      const ticks = await Promise.all(sockets.map((socket) => socket.nextTick()));
      expect(ticks.map((tick) => tick.text)).toEqual([text, text, text]);
      const seqs = new Set(ticks.map(({ seq }) => seq));
      expect(seqs.size).toBe(1);
      expect(ticks[0]?.seq).toBeGreaterThan(last);
      last = ticks[0]?.seq ?? 0;
    }
  });

  test('has its text under the name of its channel', async () => {
    const socket = await connect('?channels=date');
    await app.tick('2026-11-25', { task: 'date', everyMs: 60_000, at: nextSecond() });
    const { message, channel } = JSON.parse(await socket.next());
    expect(channel).toBe('date');
    expect(message.date).toBe('2026-11-25');
  });

  test('of a channel that was not requested is not sent', async () => {
    const [time, both] = [await connect(), await connect('?channels=time,date')];
    const [first, second] = [nextSecond(), nextSecond()];
    await app.tick('2026-11-26', { task: 'date', everyMs: 60_000, at: first });
    await app.tick('15:03:30', { at: second });
    expect(JSON.parse(await time.next()).channel).toBe('time');
    expect(JSON.parse(await both.next()).channel).toBe('date');
    expect(JSON.parse(await both.next()).channel).toBe('time');
  });

  test('is sent with ?every=1000 only if it is the first in its second', async () => {
    const [each, all] = [await connect('?every=1000&channels=time,date'), await connect()];
    const second = nextSecond();
    const next = nextSecond();
    const instants = [second, second + 500, next, next + 250, next + 500];
    for (const at of instants) await app.tick(String(at), { at });
    await app.tick('2026-11-27', { task: 'date', everyMs: 60_000, at: nextSecond() });
    for (const at of instants) expect((await all.nextTick()).at).toBe(at);
    expect((await each.nextTick()).at).toBe(second);
    expect((await each.nextTick()).at).toBe(next);
    expect(JSON.parse(await each.next()).channel).toBe('date');
  });

  test('that is old is not sent, and the next one is', async () => {
    const socket = await connect();
    const at = nextSecond();
    app.backend.time.aheadMs = at - Date.now() + 15_000;
    try {
      await app.tick('old', { at });
    } finally {
      app.backend.time.aheadMs = 0;
    }
    await app.tick('new', { at: nextSecond() });
    expect((await socket.nextTick()).text).toBe('new');
  });

  test('that is older than its interval is not sent, even if nothing has requested the initial state', async () => {
    await using fresh = await WebApp.start();
    using socket = await (await fresh.signedIn()).connect();
    // Ahead of house time, so that none of them expires while it is published.
    const first = Date.now() + 60_000;
    await fresh.tick('first', { at: first, expiresAt: first + 500 });
    const at = first + 1_000;
    fresh.backend.time.aheadMs = at - Date.now() + 700;
    await fresh.tick('old', { at, expiresAt: at + 500 });
    fresh.backend.time.aheadMs = 0;
    await fresh.tick('new', { at: at + 1_000 });
    expect([(await socket.nextTick()).text, (await socket.nextTick()).text]).toEqual(['first', 'new']);
  });
});

describe('a sync', () => {
  test('is answered with two timestamps of house time and the values that a client needs', async () => {
    const socket = await connect();
    const before = app.backend.time.now();
    socket.send('{"sync":12.5}');
    const { sync } = JSON.parse(await socket.next());
    const after = app.backend.time.now();
    expect(Object.keys(sync).toSorted()).toEqual(['build', 'echo', 'error', 'received', 'sent', 'spread', 'utcError']);
    expect(sync).toMatchObject({ echo: 12.5, error: 0, spread: 500, build: app.build });
    expect(sync.received).toBeGreaterThanOrEqual(before);
    expect(sync.sent).toBeGreaterThanOrEqual(sync.received);
    expect(after).toBeGreaterThanOrEqual(sync.sent);
  });

  test.each([0, -1, 1e300, 0.1])('echoes any finite number: %d', async (number) => {
    const socket = await connect();
    socket.send(JSON.stringify({ sync: number, more: ['of', 'this'] }));
    expect(JSON.parse(await socket.next()).sync.echo).toBe(number);
  });

  test.each([
    '{"sync":"1"}',
    '{"sync":1e999}',
    '{"sync":null}',
    '{"sync":[1]}',
    '{"status":{"build":"x","state":"live","offsetMs":-3.1,"errorMs":4.2,"other":1}}',
    '{"status":{"state":"nonsense"}}',
    '{"status":7}',
    '{}',
    '{"hello":"world"}',
    '{"__proto__":{"sync":1}}',
  ])('is not %s, which is ignored', async (text) => {
    const socket = await connect();
    socket.send(text);
    await expectAnswer(socket);
  });
});

describe('a socket is closed', () => {
  test.each(['', '{', '[]', '[{"sync":1}]', 'null', '1', '"sync"', 'true', '\u0000'])(
    'with 1008 for %j, which is not an object',
    async (text) => {
      const socket = await connect();
      socket.send(text);
      expect(await socket.closed).toBe(1008);
    },
  );

  test('with 1003 for a binary message', async () => {
    const socket = await connect();
    socket.send(Buffer.from('{"sync":1}'));
    expect(await socket.closed).toBe(1003);
  });

  test('with 1009 for 1,025 bytes, and not for 1,024', async () => {
    const socket = await connect();
    const fill = (bytes: number): string => `{"a":"${'a'.repeat(bytes - 8)}"}`;
    socket.send(fill(1_024));
    await expectAnswer(socket);
    socket.send(fill(1_025));
    expect(await socket.closed).toBe(1009);
  });

  test('with 1009 by bytes, not by characters', async () => {
    const socket = await connect();
    socket.send(`{"a":"${'€'.repeat(400)}"}`);
    expect(await socket.closed).toBe(1009);
  });

  test('without a close frame for more than 16 KiB', async () => {
    const socket = await connect();
    socket.send('a'.repeat(17 * 1_024));
    expect(await socket.closed).toBe(1006);
  });

  test('with 1008 for the 21st message at once, after 20 answers', async () => {
    const socket = await connect();
    for (let number = 1; number <= 21; number += 1) socket.send(JSON.stringify({ sync: number }));
    expect(await socket.closed).toBe(1008);
    expect(socket.frames.map((frame) => JSON.parse(frame).sync.echo)).toEqual(
      Array.from({ length: 20 }, (_, i) => i + 1),
    );
  });

  test('not for two messages per second', async () => {
    const socket = await connect();
    for (let number = 1; number <= 20; number += 1) await expectAnswer(socket, number);
    await passes(1_050);
    await expectAnswer(socket, 21);
    await expectAnswer(socket, 22);
    // More than can be left, however long that took.
    for (let number = 1; number <= 21; number += 1) socket.send('{}');
    expect(await socket.closed).toBe(1008);
  });

  test('with 1013 or a cut if it does not read and 64 KiB are unsent, and no other socket is', async () => {
    const [slow, other] = [await connect(), await connect()];
    slow.socket.pause();
    const text = 'x'.repeat(60_000);
    await until(async () => {
      await app.tick(text, { at: nextSecond(), expiresAt: Number.MAX_SAFE_INTEGER });
      await other.nextTick();
      return app.sockets === 1;
    }, 'the slow one is closed');
    slow.socket.resume();
    expect([1013, 1006]).toContain(await slow.closed);
    open.shift();
    await expectAnswer(other);
  });

  test.each<[string, number[]]>([
    // uWebSockets.js reads the first four bytes of the text as the mask, and waits for four more.
    ['without a mask', Array.from({ length: 2 }, () => [0x81, 10, ...Buffer.from('{"sync":1}')]).flat()],
    ['with a reserved bit', [0xc1, 0x82, 0, 0, 0, 0, 0x7b, 0x7d]],
    ['with an unknown opcode', [0x83, 0x82, 0, 0, 0, 0, 0x7b, 0x7d]],
    ['that continues no message', [0x80, 0x82, 0, 0, 0, 0, 0x7b, 0x7d]],
    ['that is a fragmented control frame', [0x09, 0x80, 0, 0, 0, 0]],
    ['that is not UTF-8', [0x81, 0x82, 0, 0, 0, 0, 0xff, 0xfe]],
  ])('with or without a close frame for a frame %s', async (_, bytes) => {
    using connection = await RawConnection.openSocket(app.port, client.cookieHeader());
    connection.send(Uint8Array.from(bytes));
    await until(() => !connection.open, 'the connection is closed');
  });
});

test('a message in fragments is one message', async () => {
  const socket = await connect();
  socket.socket.send('{"sy', { fin: false });
  socket.socket.send('nc":', { fin: false });
  socket.socket.send('5}', { fin: true });
  expect(JSON.parse(await socket.next()).sync.echo).toBe(5);
});

test('a ping is answered and does not count as a message', async () => {
  const socket = await connect();
  let pongs = 0;
  socket.socket.on('pong', () => (pongs += 1));
  for (let pings = 0; pings < 30; pings += 1) socket.socket.ping();
  await until(() => pongs === 30, 'each ping is answered');
  await expectAnswer(socket);
});

test('a close frame is answered with its own code', async () => {
  const socket = await connect();
  socket.socket.close(1000, 'bye');
  expect(await socket.closed).toBe(1000);
});

test('a full server accepts a socket again after another is closed', async () => {
  await using small = await WebApp.start({ config: { maxSockets: 1 } });
  const visitor = await small.signedIn();
  const first = await visitor.connect();
  await expect(visitor.connect()).rejects.toMatchObject({ status: 503 });
  first[Symbol.dispose]();
  await until(() => small.sockets === 0, 'the first is closed');
  using second = await visitor.connect();
  await expectAnswer(second);
});
