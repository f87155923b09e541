import { expect, test } from 'vitest';
import { withEachBackend, type World } from '../support/channel-world.ts';
import type { Client, TestSocket } from '../support/client.ts';
import { msUntil, until } from '../support/until.ts';
import type { WebApp } from '../support/web-app.ts';

withEachBackend(fulfilsContract);

function fulfilsContract(create: () => Promise<World>): void {
  const worldTest = (title: string, check: (world: World) => Promise<void>): void => {
    // oxlint-disable-next-line vitest/expect-expect -- every check asserts
    test(title, async () => {
      await using world = await create();
      await check(world);
    });
  };

  worldTest(
    'a channel that a command adds can be joined within a second, and one that it removes cannot',
    async (world) => {
      const client = await world.app.signedIn();
      expect(await statusOf(client, 'news')).toBe(404);
      await world.host.channels.add('news', 'everyone');
      expect(await msUntil(() => isStatus(client, 'news', 101), 'the channel is known')).toBeLessThan(1_500);
      await world.host.channels.remove('news');
      expect(await msUntil(() => isStatus(client, 'news', 404), 'the channel is unknown')).toBeLessThan(1_500);
    },
  );

  worldTest('a message reaches every socket of its channel, and the last one each socket that joins', async (world) => {
    const client = await joinable(world, 'news');
    using first = await client.connect('?channels=news');
    using other = await client.connect('?channels=time');
    await world.host.publish('news', '"Doors open at nine"');
    const frame = await first.next();
    expect(JSON.parse(frame)).toEqual({
      message: { news: 'Doors open at nine', at: expect.any(Number), seq: expect.any(Number) },
      channel: 'news',
    });
    using late = await client.connect('?channels=time,news');
    expect(await late.next()).toBe(frame);
    await world.app.tick('15:03:27');
    expect((await other.nextTick()).text).toBe('15:03:27');
    expect(other.frames).toEqual([]);
  });

  worldTest('the initial state of a channel has its last message, and does not become stale', async (world) => {
    const client = await joinable(world, 'constructor');
    await world.app.tick('15:03:27', { at: Math.floor(world.app.backend.inner.time.now()) });
    const state = async () =>
      (await client.fetch('/api/initial_state?channel=constructor')).json() as Promise<Record<string, unknown>>;
    expect(await state()).toMatchObject({
      current: null,
      at: null,
      seq: null,
      channel: 'constructor',
      zone: 'Europe/Madrid',
      interval: null,
      stale: false,
    });
    await world.host.publish('constructor', '{"room":7}');
    await until(async () => (await state())['seq'] !== null, 'the message');
    expect(await state()).toMatchObject({ current: { room: 7 }, at: expect.any(Number), stale: false });
    world.app.backend.staged = 'redis-down';
    expect(await state()).toMatchObject({ current: { room: 7 }, stale: true });
  });

  worldTest(
    'the sockets of a removed channel stay open and receive nothing of a new one of its name',
    async (world) => {
      const client = await joinable(world, 'news');
      using before = await client.connect('?channels=news,time');
      await world.host.publish('news', '"old"');
      const old = JSON.parse(await before.next());
      await world.host.channels.remove('news');
      expect(await world.host.publish('news', '"nobody"')).toBe('unknown-channel');
      await until(() => isStatus(client, 'news', 404), 'the channel is unknown');
      await world.host.channels.add('news', 'everyone');
      await until(() => isStatus(client, 'news', 101), 'the channel is known');
      using after = await client.connect('?channels=news');
      await world.host.publish('news', '"new"');
      const next = JSON.parse(await after.next());
      expect(next.message.news).toBe('new');
      expect(next.message.seq).toBeGreaterThan(old.message.seq);
      await world.app.tick('15:03:27');
      expect((await before.nextTick()).text).toBe('15:03:27');
      expect(before.socket.readyState).toBe(before.socket.OPEN);
    },
  );

  worldTest('only operators read a channel for operators, by session and by token', async (world) => {
    const { app } = world;
    const person = await joinable(world, 'control', 'operators');
    expect(await statusOf(person, 'control')).toBe(403);
    expect(await statusOf(person, 'control,none')).toBe(404);
    expect((await person.fetch('/api/initial_state?channel=control')).status).toBe(403);
    const operator = await operatorOf(app);
    expect(await statusOf(operator, 'control')).toBe(101);
    expect((await operator.fetch('/api/initial_state?channel=control')).status).toBe(200);
    const token = await app.bearer('eva');
    expect(await statusOf(app.client(), 'control', token)).toBe(101);
    expect(await statusOf(app.client(), 'control', await app.bearer('ada'))).toBe(403);
  });

  worldTest('who ceases to be an operator loses those channels, and keeps the socket', async (world) => {
    const { app, host } = world;
    await joinable(world, 'control', 'operators');
    await joinable(world, 'news');
    const operator = await operatorOf(app);
    using socket = await operator.connect('?channels=control,news');
    using untouched = await (await operatorOf(app, 'mia')).connect('?channels=control');
    await host.publish('control', '"first"');
    expect((await socket.nextTick('control')).text).toBe('first');
    await app.auth.accounts.setOperator('eva', false);
    expect(await msUntil(() => isStatus(operator, 'control', 403), 'the loss')).toBeLessThan(1_500);
    await host.publish('control', '"second"');
    await host.publish('news', '"for everyone"');
    expect((await untouched.nextTick('control')).text).toBe('first');
    expect((await untouched.nextTick('control')).text).toBe('second');
    const { message } = JSON.parse(await socket.next());
    expect(message.news).toBe('for everyone');
  });

  worldTest('a token publishes on the channels that it names', async (world) => {
    const { app } = world;
    const client = await joinable(world, 'news');
    using socket = await client.connect('?channels=news');
    const token = await publisher(app, ['news']);
    const response = await post(app, { channel: 'news', text: '<b>ünïcode</b> 🕒 \u202eabc' }, token);
    expect(response.status).toBe(200);
    const answer = (await response.json()) as { seq: number; at: number };
    expect(answer).toEqual({ seq: expect.any(Number), at: expect.any(Number) });
    const frame = await socket.next();
    expect(JSON.parse(frame).message).toEqual({ news: '<b>ünïcode</b> 🕒 \u202eabc', ...answer });
    await post(app, '{"channel":"news", "json": {"__proto__": [1, null, "x"]}}', token);
    expect(await socket.next()).toContain('{"news":{"__proto__":[1,null,"x"]},"at":');
    expect(app.web.sources.publishedMessages?.().get('news')).toBe(2);
  });

  worldTest('publishing right after the channel was added succeeds', async (world) => {
    const token = await publisher(world.app, ['fresh']);
    await world.host.channels.add('fresh', 'everyone');
    expect((await post(world.app, { channel: 'fresh', text: 'at once' }, token)).status).toBe(200);
  });

  worldTest('publishing is refused with the reason', async (world) => {
    const { app } = world;
    const session = await joinable(world, 'news');
    const token = await publisher(app, ['news', 'gone', 'show']);
    const refusal = async (body: string | object, headers: Record<string, string>) => {
      const response = await post(app, body, headers);
      const { type, status } = (await response.json()) as { type: string; status: number };
      expect(response.headers.get('content-type')).toBe('application/problem+json');
      return `${status} ${type.replace('urn:problem-type:clock:', '')}`;
    };
    const news = { channel: 'news', text: 'x' };
    expect(await refusal(news, {})).toBe('401 signed-out');
    expect(await refusal(news, { Authorization: 'Bearer forged' })).toBe('401 signed-out');
    expect(await refusal(news, { cookie: session.cookieHeader() })).toBe('403 forbidden');
    expect(await refusal(news, await app.bearer('ada'))).toBe('403 forbidden-channel');
    expect(await refusal({ ...news, channel: 'none' }, token)).toBe('403 forbidden-channel');
    expect(await refusal({ ...news, channel: '__proto__' }, token)).toBe('403 forbidden-channel');
    expect(await refusal({ ...news, channel: 'time' }, token)).toBe('403 forbidden-channel');
    expect(await refusal({ ...news, channel: 'show' }, token)).toBe('403 forbidden-channel');
    expect(await refusal({ ...news, channel: 'News' }, token)).toBe('403 forbidden-channel');
    expect(await refusal({ ...news, channel: 'gone' }, token)).toBe('404 unknown-channel');
    for (const body of [
      '',
      'no JSON',
      '[]',
      'null',
      '{"channel":"news"}',
      '{"channel":"news","text":7}',
      '{"channel":"news","text":{"a":1}}',
      '{"channel":"news","text":"x","json":1}',
      '{"channel":"news","text":"x","more":1}',
      '{"text":"x"}',
      '{"channel":7,"text":"x"}',
      '{"channel":"news","text":"\\ud800"}',
      '{"channel":"news","json":["\\udc00"]}',
      '{"channel":"news","json":{"\\ud800":1}}',
      '{"channel":"news","json":1e999}',
    ]) {
      expect(await refusal(body, token)).toBe('400 invalid-request');
    }
    const invalidUtf8 = Buffer.concat([
      Buffer.from('{"channel":"news","text":"'),
      Buffer.from([0xff]),
      Buffer.from('"}'),
    ]);
    expect((await post(app, invalidUtf8, token)).status).toBe(400);
    expect(await refusal({ channel: 'news', text: 'é'.repeat(1_024) + 'x' }, token)).toBe('413 content-too-large');
    expect(await refusal({ channel: 'news', json: ['x'.repeat(2_045)] }, token)).toBe('413 content-too-large');
    app.backend.staged = 'redis-down';
    expect((await post(app, news, { Authorization: (await app.bearer('bob')).Authorization })).status).toBe(503);
  });

  worldTest('a text of 2,048 bytes is published', async (world) => {
    const { app } = world;
    await joinable(world, 'news');
    const token = await publisher(app, ['news']);
    expect((await post(app, { channel: 'news', text: 'é'.repeat(1_024) }, token)).status).toBe(200);
    expect((await post(app, { channel: 'news', json: ['x'.repeat(2_044)] }, token)).status).toBe(200);
  });

  worldTest(
    'a thousand publishes at once are sent or refused with 429, and none is lost or repeated',
    async (world) => {
      const { app } = world;
      const client = await joinable(world, 'news');
      using socket = await client.connect('?channels=news');
      const tokens = await Promise.all(Array.from({ length: 20 }, () => publisher(app, ['news'])));
      const responses = await Promise.all(
        Array.from({ length: 1_000 }, (_, n) => post(app, { channel: 'news', json: n }, tokens[n % 20] ?? {})),
      );
      const numbersOf = (...codes: number[]) =>
        responses.flatMap(({ status }, n) => (codes.includes(status) ? [n] : []));
      const [sent, refused] = [numbersOf(200), numbersOf(429)];
      // A busy process may miss Redis's answer, and cannot say whether the message was sent.
      const unknown = numbersOf(503);
      expect(sent.length + refused.length + unknown.length).toBe(1_000);
      expect(sent.length).toBeGreaterThan(0);
      expect(refused.length).toBeGreaterThan(0);
      expect(refused.every((n) => responses[n]?.headers.get('retry-after') === '1')).toBe(true);
      await world.host.publish('news', '"end"');
      await until(() => socket.frames.at(-1)?.includes('"end"'), 'the last message', 20_000);
      const received = socket.frames.slice(0, -1).map((frame) => JSON.parse(frame).message);
      const numbers = received.map(({ news }) => news as number).toSorted((a, b) => a - b);
      expect(new Set(numbers).size).toBe(numbers.length);
      expect(numbers.filter((n) => !unknown.includes(n))).toEqual(sent);
      const seqs = received.map(({ seq }) => seq);
      expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
    },
  );

  worldTest('one token publishes ten messages a second', async (world) => {
    const { app } = world;
    await joinable(world, 'news');
    const token = await publisher(app, ['news']);
    const codes = await Promise.all(
      Array.from({ length: 12 }, async () => (await post(app, { channel: 'news', text: 'x' }, token)).status),
    );
    expect(codes.filter((code) => code === 200).length).toBeGreaterThanOrEqual(10);
    expect(codes.every((code) => code === 200 || code === 429)).toBe(true);
  });

  worldTest('there are at most 100 channels, although commands race', async ({ host: { channels } }) => {
    const names = Array.from({ length: 103 }, (_, n) => `c${n}`);
    const results = await Promise.all(names.map((name) => channels.add(name, 'everyone')));
    expect(results.filter((result) => result === 'added')).toHaveLength(100);
    expect(results.filter((result) => result === 'full')).toHaveLength(3);
    expect(await channels.list()).toHaveLength(100);
    expect(await channels.add('c0', 'operators')).toMatch(/exists|full/);
  });
}

/** The status of a handshake for these channels. */
async function statusOf(client: Client, names: string, headers: Record<string, string> = {}): Promise<number> {
  try {
    using socket: TestSocket = await client.connect(`?channels=${names}`, headers);
    return socket.socket.readyState === socket.socket.OPEN ? 101 : 0;
  } catch (error) {
    return (error as { status: number }).status;
  }
}

async function isStatus(client: Client, names: string, status: number): Promise<boolean> {
  return (await statusOf(client, names)) === status;
}

/** Adds a channel, and resolves to a signed-in client once the web process knows it. */
async function joinable({ app, host }: World, name: string, readers: 'everyone' | 'operators' = 'everyone') {
  await host.channels.add(name, readers);
  const client = await app.signedIn();
  await until(async () => (await statusOf(client, name)) !== 404, 'the channel is known');
  return client;
}

async function operatorOf(app: WebApp, name = 'eva'): Promise<Client> {
  await app.account(name);
  await app.auth.accounts.setOperator(name, true);
  return app.signedIn(name);
}

async function publisher(app: WebApp, publishes: readonly string[]): Promise<{ Authorization: string }> {
  const token = await app.auth.tokens.issue('ada', await app.account('ada'), 3_600_000, undefined, publishes);
  return { Authorization: `Bearer ${token?.text}` };
}

function post(app: WebApp, body: string | object, headers: Record<string, string>): Promise<Response> {
  const isRaw = typeof body === 'string' || body instanceof Uint8Array;
  return fetch(`${app.url}/api/publish`, {
    method: 'POST',
    headers,
    body: isRaw ? (body as string) : JSON.stringify(body),
  });
}
