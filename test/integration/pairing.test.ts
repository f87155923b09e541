import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { linkKey } from '../../src/screens/link-key.ts';
import { Screens } from '../../src/screens/screens.ts';
import type { Client, TestSocket } from '../support/client.ts';
import { recordedLog } from '../support/recorded-log.ts';
import { RedisServer } from '../support/redis-server.ts';
import { defaultSecret, redisBackendOf, WebApp } from '../support/web-app.ts';

const dayMs = 86_400_000;

interface Code {
  code: string;
  secret: string;
  url: string | null;
  expiresInMs: number;
  againInMs: number;
}

let server: RedisServer;
beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(async () => {
  await server.stop();
});

/** Two web processes of one installation. */
const installations: [name: string, start: () => Promise<[WebApp, WebApp]>][] = [
  [
    'Redis',
    async () => {
      const prefix = `${randomUUID()}:`;
      return [
        await WebApp.start({ backend: redisBackendOf(server.url, prefix) }),
        await WebApp.start({ backend: redisBackendOf(server.url, prefix) }),
      ];
    },
  ],
  [
    'the embedded backend',
    async () => {
      const here = await WebApp.start();
      return [here, await WebApp.start({ beside: here })];
    },
  ],
];

describe.each(installations)('over %s', (_name, start) => {
  let here: WebApp;
  let there: WebApp;
  let sockets: TestSocket[];

  beforeEach(async () => {
    [here, there] = await start();
    sockets = [];
  });

  afterEach(async () => {
    for (const socket of sockets) socket[Symbol.dispose]();
    await there[Symbol.asyncDispose]();
    await here[Symbol.asyncDispose]();
  });

  /** A kiosk with its code. */
  const kiosk = async (app = here): Promise<Client & { shown: Code }> => {
    const client = app.client();
    await (await client.fetch('/screen')).arrayBuffer();
    const shown = (await (await client.post('/screen/code', {})).json()) as Code;
    return Object.assign(client, { shown });
  };

  const operator = async (name = 'ana', app = here): Promise<Client> => {
    const client = await app.signedIn(name);
    await here.auth.accounts.setOperator(name, true);
    return client;
  };

  const collect = (client: Client, { secret }: Code): Promise<Response> => client.post('/screen/collect', { secret });

  const paired = async (name: string, app = here): Promise<Client> => {
    const client = await kiosk(app);
    const approval = await (await operator()).post('/device', { code: client.shown.code, name });
    expect(approval.status).toBe(200);
    expect(await (await collect(client, client.shown)).json()).toEqual({ state: 'paired' });
    return client;
  };

  const screensOf = (): Screens => new Screens({ records: here.backend.records, time: here.backend.time });

  const link = async (name: string, lifetimeMs = dayMs): Promise<{ id: string; key: string }> => {
    const id = (await screensOf().addLink({ name, group: null, face: '' }, lifetimeMs)) ?? '';
    return { id, key: linkKey(id, [defaultSecret]) };
  };

  const bearer = (key: string) => ({ Authorization: `Bearer ${key}` });

  const ticketOf = async (key: string, app = here): Promise<string> => {
    const response = await app.client().fetch('/api/ticket', { method: 'POST', headers: bearer(key) });
    expect(response.status).toBe(200);
    const { ticket, expiresInMs } = (await response.json()) as { ticket: string; expiresInMs: number };
    expect(expiresInMs).toBe(30_000);
    return ticket;
  };

  const connect = async (client: Client, query = '', headers: Record<string, string> = {}): Promise<TestSocket> => {
    const socket = await client.connect(query, headers);
    sockets.push(socket);
    return socket;
  };

  test('a kiosk of one process becomes a screen after an operator approved its code at another', async () => {
    const client = await kiosk(here);
    expect(client.shown.code).toMatch(/^[BCDFGHJKLMNPQRSTVWXZ2-9]{4}-[BCDFGHJKLMNPQRSTVWXZ2-9]{4}$/);
    expect(client.shown).toMatchObject({ expiresInMs: 600_000, againInMs: 2_000 });
    expect(await (await collect(client, client.shown)).json()).toEqual({ state: 'waiting' });
    const ana = await operator('ana', there);
    const confirm = await (await ana.fetch(`/device?code=${client.shown.code}`)).text();
    expect(confirm).toContain('only if this code is on the screen in front of you');
    expect(confirm).toContain('127.0.0.1');
    expect(await (await collect(client, client.shown)).json()).toEqual({ state: 'waiting' });
    expect((await ana.post('/device', { code: client.shown.code, name: 'Lobby', group: 'hall' })).status).toBe(200);
    const response = await collect(client, client.shown);
    expect(response.headers.get('set-cookie')).toMatch(/sessionid=.*Max-Age=34560000.*HttpOnly/);
    const page = await (await client.fetch('/?face=analog')).text();
    expect(page).toContain('data-page="screen"');
    expect(page).not.toContain('/accounts/logout/');
    const state = (await (await client.fetch('/api/initial_state')).json()) as object;
    expect(state).toMatchObject({ screen: { name: 'Lobby', group: 'hall', face: '' } });
    await connect(client);
    await there.auth.accounts.remove('ana');
    expect((await client.fetch('/')).status).toBe(200);
  });

  test('a screen opens the clock and nothing else', async () => {
    const client = await paired('Lobby');
    for (const path of ['/', '/embed', '/api/initial_state', '/api/zones?names=Asia/Tokyo']) {
      expect([path, (await client.fetch(path)).status]).toEqual([path, 200]);
    }
    for (const path of ['/device', '/accounts/password_change/', '/api/screens']) {
      expect([path, (await client.fetch(path)).status]).toEqual([path, 403]);
    }
    expect((await client.fetch('/accounts/login/')).status).toBe(200);
    expect((await client.fetch('/api/ticket', { method: 'POST' })).status).toBe(401);
    expect((await client.post('/accounts/logout/', {})).status).toBe(302);
    expect(await screensOf().find('Lobby')).toBeNull();
  });

  test('a revoked screen is closed with 4401 on every process and sent to /screen with its query', async () => {
    const client = await paired('Lobby');
    const cookies = new Map(client.cookies);
    const socket = await connect(Object.assign(there.client(), { cookies: client.cookies }));
    const screen = await screensOf().find('Lobby');
    if (screen !== null) await screensOf().remove(screen);
    expect(await socket.closed).toBe(4401);
    for (const [name, value] of cookies) client.cookies.set(name, value);
    const response = await client.fetch('/?face=analog');
    expect([response.status, response.headers.get('location')]).toEqual([302, '/screen?face=analog']);
    expect((await client.fetch('/api/initial_state')).status).toBe(401);
    await expect(connect(client)).rejects.toMatchObject({ status: 401 });
    // A forged one, too, and never to the form.
    const [header] = (cookies.get('sessionid') ?? '').split('.');
    client.cookies.set('sessionid', `${header}.e30.forged`);
    expect((await client.fetch('/')).headers.get('location')).toBe('/screen');
  });

  test('a screen’s cookie is set again once a day', async () => {
    const client = await paired('Lobby');
    expect((await client.fetch('/')).headers.get('set-cookie')).toBeNull();
    here.backend.time.aheadMs += dayMs;
    const renewed = await client.fetch('/api/initial_state');
    expect(renewed.headers.get('set-cookie')).toMatch(/sessionid=.*Max-Age=34560000/);
    expect((await client.fetch('/')).headers.get('set-cookie')).toBeNull();
  });

  test('wrong, mistyped, expired and used codes have different answers', async () => {
    const ana = await operator();
    const client = await kiosk();
    const code = client.shown.code.toLowerCase().replace('-', ' ');
    expect((await ana.fetch(`/device?code=${encodeURIComponent(code)}`)).status).toBe(200);
    const statusOf = async (text: string): Promise<number> =>
      (await ana.post('/device', { code: text, name: 'Lobby' })).status;
    for (const text of ['', 'BCDF', 'BCDF-234A', 'x'.repeat(500), '<b>']) expect(await statusOf(text)).toBe(400);
    const unknown = await ana.post('/device', { code: 'bcdf2345', name: 'Lobby' });
    expect([unknown.status, await unknown.text()]).toEqual([404, expect.stringContaining('value="BCDF-2345"')]);
    expect(await statusOf(client.shown.code)).toBe(200);
    const again = await (await operator('bob')).post('/device', { code: client.shown.code, name: 'Hall' });
    expect(again.status).toBe(409);
    expect(await again.text()).toContain('This screen is already paired as Lobby, approved by ana.');
    const late = await kiosk();
    here.backend.time.aheadMs += 600_000;
    const expired = await (await ana.post('/device', { code: late.shown.code, name: 'Hall' })).text();
    expect(expired).toContain('This code has expired. Enter the new one on the screen.');
    expect(expired).toContain('value=""');
    expect((await collect(late, late.shown)).status).toBe(404);
  });

  test('a code of another installation is wrong, and its secret collects nothing', async () => {
    await using elsewhere = await WebApp.start();
    const foreign = await kiosk(elsewhere);
    const response = await (await operator()).post('/device', { code: foreign.shown.code, name: 'Lobby' });
    expect([response.status, await response.text()]).toEqual([
      404,
      expect.stringContaining('No screen shows this code.'),
    ]);
    expect((await collect(await kiosk(), foreign.shown)).status).toBe(404);
  });

  test('of two operators who approve at the same time, one succeeds', async () => {
    const client = await kiosk();
    const [ana, bob] = [await operator('ana', here), await operator('bob', there)];
    const { code } = client.shown;
    const responses = await Promise.all([
      ana.post('/device', { code, name: 'Lobby' }),
      bob.post('/device', { code, name: 'Hall' }),
    ]);
    expect(responses.map(({ status }) => status).toSorted()).toEqual([200, 409]);
  });

  test('names and groups that cannot be meant are 400, and taken names 409', async () => {
    const ana = await operator();
    await paired('Lobby');
    const client = await kiosk();
    const { code } = client.shown;
    const approve = async (name: string, group = ''): Promise<Response> => ana.post('/device', { code, name, group });
    for (const name of ['', ' ', 'x'.repeat(500), 'a\u202Eb', 'a\nb']) expect((await approve(name)).status).toBe(400);
    for (const group of ['A', 'a b', 'x'.repeat(33)]) expect((await approve('Hall', group)).status).toBe(400);
    expect((await approve('LOBBY')).status).toBe(409);
    const marked = await approve('<b>ساعة</b>');
    expect(marked.status).toBe(200);
    expect(await marked.text()).toContain('&lt;b&gt;ساعة&lt;/b&gt;');
  });

  test('the same secret collects the same screen until it was used', async () => {
    const client = await kiosk();
    await (await operator()).post('/device', { code: client.shown.code, name: 'Lobby' });
    const [first, second] = [await collect(client, client.shown), await collect(client, client.shown)];
    expect([first.status, second.status]).toEqual([200, 200]);
    expect((await client.fetch('/')).status).toBe(200);
    expect((await collect(client, client.shown)).status).toBe(404);
    for (const secret of ['', 'x', client.shown.code]) {
      expect((await client.post('/screen/collect', { secret })).status).toBe(404);
    }
  });

  test('five wrong codes stop an operator for ten minutes, right codes too, also in a burst', async () => {
    const ana = await operator();
    const client = await kiosk();
    const guess = (n: number): Promise<Response> => ana.fetch(`/device?code=BCDF-${2222 + n * 1111}`);
    expect((await ana.fetch(`/device?code=${client.shown.code}`)).status).toBe(200);
    const statuses = await Promise.all([0, 1, 2, 3, 4, 5, 6, 7].map(async (n) => (await guess(n)).status));
    expect(statuses.filter((status) => status === 404).length).toBeLessThanOrEqual(5);
    const refused = await ana.fetch(`/device?code=${client.shown.code}`);
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(500);
    const bob = await operator('bob');
    expect((await bob.post('/device', { code: client.shown.code, name: 'Lobby' })).status).toBe(200);
  });

  test('the same wrong code counts once, and texts that are no codes do not count', async () => {
    const ana = await operator();
    for (let count = 0; count < 8; count += 1) {
      expect((await ana.fetch('/device?code=BCDF-2222')).status).toBe(404);
      expect((await ana.fetch('/device?code=BCDF')).status).toBe(400);
    }
    const client = await kiosk();
    expect((await ana.fetch(`/device?code=${client.shown.code}`)).status).toBe(200);
  });

  test('only operators open /device', async () => {
    const plain = await here.signedIn('eve');
    expect((await plain.fetch('/device?code=BCDF-2222')).status).toBe(403);
    const nobody = await here.client().fetch('/device?code=BCDF-2222');
    expect(nobody.headers.get('location')).toBe('/accounts/login/?next=/device%3Fcode%3DBCDF-2222');
    const token = await here.client().fetch('/device', { headers: await here.bearer('ana') });
    expect(token.status).toBe(302);
  });

  test('a form without its token pairs nothing', async () => {
    const client = await kiosk();
    const ana = await operator();
    const fields = { code: client.shown.code, name: 'Lobby', csrfmiddlewaretoken: '' };
    expect((await ana.post('/device', fields)).status).toBe(403);
    expect((await client.post('/screen/code', { csrfmiddlewaretoken: '' })).status).toBe(403);
    const foreign = { Origin: 'https://evil.example' };
    expect((await client.post('/screen/collect', { secret: client.shown.secret }, foreign)).status).toBe(403);
  });

  test('a key is exchanged for a cookie that ends with its link', async () => {
    const { id, key } = await link('Studio');
    const player = here.client();
    const exchange = await player.fetch('/screen/link', { method: 'POST', headers: bearer(key) });
    expect([exchange.status, exchange.headers.get('set-cookie')]).toEqual([
      200,
      expect.stringMatching(/sessionid=.*Max-Age=86\d\d\d;/),
    ]);
    expect(await (await player.fetch('/')).text()).toContain('data-page="screen"');
    const socket = await connect(player);
    const stored = await screensOf().find(id);
    if (stored !== null) await screensOf().remove(stored);
    expect(await socket.closed).toBe(4401);
    const ended = await there.client().fetch('/screen/link', { method: 'POST', headers: bearer(key) });
    expect(ended.status).toBe(401);
    expect((await player.fetch('/')).headers.get('location')).toBe('/screen');
  });

  test('a key ends a screen’s earlier session, and a person’s only on request', async () => {
    const { key } = await link('Studio');
    const exchange = (client: Client, body = ''): Promise<Response> =>
      client.fetch('/screen/link', {
        method: 'POST',
        headers: { ...bearer(key), 'Content-Type': 'application/x-www-form-urlencoded' },
        body,
      });
    const screen = await paired('Lobby');
    expect((await exchange(screen)).status).toBe(200);
    expect(await screensOf().find('Lobby')).toBeNull();
    const person = await here.signedIn('ada');
    expect((await exchange(person)).status).toBe(409);
    expect(await (await person.fetch('/')).text()).toContain('data-page="person"');
    expect((await exchange(person, 'replace=1')).status).toBe(200);
    expect(await (await person.fetch('/')).text()).toContain('data-page="screen"');
  });

  test('a key reads the clock as Bearer and opens sockets by tickets, on any process', async () => {
    const { id, key } = await link('Studio');
    const state = await here.client().fetch('/api/initial_state', { headers: bearer(key) });
    expect(await state.json()).toMatchObject({ screen: { name: 'Studio' } });
    const zones = await here.client().fetch('/api/zones?names=Asia/Tokyo', { headers: bearer(key) });
    expect(zones.status).toBe(200);
    const socket = await connect(there.client(), `?every=1000&ticket=${await ticketOf(key)}`);
    const other = await connect(here.client(), `?ticket=${await ticketOf(key)}`);
    const stored = await screensOf().find(id);
    if (stored !== null) await screensOf().remove(stored);
    expect(await Promise.all([socket.closed, other.closed])).toEqual([4401, 4401]);
    const ended = await here.client().fetch('/api/ticket', { method: 'POST', headers: bearer(key) });
    expect(ended.status).toBe(401);
  });

  test('a ticket is used once, within 30 s', async () => {
    const { key } = await link('Studio');
    const ticket = await ticketOf(key);
    await connect(there.client(), `?ticket=${ticket}`);
    await expect(connect(here.client(), `?ticket=${ticket}`)).rejects.toMatchObject({ status: 401 });
    const late = await ticketOf(key);
    here.backend.time.aheadMs += 30_000;
    await expect(connect(here.client(), `?ticket=${late}`)).rejects.toMatchObject({ status: 401 });
    for (const wrong of ['', 'x', key, `${late}x`]) {
      await expect(connect(here.client(), `?ticket=${wrong}`)).rejects.toMatchObject({ status: 401 });
    }
  });

  test('a ticket is spent last and decides over a cookie', async () => {
    const { key } = await link('Studio');
    const ticket = await ticketOf(key);
    const foreign = connect(here.client(), `?ticket=${ticket}`, { Origin: 'https://evil.example' });
    await expect(foreign).rejects.toMatchObject({ status: 403 });
    await expect(connect(here.client(), `?channels=none&ticket=${ticket}`)).rejects.toMatchObject({ status: 404 });
    here.backend.staged = 'redis-down';
    await expect(connect(here.client(), `?ticket=${ticket}`)).rejects.toMatchObject({ status: 503 });
    here.backend.staged = null;
    await connect(here.client(), `?channels=time,date&ticket=${ticket}`);
    const person = await here.signedIn('ada');
    await expect(connect(person, `?ticket=${ticket}`)).rejects.toMatchObject({ status: 401 });
  });

  test('a token gets tickets, too; a key opens no page and is no cookie', async () => {
    const token = (await here.bearer('ada')).Authorization.replace('Bearer ', '');
    await connect(there.client(), `?ticket=${await ticketOf(token)}`);
    const { key } = await link('Studio');
    for (const path of ['/', '/device', '/accounts/password_change/']) {
      expect((await here.client().fetch(path, { headers: bearer(key) })).status).toBe(302);
    }
    expect((await here.client().fetch('/api/screens', { headers: bearer(key) })).status).toBe(403);
    const client = here.client();
    client.cookies.set('sessionid', key);
    expect((await client.fetch('/')).headers.get('location')).toBe('/accounts/login/?next=/');
  });

  test('no log line contains a code, secret, key or ticket', async () => {
    const { log, lines } = recordedLog();
    const app = await WebApp.start({ beside: here, log });
    const client = await kiosk(app);
    const ana = await operator('ana', app);
    const { key } = await link('Studio');
    await ana.fetch(`/device?code=${key}`);
    const wrong = await (await ana.post('/device', { code: key, name: key })).text();
    expect(wrong).not.toContain(key);
    // As the name of a screen it would be shown and logged.
    const named = await ana.post('/device', { code: client.shown.code, name: `Studio ${key}`, group: key });
    const form = await named.text();
    expect([named.status, form]).toEqual([400, expect.stringContaining('or the key of a link')]);
    expect(form).not.toContain(key);
    await ana.post('/device', { code: client.shown.code, name: 'Lobby' });
    await collect(client, client.shown);
    const ticket = await ticketOf(key, app);
    await expect(connect(app.client(), `?ticket=${ticket}&channels=none`)).rejects.toMatchObject({ status: 404 });
    const text = JSON.stringify(lines);
    for (const secret of [client.shown.secret, key, ticket]) expect(text).not.toContain(secret);
    expect(lines).toContainEqual(expect.objectContaining({ audit: 'pair', by: 'ana', name: 'Lobby' }));
    await app[Symbol.asyncDispose]();
  });
});

describe('during an outage', () => {
  test('/screen is served, makes no code, and pages of screens are 503 and refresh themselves', async () => {
    await using app = await WebApp.start();
    app.backend.staged = 'redis-down';
    const client = app.client();
    const page = await client.fetch('/screen');
    expect([page.status, page.headers.get('cache-control')]).toEqual([200, 'no-store']);
    const cookie = await app.auth.sessions.credentials.sign('screen', 'a', 'b');
    client.cookies.set('sessionid', cookie);
    const home = await client.fetch('/');
    expect([home.status, home.headers.get('refresh')]).toEqual([503, '5']);
    expect((await client.fetch('/api/initial_state')).headers.get('refresh')).toBeNull();
  });
});

describe('/embed', () => {
  test('signed out is 401 with a page that carries the script, its build and one line', async () => {
    await using app = await WebApp.start();
    const response = await app.client().fetch('/embed');
    const text = await response.text();
    expect(response.status).toBe(401);
    expect(text).toContain(`data-build="${app.build}"`);
    expect(text).toContain('data-page="signed-out"');
    expect(text).toMatch(/<script type="module" src="\/static\/main\.\w+\.js">/);
    expect(text).toContain('<a href="/accounts/login/?next=/" target="_top">');
  });
});

describe('the address of the QR code', () => {
  const urlOf = async (app: WebApp): Promise<string | null> => {
    const client = app.client();
    await (await client.fetch('/screen')).arrayBuffer();
    return ((await (await client.post('/screen/code', {})).json()) as Code).url;
  };

  test('is that of --public-url', async () => {
    await using app = await WebApp.start({ config: { publicUrl: 'https://clock.example.org' } });
    expect(await urlOf(app)).toMatch(/^https:\/\/clock\.example\.org\/device\?code=....-....$/);
  });

  test('is missing if the server listens on loopback alone', async () => {
    await using app = await WebApp.start();
    expect(await urlOf(app)).toBeNull();
  });
});

test('10,000 codes can wait, and other requests stay fast', async () => {
  await using app = await WebApp.start();
  const { limiter } = app.backend;
  for (let count = 0; count < 10_000; count += 1) {
    await limiter.consume({ name: 'codes', maxAttempts: 10_000, windowMs: 600_000 }, 'all');
  }
  const client = app.client();
  const refused = await client.post('/screen/code', {});
  expect(refused.status).toBe(429);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect((await (await app.signedIn('ada')).fetch('/')).status).toBe(200);
});
