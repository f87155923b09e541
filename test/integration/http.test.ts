import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RawConnection, requestText } from '../support/raw-connection.ts';
import { WebApp } from '../support/web-app.ts';

let app: WebApp;
beforeAll(async () => {
  app = await WebApp.start();
});
afterAll(() => app[Symbol.asyncDispose]());

const form = { 'Content-Type': 'application/x-www-form-urlencoded' };

describe('signed out', () => {
  test.each([
    ['/', '/accounts/login/?next=/'],
    ['/?a=1&b=/c', '/accounts/login/?next=/%3Fa%3D1%26b%3D/c'],
    ['/accounts/password_change/', '/accounts/login/?next=/accounts/password_change/'],
  ])('GET %s leads to the form, and back afterwards', async (path, location) => {
    const response = await app.client().fetch(path);
    expect(response.status).toBe(302);
    expect(response.headers.get('location')).toBe(location);
  });

  test('the form has the four fields, and next as it was given', async () => {
    const response = await app.client().fetch('/accounts/login/?next=/%3Fface%3Danalog');
    const body = await response.text();
    expect(response.status).toBe(200);
    for (const name of ['username', 'password', 'csrfmiddlewaretoken', 'next'])
      expect(body).toContain(`name="${name}"`);
    expect(body).toContain('value="/?face=analog"');
  });

  test('POST /accounts/logout/ leads to the form', async () => {
    const response = await app.client().signOut();
    expect(response.status).toBe(302);
    expect(response.headers.get('location')).toBe('/accounts/login/');
  });

  test('POST /accounts/password_change/ leads to the form', async () => {
    const response = await app.client().post('/accounts/password_change/', {});
    expect(response.status).toBe(302);
    expect(response.headers.get('location')).toBe('/accounts/login/?next=/accounts/password_change/');
  });

  test('the initial state is refused with 401, as problem details', async () => {
    const response = await app.client().fetch('/api/initial_state');
    expect(response.status).toBe(401);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(await response.json()).toMatchObject({ status: 401, title: 'Unauthorized' });
  });

  test('a handshake is refused with 401', async () => {
    await expect(app.client().connect()).rejects.toMatchObject({ status: 401 });
  });

  test.each([
    ['/health', { status: 'ok' }],
    ['/ready', { status: 'ready' }],
  ])('%s answers 200', async (path, body) => {
    const response = await app.client().fetch(path);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual(body);
  });

  test('a forged cookie is nobody', async () => {
    const client = await app.signedIn();
    client.cookies.set('sessionid', `${client.cookies.get('sessionid')}x`);
    expect((await client.fetch('/')).status).toBe(302);
    expect((await client.fetch('/api/initial_state')).status).toBe(401);
  });
});

describe('signed in', () => {
  test('GET / is the page with the clock in #display', async () => {
    const response = await (await app.signedIn()).fetch('/');
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(await response.text()).toContain('id="display"');
  });

  test('the form leads on to next', async () => {
    const response = await (await app.signedIn()).fetch('/accounts/login/?next=/%3Fface%3Danalog');
    expect(response.status).toBe(302);
    expect(response.headers.get('location')).toBe('/?face=analog');
  });

  test('the password page is shown', async () => {
    const response = await (await app.signedIn()).fetch('/accounts/password_change/');
    expect(response.status).toBe(200);
    const body = await response.text();
    for (const name of ['old_password', 'new_password1', 'new_password2']) expect(body).toContain(`name="${name}"`);
  });

  test('POST /accounts/logout/ ends the session and takes its cookie back', async () => {
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

describe('initial state', () => {
  test('before the first tick ever is null and stale', async () => {
    await using fresh = await WebApp.start();
    const response = await (await fresh.signedIn()).fetch('/api/initial_state');
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.json()).toMatchObject({
      current: null,
      at: null,
      seq: null,
      channel: 'time',
      interval: 500,
      stale: true,
      spread: 500,
      build: app.build,
    });
  });

  test('is the last tick, with what a screen needs to carry on', async () => {
    const at = Math.floor(Date.now());
    await app.tick('15:03:27', { at });
    const response = await (await app.signedIn()).fetch('/api/initial_state');
    const state = await response.json();
    expect(state).toEqual({
      current: '15:03:27',
      at,
      seq: Math.floor(at / 50),
      channel: 'time',
      zone: 'Europe/Madrid',
      interval: 500,
      stale: false,
      spread: 500,
      build: app.build,
    });
  });

  test('is stale when no tick came for two seconds', async () => {
    await using fresh = await WebApp.start();
    await fresh.tick('15:03:27');
    fresh.backend.time.aheadMs = 2_100;
    const state = await (await (await fresh.signedIn()).fetch('/api/initial_state')).json();
    expect(state).toMatchObject({ current: '15:03:27', stale: true });
  });

  test('of another channel is that one’s', async () => {
    await app.tick('2026-11-25', { task: 'date', everyMs: 60_000 });
    const response = await (await app.signedIn()).fetch('/api/initial_state?channel=date');
    expect(await response.json()).toMatchObject({ current: '2026-11-25', channel: 'date', interval: 60_000 });
  });

  test.each(['nope', '', 'time,date'])('of the unknown channel "%s" is 404', async (channel) => {
    const response = await (await app.signedIn()).fetch(`/api/initial_state?channel=${channel}`);
    expect(response.status).toBe(404);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
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
  ])('HEAD %s is like GET without the body, and the connection goes on', async (path) => {
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
    'the unknown path %s is 404, whatever the method',
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
  ])('%s allows %s, and says so in a 405', async (path, allow, wrong) => {
    for (const method of wrong) {
      const response = await app.client().fetch(path, { method });
      expect(response.status).toBe(405);
      expect(response.headers.get('allow')).toBe(allow);
    }
  });

  test('errors are problem details under /api/, for any method', async () => {
    for (const [method, path, status] of [
      ['GET', '/api/nope', 404],
      ['POST', '/api/initial_state', 405],
    ] as const) {
      const response = await app.client().fetch(path, { method });
      expect(response.headers.get('content-type')).toBe('application/problem+json');
      const problem = await response.json();
      expect(problem).toMatchObject({ type: 'about:blank', status });
      expect(problem).toHaveProperty('detail');
    }
  });

  test('errors are pages elsewhere', async () => {
    const response = await app.client().fetch('/nope');
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(await response.text()).toMatch(/^<!doctype html>[^]*404/);
  });
});

describe('headers', () => {
  const requests: [string, string, RequestInit][] = [
    ['a page', '/', {}],
    ['a redirect', '/', { headers: { cookie: '' } }],
    ['the API', '/api/initial_state', {}],
    ['a 401', '/api/initial_state', { headers: { cookie: '' } }],
    ['a 403', '/accounts/login/', { method: 'POST', headers: form, body: 'username=a' }],
    ['a 404', '/nope', {}],
    ['a 405', '/', { method: 'POST' }],
    ['a 413', '/accounts/login/', { method: 'POST', headers: form, body: 'a'.repeat(17_000) }],
    ['a 426', '/time/tic/', {}],
    ['a static file', '/favicon.ico', {}],
    ['a probe', '/health', {}],
  ];

  test.each(requests)('of %s keep foreign pages and scripts out', async (_, path, init) => {
    const { headers } = await (await app.signedIn()).fetch(path, init);
    const policy = headers.get('content-security-policy')?.split('; ').toSorted();
    expect(policy).toEqual([
      "base-uri 'none'",
      "connect-src 'self'",
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

  test.each(requests.filter(([what]) => !['a static file', 'a probe'].includes(what)))(
    'of %s forbid to store it',
    async (_, path, init) => {
      const { headers } = await (await app.signedIn()).fetch(path, init);
      expect(headers.get('cache-control')).toBe('no-store');
    },
  );
});
