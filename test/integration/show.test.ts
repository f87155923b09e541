import { expect, test } from 'vitest';
import { Screens } from '../../src/screens/screens.ts';
import { ScreenActions } from '../../src/screens/screen-actions.ts';
import { silentLogger } from '../../src/logger.ts';
import { withEachBackend, type World } from '../support/channel-world.ts';
import type { Client, TestSocket } from '../support/client.ts';
import type { WebApp } from '../support/web-app.ts';

withEachBackend(fulfilsContract);

function fulfilsContract(create: () => Promise<World>): void {
  const showTest = (title: string, check: (world: World) => Promise<void>): void => {
    // oxlint-disable-next-line vitest/expect-expect -- every check asserts
    test(title, async () => {
      await using world = await create();
      await check(world);
    });
  };

  showTest('nothing is sent before anything was ever shown', async ({ app }) => {
    const client = await app.signedIn();
    using socket = await client.connect('?channels=time,show');
    await app.tick('15:03:27');
    expect((await socket.nextTick()).text).toBe('15:03:27');
    const state = await (await client.fetch('/api/initial_state?channel=show')).json();
    expect(state).toMatchObject({ channel: 'show', current: null, at: null, seq: null, interval: null, stale: false });
  });

  showTest('everybody gets what is shown, at once and on joining, until it is cleared', async ({ app, host }) => {
    const client = await app.signedIn();
    using socket = await client.connect('?channels=show');
    const { at, seq } = stampOf(await host.shows.set('everybody', { message: 'Please be seated' }));
    expect(await nextShow(socket)).toEqual({ show: { message: 'Please be seated' }, at, seq });
    using late = await client.connect('?channels=show');
    expect(await nextShow(late)).toEqual({ show: { message: 'Please be seated' }, at, seq });
    expect(await stateOf(client)).toMatchObject({ current: { message: 'Please be seated' }, at, seq });
    const cleared = stampOf(await host.shows.set('everybody', null));
    expect(await nextShow(socket)).toEqual({ show: null, ...cleared });
    using last = await client.connect('?channels=show');
    expect(await nextShow(last)).toEqual({ show: null, ...cleared });
    expect(await stateOf(client)).toMatchObject({ current: null, ...cleared });
  });

  showTest('the most specific target that is set counts', async ({ app, host: { shows } }) => {
    const [lobby, bar] = [await screenOf(app, 'lobby', 'hall'), await screenOf(app, 'bar', 'hall')];
    const [gym, person] = [await screenOf(app, 'gym', null), await app.signedIn()];
    const clients = [lobby, bar, gym, person];
    const sockets = await Promise.all(clients.map((client) => client.connect('?channels=show')));
    const all = () => Promise.all(sockets.map(async (socket) => (await nextShow(socket)).show?.message ?? null));
    const next = async (...indexes: number[]) =>
      Promise.all(
        sockets
          .filter((_, n) => indexes.includes(n))
          .map(async (socket) => (await nextShow(socket)).show?.message ?? null),
      );

    await shows.set('everybody', { message: 'all' });
    expect(await all()).toEqual(['all', 'all', 'all', 'all']);
    await shows.set({ group: 'hall' }, { message: 'hall' });
    expect(await next(0, 1)).toEqual(['hall', 'hall']);
    await shows.set({ screen: 'lobby' }, { message: 'lobby' });
    expect(await next(0)).toEqual(['lobby']);
    await shows.set('everybody', { message: 'all again' });
    expect(await next(2, 3)).toEqual(['all again', 'all again']);
    await shows.set({ group: 'hall' }, { message: 'hall again' });
    expect(await next(1)).toEqual(['hall again']);
    await shows.set({ screen: 'lobby' }, null);
    expect(await next(0)).toEqual(['hall again']);
    expect((await stateOf(lobby))['current']).toEqual({ message: 'hall again' });
    await shows.set({ group: 'hall' }, null);
    expect(await next(0, 1)).toEqual(['all again', 'all again']);
    await shows.set('everybody', null);
    expect(await all()).toEqual([null, null, null, null]);
    for (const socket of sockets) {
      expect(socket.frames).toEqual([]);
      socket[Symbol.dispose]();
    }
  });

  showTest('a screen that was moved or renamed gets anew what it is to show', async ({ app, host: { shows } }) => {
    const lobby = await screenOf(app, 'lobby', 'hall');
    using socket = await lobby.connect('?channels=show');
    await shows.set({ group: 'hall' }, { message: 'hall' });
    expect((await nextShow(socket)).show).toEqual({ message: 'hall' });
    const commands = commandsOf(app);
    await commands.run({ name: 'group', value: 'bar' }, { id: 'lobby' }, 'ana');
    expect((await nextShow(socket)).show).toBeNull();
    await shows.set({ group: 'bar' }, { message: 'bar' });
    expect((await nextShow(socket)).show).toEqual({ message: 'bar' });
    await shows.set({ group: 'hall' }, { message: 'not for the bar' });
    await commands.run({ name: 'rename', value: 'Entrance' }, { id: 'lobby' }, 'ana');
    expect((await nextShow(socket)).show).toEqual({ message: 'bar' });
    using again = await lobby.connect('?channels=show');
    expect((await nextShow(again)).show).toEqual({ message: 'bar' });
  });

  showTest(
    'what is shown for a time ends by itself, and who joins later never has it',
    async ({ app, host: { shows } }) => {
      // What reaches a process after its end is not shown: the embedded backend polls, and a busy machine stalls.
      const lifetimeMs = 3_000;
      const client = await screenOf(app, 'lobby', 'hall');
      using socket = await client.connect('?channels=show');
      await shows.set('everybody', { message: 'all' });
      expect((await nextShow(socket)).show).toEqual({ message: 'all' });
      const { at, seq } = stampOf(await shows.set({ group: 'hall' }, { message: 'hall' }, lifetimeMs));
      expect((await nextShow(socket)).show).toEqual({ message: 'hall' });
      const back = await nextShow(socket);
      expect(back.show).toEqual({ message: 'all' });
      expect(app.backend.time.now()).toBeGreaterThanOrEqual(at + lifetimeMs);
      expect(back.seq).toBeLessThan(seq);
      const last = stampOf(await shows.set('everybody', { message: 'all' }, lifetimeMs));
      expect((await nextShow(socket)).show).toEqual({ message: 'all' });
      expect(await nextShow(socket)).toEqual({ show: null, at: last.at + lifetimeMs, seq: last.seq });
      using late = await client.connect('?channels=show');
      expect(await nextShow(late)).toEqual({ show: null, at: last.at + lifetimeMs, seq: last.seq });
      expect(await shows.list()).toEqual([]);
    },
  );

  showTest(
    'a countdown is extended as often as operators ask, although they race',
    async ({ app, host: { shows } }) => {
      const until = Math.floor(app.backend.time.now()) + 60_000;
      expect(await shows.extend('everybody', 1_000)).toBe('no-countdown');
      await shows.set('everybody', { message: 'x' });
      expect(await shows.extend('everybody', 1_000)).toBe('no-countdown');
      await shows.set('everybody', { message: 'x', countdown: { until, label: 'Exam' } }, 120_000);
      const [before] = await shows.list();
      const beganAt = performance.now();
      await Promise.all(Array.from({ length: 5 }, () => shows.extend('everybody', 60_000)));
      const elapsedMs = performance.now() - beganAt;
      const [after] = await shows.list();
      expect(after?.show).toEqual({ message: 'x', countdown: { until: until + 300_000, label: 'Exam' } });
      // Each extension adds the time that it took, on a busy machine seconds.
      expect(Math.abs((after?.endsAt ?? 0) - (before?.endsAt ?? 0) - 300_000)).toBeLessThan(1_000 + elapsedMs);
      await expect(shows.extend('everybody', 366 * 86_400_000)).rejects.toThrow(/at most 366 days/);
    },
  );

  showTest('a revoked screen leaves nothing behind', async ({ app, host: { shows } }) => {
    await screenOf(app, 'lobby', 'hall');
    await shows.set({ screen: 'lobby' }, { message: 'x' });
    await commandsOf(app).run({ name: 'revoke' }, { id: 'lobby' }, 'ana');
    expect(await app.backend.publications.list()).toEqual([]);
  });

  showTest('at most 1,000 targets are stored, and one that was cleared makes room after a minute', async (world) => {
    const { app, host } = world;
    const { publications } = app.backend;
    const client = await app.signedIn();
    using socket = await client.connect('?channels=show');
    const fill = (n: number) => publications.publish({ channel: 'show', json: 'null', slot: `show/group/g${n}` });
    await Promise.all(Array.from({ length: 998 }, (_, n) => fill(n)));
    expect(await host.shows.set({ group: 'hall' }, { message: 'hall' })).toBeTypeOf('object');
    expect(await host.shows.set('everybody', { message: 'all' })).toBeTypeOf('object');
    expect((await nextShow(socket)).show).toEqual({ message: 'all' });
    expect(await host.shows.set({ group: 'new' }, { message: 'new' })).toBe('full');
    const refused = await post(await operatorOf(app), { show: { message: 'x' }, group: 'new' });
    expect([refused.status, ((await refused.json()) as { type: string }).type]).toEqual([
      409,
      'urn:problem-type:clock:too-many-targets',
    ]);
    // A target that is stored can be changed.
    expect(await host.shows.set({ group: 'hall' }, { message: 'hall again' })).toBeTypeOf('object');
    app.backend.time.aheadMs = 61_000;
    const token = await tokenOf(app, ['show']);
    expect((await post(app.client(), { show: { message: 'new' }, group: 'new' }, token)).status).toBe(200);
    expect((await publications.list()).map(({ slot }) => slot).toSorted()).toEqual([
      'show',
      'show/group/hall',
      'show/group/new',
    ]);
    expect((await stateOf(client))['current']).toEqual({ message: 'all' });
  });

  showTest('what was set for a screen that has ended can be cleared by its id', async ({ app, host: { shows } }) => {
    await shows.set({ screen: 'ended' }, { message: 'x' });
    const operator = await operatorOf(app);
    expect((await post(operator, { show: null, screen: 'ended' })).status).toBe(200);
    expect(await shows.list()).toEqual([]);
    expect((await post(operator, { show: null, screen: 'ended' })).status).toBe(404);
  });

  showTest('an operator and a token of the scope set what is shown', async ({ app }) => {
    const operator = await operatorOf(app);
    using socket = await operator.connect('?channels=show');
    const until = Math.floor(app.backend.time.now()) + 25 * 60_000;
    const response = await post(operator, {
      show: { countdown: { until, label: 'Exam ends', warnAt: [60_000, 300_000] } },
    });
    expect(response.status).toBe(200);
    const answer = (await response.json()) as object;
    expect(await nextShow(socket)).toEqual({
      show: { countdown: { until, label: 'Exam ends', warnAt: [300_000, 60_000] } },
      ...answer,
    });
    expect((await post(operator, { extendMs: 300_000 })).status).toBe(200);
    expect((await nextShow(socket)).show?.countdown?.until).toBe(until + 300_000);
    await screenOf(app, 'lobby', 'hall');
    expect((await post(operator, { show: { message: 'only here' }, screen: 'lobby', forMs: 60_000 })).status).toBe(200);
    expect((await post(operator, { show: { message: 'empty' }, group: 'nobody-is-here' })).status).toBe(200);
    const { shows } = (await (await operator.fetch('/api/show')).json()) as { shows: Record<string, unknown>[] };
    expect(shows.map(({ group, screen }) => [group, screen]).toSorted()).toEqual(
      [
        [null, 'lobby'],
        [null, null],
        ['nobody-is-here', null],
      ].toSorted(),
    );
    const token = await tokenOf(app, ['show']);
    expect((await post(app.client(), { show: null }, token)).status).toBe(200);
    expect((await nextShow(socket)).show).toBeNull();
    expect(app.web.sources.publishedMessages?.().get('show')).toBe(5);
  });

  showTest('what cannot be shown is refused with the reason', async ({ app }) => {
    const operator = await operatorOf(app);
    const now = Math.floor(app.backend.time.now());
    const day = 86_400_000;
    const tokens = [await tokenOf(app, ['show']), await tokenOf(app, ['show']), await tokenOf(app, ['show'])];
    const refusal = async (body: unknown, headers: Record<string, string> = tokens[0] ?? {}) => {
      const response = await post(app.client(), body, headers);
      const { type, status } = (await response.json()) as { type: string; status: number };
      return `${status} ${type.replace('urn:problem-type:clock:', '')}`;
    };
    const message = { show: { message: 'x' } };
    expect(await refusal(message, {})).toBe('401 signed-out');
    expect(await refusal(message, await tokenOf(app, ['news']))).toBe('403 forbidden-channel');
    const person = await app.signedIn('bob');
    expect((await post(person, message)).status).toBe(403);
    expect((await person.fetch('/api/show')).status).toBe(403);
    operator.cookies.set('csrftoken', 'd'.repeat(43));
    const forged = await operator.fetch('/api/show', {
      method: 'POST',
      headers: { 'X-CSRFToken': 'c'.repeat(43) },
      body: JSON.stringify(message),
    });
    expect(forged.status).toBe(403);
    for (const body of [
      [],
      {},
      { show: {} },
      { show: 'text' },
      { show: { message: ' ' } },
      { show: { message: 'bell\u0007' } },
      { show: { message: 7 } },
      { show: { more: 1 } },
      { show: { message: 'x' }, more: 1 },
      { show: { message: 'x' }, extendMs: 1_000 },
      { show: { message: 'x' }, group: 'hall', screen: 'lobby' },
      { show: { message: 'x' }, group: 'Hall' },
      { show: { message: 'x' }, screen: 7 },
      { show: { message: 'x' }, forMs: 0 },
      { show: { message: 'x' }, forMs: 367 * day },
      { show: null, forMs: 1_000 },
      { show: { countdown: {} } },
      { show: { countdown: { until: now - 1_000 } } },
      { show: { countdown: { until: now } } },
      { show: { countdown: { until: now + 3_650 * day } } },
      { show: { countdown: { until: '15:00' } } },
      { show: { countdown: { until: now + day, since: now } } },
      { show: { countdown: { remainingMs: 60_000, untilTime: '15:00' } } },
      { show: { countdown: { remainingMs: 999 } } },
      { show: { countdown: { remainingMs: 367 * day } } },
      { show: { countdown: { remainingMs: '25m' } } },
      { show: { countdown: { elapsedMs: 367 * day } } },
      { show: { countdown: { elapsedMs: 0, warnAt: [1_000] } } },
      { show: { countdown: { untilTime: '25:00' } } },
      { show: { countdown: { untilTime: 15 } } },
      { show: { countdown: { inMs: 15 } } },
      { show: { countdown: { since: now + day } } },
      { show: { countdown: { since: now, warnAt: [1_000] } } },
      { show: { countdown: { until: now + day, warnAt: [] } } },
      { show: { countdown: { until: now + day, warnAt: [0.5] } } },
      { show: { countdown: { until: now + day, warnAt: Array(9).fill(1_000) } } },
      { show: { countdown: { until: now + day, label: 'x'.repeat(101) } } },
      { extendMs: 0 },
      { extendMs: 1_000, forMs: 1_000 },
    ]) {
      expect(`${await refusal(body)} ${JSON.stringify(body)}`).toBe(`400 invalid-request ${JSON.stringify(body)}`);
    }
    expect(await refusal({ show: { message: '🕒'.repeat(600) } })).toBe('413 content-too-large');
    expect(await refusal({ ...message, screen: 'none' })).toBe('404 unknown-screen');
    expect(await refusal({ extendMs: 1_000 }, tokens[1])).toBe('404 no-countdown');
    for (const text of ['<b>markup</b>', 'x'.repeat(2_000), '\u202eright to left', '🕒🕒', 'two\nlines']) {
      expect((await post(app.client(), { show: { message: text } }, tokens[2])).status).toBe(200);
    }
    app.backend.staged = 'redis-down';
    expect(await refusal(message, await tokenOf(app, ['show']))).toBe('503 unavailable');
  });
}

interface Shown {
  show: { message?: string; countdown?: { until: number } } | null;
  at: number;
  seq: number;
}

function stampOf(outcome: object | 'full'): { at: number; seq: number } {
  expect(outcome).toBeTypeOf('object');
  return outcome as { at: number; seq: number };
}

async function nextShow(socket: TestSocket): Promise<Shown> {
  for (;;) {
    const frame = JSON.parse(await socket.next()) as { message: Shown; channel: string } | { command: object };
    if ('command' in frame) continue;
    expect(frame.channel).toBe('show');
    return frame.message;
  }
}

async function stateOf(client: Client): Promise<Record<string, unknown>> {
  return (await client.fetch('/api/initial_state?channel=show')).json() as Promise<Record<string, unknown>>;
}

/** A client with the cookie of a new paired screen, whose id is its name. */
async function screenOf(app: WebApp, id: string, group: string | null): Promise<Client> {
  const screens = new Screens(app.backend);
  await screens.takeName('screen', id, id);
  const { jti } = await screens.add(id, { name: id, group, face: '' }, 'ana');
  const client = app.client();
  client.cookies.set('sessionid', await app.auth.sessions.credentials.sign('screen', id, jti));
  return client;
}

function commandsOf(app: WebApp): ScreenActions {
  const screens = new Screens(app.backend);
  return new ScreenActions({ backend: app.backend, screens, sessions: app.auth.sessions, log: silentLogger() });
}

async function operatorOf(app: WebApp): Promise<Client> {
  await app.account('eva');
  await app.auth.accounts.setOperator('eva', true);
  return app.signedIn('eva');
}

async function tokenOf(app: WebApp, publishes: readonly string[]): Promise<{ Authorization: string }> {
  const token = await app.auth.tokens.issue('ada', await app.account('ada'), 3_600_000, undefined, publishes);
  return { Authorization: `Bearer ${token?.text}` };
}

function post(client: Client, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  const csrf = { 'X-CSRFToken': client.cookies.get('csrftoken') ?? '' };
  return client.fetch('/api/show', { method: 'POST', headers: { ...csrf, ...headers }, body: JSON.stringify(body) });
}
