import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Refused } from '../support/client.ts';
import { encodedAnswer } from '../support/encoded-answer.ts';
import { RawConnection, requestText } from '../support/raw-connection.ts';
import { WebApp } from '../support/web-app.ts';

const pageOrigin = 'https://intranet.example.org';
const cors = {
  'access-control-allow-origin': pageOrigin,
  'access-control-allow-headers': 'authorization, content-type',
  'access-control-expose-headers': 'Retry-After',
};

let app: WebApp;

beforeAll(async () => {
  app = await WebApp.start({
    config: { pageOrigins: [pageOrigin], allowedOrigins: ['https://allowed.example.org'] },
  });
});

afterAll(async () => {
  await app[Symbol.asyncDispose]();
});

const from = (origin: string): Record<string, string> => ({ Origin: origin });

async function ticket(): Promise<string> {
  const response = await app.client().fetch('/api/ticket', { method: 'POST', headers: await app.bearer() });
  return ((await response.json()) as { ticket: string }).ticket;
}

async function statusOf(query: string, headers: Record<string, string>): Promise<number> {
  try {
    using socket = await app.client().connect(query, headers);
    return socket.socket.readyState === socket.socket.OPEN ? 101 : 0;
  } catch (error) {
    if (error instanceof Refused) return error.status;
    throw error;
  }
}

describe('a page of an origin that --page-origins names', () => {
  test.each([
    ['GET', '/api/initial_state', 200],
    ['GET', '/api/zones?names=Asia/Tokyo', 200],
    ['GET', '/api/zones?names=Atlantis', 404],
    ['GET', '/api/initial_state?channel=none', 404],
    ['POST', '/api/ticket', 200],
    ['GET', '/api/ticket', 405],
  ] as const)('may read the response of %s %s', async (method, path, status) => {
    const headers = { ...from(pageOrigin), ...(await app.bearer()) };
    const response = await app.client().fetch(path, { method, headers });
    expect(response.status).toBe(status);
    expect(Object.fromEntries(response.headers)).toMatchObject(cors);
    expect(response.headers.get('vary')).toContain('Origin');
    expect(response.headers.has('access-control-allow-credentials')).toBe(false);
  });

  test('may read that it is signed out', async () => {
    const response = await app.client().fetch('/api/ticket', { method: 'POST', headers: from(pageOrigin) });
    expect(response.status).toBe(401);
    expect(Object.fromEntries(response.headers)).toMatchObject(cors);
  });

  test.each(['/api/initial_state', '/api/zones', '/api/ticket'])('gets 204 for OPTIONS %s', async (path) => {
    const headers = { ...from(pageOrigin), 'Access-Control-Request-Method': 'POST' };
    const response = await app.client().fetch(path, { method: 'OPTIONS', headers });
    expect(response.status).toBe(204);
    expect(Object.fromEntries(response.headers)).toMatchObject(cors);
    expect(response.headers.has('content-length')).toBe(false);
  });

  test('keeps its connection after OPTIONS', async () => {
    using connection = await RawConnection.open(app.port);
    connection.send(requestText('OPTIONS /api/ticket', ['Host: clock', `Origin: ${pageOrigin}`]));
    expect((await connection.answer('OPTIONS')).status).toBe(204);
    connection.send(requestText('GET /health', ['Host: clock']));
    expect((await connection.answer('GET')).body).toBe('{"status":"ok"}');
  });

  test('may open a socket with a ticket', async () => {
    expect(await statusOf(`?ticket=${await ticket()}`, from(pageOrigin))).toBe(101);
  });

  test('may not open a socket with a cookie or a token', async () => {
    const cookie = { cookie: (await app.signedIn()).cookieHeader() };
    expect(await statusOf('', { ...from(pageOrigin), ...cookie })).toBe(403);
    expect(await statusOf('', { ...from(pageOrigin), ...(await app.bearer()) })).toBe(403);
  });

  test.each(['/', '/api/screens', '/accounts/login/'])('may not read %s', async (path) => {
    const response = await app.client().fetch(path, { headers: from(pageOrigin) });
    expect(response.headers.has('access-control-allow-origin')).toBe(false);
  });
});

describe('a page of another origin', () => {
  test.each(['https://other.example.org', 'https://allowed.example.org', 'null'])(
    'may read nothing: %s',
    async (origin) => {
      for (const method of ['OPTIONS', 'GET']) {
        const headers = { ...from(origin), ...(await app.bearer()) };
        const response = await app.client().fetch('/api/initial_state', { method, headers });
        expect(response.status).toBe(method === 'GET' ? 200 : 405);
        expect(response.headers.has('access-control-allow-origin')).toBe(false);
      }
    },
  );

  test('may not open a socket with a ticket', async () => {
    expect(await statusOf(`?ticket=${await ticket()}`, from('https://other.example.org'))).toBe(403);
  });
});

describe('/clock-client.js', () => {
  test('may be imported by pages of any origin, also from their caches', async () => {
    for (const path of ['/clock-client.js', '/clock-client.d.ts']) {
      const response = await app.client().fetch(path, { headers: from('https://other.example.org') });
      expect(response.status).toBe(200);
      expect(response.headers.get('access-control-allow-origin')).toBe('*');
      expect(response.headers.get('cache-control')).toBe('no-cache');
      const headers = { 'If-None-Match': response.headers.get('etag') ?? '' };
      const revalidated = await app.client().fetch(path, { headers });
      expect(revalidated.status).toBe(304);
      expect(revalidated.headers.get('access-control-allow-origin')).toBe('*');
    }
  });

  test('is a script of at most 8 kB, compressed', async () => {
    const { headers, bytes, text } = await encodedAnswer(`${app.url}/clock-client.js`, 'br');
    expect(headers.get('content-type')).toMatch(/^text\/javascript/);
    expect(text).toContain('as connect');
    expect(bytes).toBeLessThan(8_192);
  });
});
