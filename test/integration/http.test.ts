import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RawConnection, requestText } from '../support/raw-connection.ts';
import { WebApp } from '../support/web-app.ts';

let app: WebApp;
beforeAll(async () => {
  app = await WebApp.start();
});
afterAll(() => app[Symbol.asyncDispose]());

const hourMs = 3_600_000;
const form = { 'Content-Type': 'application/x-www-form-urlencoded' };

describe('a signed-out browser', () => {
  test.each([
    ['/', '/accounts/login/?next=/'],
    ['/?a=1&b=/c', '/accounts/login/?next=/%3Fa%3D1%26b%3D/c'],
    ['/accounts/password_change/', '/accounts/login/?next=/accounts/password_change/'],
  ])('is redirected from %s to the sign-in form, which leads back', async (path, location) => {
    const response = await app.client().fetch(path);
    expect(response.status).toBe(302);
    expect(response.headers.get('location')).toBe(location);
  });

  test('gets a form with the four fields and the given next', async () => {
    const response = await app.client().fetch('/accounts/login/?next=/%3Fface%3Danalog');
    const body = await response.text();
    expect(response.status).toBe(200);
    for (const name of ['username', 'password', 'csrfmiddlewaretoken', 'next'])
      expect(body).toContain(`name="${name}"`);
    expect(body).toContain('value="/?face=analog"');
  });

  test('is redirected from POST /accounts/logout/ to the sign-in form', async () => {
    const response = await app.client().signOut();
    expect(response.status).toBe(302);
    expect(response.headers.get('location')).toBe('/accounts/login/');
  });

  test('is redirected from POST /accounts/password_change/ to the sign-in form', async () => {
    const response = await app.client().post('/accounts/password_change/', {});
    expect(response.status).toBe(302);
    expect(response.headers.get('location')).toBe('/accounts/login/?next=/accounts/password_change/');
  });

  test('gets 401 and problem details for the initial state', async () => {
    const response = await app.client().fetch('/api/initial_state');
    expect(response.status).toBe(401);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(await response.json()).toMatchObject({
      type: 'urn:problem-type:clock:signed-out',
      status: 401,
      title: 'Unauthorized',
    });
  });

  test('gets 401 for a handshake', async () => {
    await expect(app.client().connect()).rejects.toMatchObject({ status: 401 });
  });

  test.each([
    ['/health', { status: 'ok' }],
    ['/ready', { status: 'ready' }],
  ])('gets 200 from %s', async (path, body) => {
    const response = await app.client().fetch(path);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual(body);
  });

  test('with a forged cookie stays signed out', async () => {
    const client = await app.signedIn();
    client.cookies.set('sessionid', `${client.cookies.get('sessionid')}x`);
    expect((await client.fetch('/')).status).toBe(302);
    expect((await client.fetch('/api/initial_state')).status).toBe(401);
  });
});

describe('a signed-in browser', () => {
  test('gets the page with the clock in #display', async () => {
    const response = await (await app.signedIn()).fetch('/');
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(await response.text()).toContain('id="display"');
  });

  test('is redirected from the sign-in form to next', async () => {
    const response = await (await app.signedIn()).fetch('/accounts/login/?next=/%3Fface%3Danalog');
    expect(response.status).toBe(302);
    expect(response.headers.get('location')).toBe('/?face=analog');
  });

  test('gets the page to change the password', async () => {
    const response = await (await app.signedIn()).fetch('/accounts/password_change/');
    expect(response.status).toBe(200);
    const body = await response.text();
    for (const name of ['old_password', 'new_password1', 'new_password2']) expect(body).toContain(`name="${name}"`);
  });

  test('signs out with POST /accounts/logout/, which ends the session and deletes its cookie', async () => {
    const client = await app.signedIn();
    const credential = client.cookies.get('sessionid') ?? '';
    const response = await client.signOut();
    expect(response.status).toBe(302);
    expect(response.headers.get('location')).toBe('/accounts/login/');
    expect(client.cookies.has('sessionid')).toBe(false);

    client.cookies.set('sessionid', credential);
    expect((await client.fetch('/')).status).toBe(302);
  });
});

describe('the initial state', () => {
  test('has no time and no zone before the first tick', async () => {
    await using fresh = await WebApp.start();
    const response = await (await fresh.signedIn()).fetch('/api/initial_state');
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.json()).toMatchObject({
      current: null,
      at: null,
      seq: null,
      channel: 'time',
      zone: null,
      utcOffsetMs: null,
      nextUtcOffset: null,
      interval: 500,
      stale: true,
      spread: 500,
      build: app.build,
    });
  });

  test('is the last tick, its zone, and what a screen needs to continue from it', async () => {
    const at = Date.UTC(2026, 10, 23, 14, 3, 27);
    await using fresh = await WebApp.start();
    // A minute before the tick, which becomes stale two seconds after it.
    fresh.backend.time.aheadMs = at - 60_000 - Date.now();
    await fresh.tick('15:03:27', { at, expiresAt: Number.MAX_SAFE_INTEGER });
    const response = await (await fresh.signedIn()).fetch('/api/initial_state');
    expect(await response.json()).toEqual({
      current: '15:03:27',
      at,
      seq: Math.floor(at / 50),
      channel: 'time',
      zone: 'Europe/Madrid',
      utcOffsetMs: hourMs,
      nextUtcOffset: { at: Date.UTC(2027, 2, 28, 1), utcOffsetMs: 2 * hourMs },
      interval: 500,
      stale: false,
      spread: 500,
      build: fresh.build,
    });
  });

  test('is stale after two seconds without a tick', async () => {
    await using fresh = await WebApp.start();
    await fresh.tick('15:03:27');
    fresh.backend.time.aheadMs = 2_100;
    const state = await (await (await fresh.signedIn()).fetch('/api/initial_state')).json();
    expect(state).toMatchObject({ current: '15:03:27', stale: true });
  });

  test('belongs to the requested channel', async () => {
    await app.tick('2026-11-25', { task: 'date', everyMs: 60_000 });
    const response = await (await app.signedIn()).fetch('/api/initial_state?channel=date');
    expect(await response.json()).toMatchObject({ current: '2026-11-25', channel: 'date', interval: 60_000 });
  });

  test.each(['nope', '', 'time,date'])(
    'of the unknown channel "%s" is 404, without a list of channels',
    async (channel) => {
      const response = await (await app.signedIn()).fetch(`/api/initial_state?channel=${channel}`);
      expect(response.status).toBe(404);
      const problem = (await response.json()) as { type: string; detail: string };
      expect(problem.type).toBe('urn:problem-type:clock:unknown-channel');
      expect(problem.detail).not.toContain('date,');
    },
  );
});

describe('/api/zones', () => {
  async function zones(query: string, headers?: Record<string, string>): Promise<Response> {
    const init = headers === undefined ? {} : { headers };
    return (headers === undefined ? await app.signedIn() : app.client()).fetch(`/api/zones${query}`, init);
  }

  test('gives offset and next change of each zone, for a cookie and for a token', async () => {
    app.backend.time.aheadMs = Date.UTC(2026, 10, 23) - Date.now();
    const query = '?names=Asia/Tokyo,Europe/London';
    const answers = [await zones(query), await zones(query, await app.bearer())];
    app.backend.time.aheadMs = 0;
    for (const answer of answers) {
      expect(answer.status).toBe(200);
      expect(await answer.json()).toEqual({
        'Asia/Tokyo': { utcOffsetMs: 9 * hourMs, nextUtcOffset: null },
        'Europe/London': { utcOffsetMs: 0, nextUtcOffset: { at: Date.UTC(2027, 2, 28, 1), utcOffsetMs: hourMs } },
      });
    }
  });

  test('is 401 for a signed-out client', async () => {
    expect((await app.client().fetch('/api/zones?names=Asia/Tokyo')).status).toBe(401);
  });

  const eight = [1, 2, 3, 4, 5, 6, 7, 8].map((hours) => `Etc/GMT%2B${hours}`).join(',');

  test('takes eight zones', async () => {
    const answer = (await (await zones(`?names=${eight}`)).json()) as object;
    expect(Object.keys(answer)).toHaveLength(8);
  });

  test.each([
    ['an unknown one', '?names=Asia/Tokyo,Mars/Base', 'Mars/Base'],
    ['a repeated one', '?names=Asia/Tokyo,Asia/Tokyo', 'Asia/Tokyo'],
    ['a ninth one', `?names=${eight},Asia/Tokyo`, 'Asia/Tokyo'],
    ['an empty one', '?names=Asia/Tokyo,', '""'],
    ['none', '', 'names'],
    ['none', '?names=', 'names'],
  ])('is 404 for %s (%s), and names it', async (_, query, named) => {
    const response = await zones(query);
    expect(response.status).toBe(404);
    const problem = (await response.json()) as { type: string; detail: string };
    expect(problem.type).toBe('urn:problem-type:clock:unknown-zone');
    expect(problem.detail).toContain(named);
  });
});

describe('methods and paths', () => {
  test.each([
    '/',
    '/accounts/login/',
    '/accounts/password_change/',
    '/api/initial_state',
    '/health',
    '/ready',
    '/nope',
  ])('HEAD %s is answered like GET without the body, and the connection stays usable', async (path) => {
    using connection = await RawConnection.open(app.port);
    const client = await app.signedIn();
    const lines = ['Host: clock', `Cookie: ${client.cookieHeader()}`];
    connection.send(requestText(`HEAD ${path}`, lines));
    const head = await connection.answer('HEAD');
    connection.send(requestText(`GET ${path}`, lines));
    const get = await connection.answer('GET');

    expect(head.body).toBe('');
    expect(head.status).toBe(get.status);
    expect([...head.headers.keys()].toSorted()).toEqual([...get.headers.keys()].toSorted());
    expect(Number(head.headers.get('content-length'))).toBe(Buffer.byteLength(get.body));
  });

  test.each(['/nope', '/accounts/login', '/static/nope.js', '//', '/api/initial_state/', '/time/tic', '/%2e%2e/etc'])(
    'the unknown path %s is 404 for every method',
    async (path) => {
      for (const method of ['GET', 'POST', 'PUT', 'OPTIONS']) {
        const response = await app.client().fetch(path, { method });
        expect(response.status).toBe(404);
      }
    },
  );

  test.each([
    ['/', 'GET, HEAD', ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']],
    ['/accounts/login/', 'GET, HEAD, POST', ['PUT', 'DELETE', 'OPTIONS']],
    ['/accounts/logout/', 'POST', ['GET', 'HEAD', 'PUT']],
    ['/accounts/password_change/', 'GET, HEAD, POST', ['PUT']],
    ['/api/initial_state', 'GET, HEAD', ['POST', 'DELETE', 'OPTIONS']],
    ['/health', 'GET, HEAD', ['POST']],
    ['/ready', 'GET, HEAD', ['POST']],
    ['/favicon.ico', 'GET, HEAD', ['POST']],
  ])('%s allows %s and answers other methods with 405', async (path, allow, wrong) => {
    for (const method of wrong) {
      const response = await app.client().fetch(path, { method });
      expect(response.status).toBe(405);
      expect(response.headers.get('allow')).toBe(allow);
    }
  });

  test('errors under /api/ are problem details with a type of their own, for every method', async () => {
    for (const [method, path, status, kind] of [
      ['GET', '/api/nope', 404, 'not-found'],
      ['POST', '/api/initial_state', 405, 'method-not-allowed'],
    ] as const) {
      const response = await app.client().fetch(path, { method });
      expect(response.headers.get('content-type')).toBe('application/problem+json');
      const problem = await response.json();
      expect(problem).toMatchObject({ type: `urn:problem-type:clock:${kind}`, status });
      expect(problem).toHaveProperty('detail');
    }
  });

  test('errors at other paths are pages', async () => {
    const response = await app.client().fetch('/nope');
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(await response.text()).toMatch(/^<!doctype html>[^]*404/);
  });
});

describe('headers', () => {
  const requests: [string, string, RequestInit][] = [
    ['a page', '/', {}],
    ['a redirect', '/', { headers: { cookie: '' } }],
    ['a 403', '/accounts/login/', { method: 'POST', headers: form, body: 'username=a' }],
    ['a 404', '/nope', {}],
    ['a static file that is missing', '/static/nope.js', {}],
    ['a 405', '/', { method: 'POST' }],
    ['a 413', '/accounts/login/', { method: 'POST', headers: form, body: 'a'.repeat(17_000) }],
    ['a 426', '/time/tic/', {}],
    ['a file at the root', '/favicon.ico', {}],
    ['a probe', '/health', {}],
  ];

  const unloading: [string, string, RequestInit][] = [
    ['the API', '/api/initial_state', {}],
    ['a 401', '/api/initial_state', { headers: { cookie: '' } }],
  ];

  test.each(requests)('of %s forbid scripts and frames of other origins', async (_, path, init) => {
    const { headers } = await (await app.signedIn()).fetch(path, init);
    const { host } = new URL(app.url);
    const policy = headers.get('content-security-policy')?.split(';').toSorted();
    expect(policy).toEqual([
      "base-uri 'none'",
      `connect-src 'self' ws://${host} wss://${host}`,
      "default-src 'none'",
      "font-src 'self'",
      "form-action 'self'",
      "frame-ancestors 'none'",
      "img-src 'self'",
      "manifest-src 'self'",
      "script-src 'self'",
      "style-src 'self'",
      "worker-src 'self'",
    ]);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('referrer-policy')).toBe('same-origin');
    expect(headers.has('strict-transport-security')).toBe(false);
    expect([...headers.keys()].filter((name) => name.startsWith('access-control-'))).toEqual([]);
  });

  test.each(unloading)('of %s forbid it to load anything', async (_, path, init) => {
    const { headers } = await (await app.signedIn()).fetch(path, init);
    expect(headers.get('content-security-policy')).toBe("default-src 'none';base-uri 'none';frame-ancestors 'none'");
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('referrer-policy')).toBe('same-origin');
  });

  test.each([...requests, ...unloading].filter(([what]) => !['a file at the root', 'a probe'].includes(what)))(
    'of %s forbid caches to store it',
    async (_, path, init) => {
      const { headers } = await (await app.signedIn()).fetch(path, init);
      expect(headers.get('cache-control')).toBe('no-store');
    },
  );
});
