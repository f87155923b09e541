import { request, type RequestOptions } from 'node:https';
import { text } from 'node:stream/consumers';
import WebSocket from 'ws';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { selfSignedCertificate, type Certificate } from '../support/certificate.ts';
import { TestSocket } from '../support/client.ts';
import { WebApp } from '../support/web-app.ts';
import { ask, requestText } from '../support/raw-connection.ts';
import { recordedLog } from '../support/recorded-log.ts';
import { parseAddressRange } from '../../src/addresses.ts';

const password = 'a long enough password';
const token = 'c'.repeat(43);
const signIn = new URLSearchParams({ csrfmiddlewaretoken: token, username: 'ada', password }).toString();
const formType = 'application/x-www-form-urlencoded';

describe('over TLS', () => {
  let certificate: Certificate;
  let app: WebApp;
  beforeAll(async () => {
    certificate = await selfSignedCertificate();
    app = await WebApp.start({ tls: certificate });
    await app.people.accounts.add('ada', password, false);
  });
  afterAll(async () => {
    await app[Symbol.asyncDispose]();
    await certificate.remove();
  });

  function get(path: string, options: RequestOptions = {}, body = ''): Promise<{ status: number; headers: Headers }> {
    const { promise, resolve, reject } = Promise.withResolvers<{ status: number; headers: Headers }>();
    const sent = request(app.url + path, { ca: certificate.cert, ...options }, (response) => {
      const headers = new Headers(
        Object.entries(response.headersDistinct).flatMap(([name, values = []]) =>
          values.map((value): [string, string] => [name, value]),
        ),
      );
      void text(response).then(() => resolve({ status: response.statusCode ?? 0, headers }));
    });
    sent.on('error', reject);
    sent.end(body);
    return promise;
  }

  test('every answer binds the browser to https for a year', async () => {
    for (const path of ['/', '/nope', '/health', '/favicon.ico', '/time/tic/']) {
      expect((await get(path)).headers.get('strict-transport-security')).toBe('max-age=31536000');
    }
  });

  test('the session’s cookie is __Host- and Secure, and lets in', async () => {
    const headers = { Cookie: `csrftoken=${token}`, 'Content-Type': formType, Origin: app.url };
    const response = await get('/accounts/login/', { method: 'POST', headers }, signIn);
    expect(response.status).toBe(302);
    const [cookie = ''] = response.headers.getSetCookie();
    const [pair = '', ...attributes] = cookie.split('; ');
    expect(pair).toMatch(/^__Host-sessionid=/);
    expect(attributes).toEqual(expect.arrayContaining(['Secure', 'HttpOnly', 'Path=/', 'SameSite=Lax']));
    expect((await get('/', { headers: { Cookie: pair } })).status).toBe(200);
    expect((await get('/', { headers: { Cookie: pair.replace('__Host-', '') } })).status).toBe(302);

    const socket = new WebSocket(`${app.url.replace('https', 'wss')}/time/tic/`, {
      ca: certificate.cert,
      headers: { Cookie: pair, Origin: app.url },
    });
    using opened = new TestSocket(socket);
    await opened.opened;
    await app.tick('15:03:27');
    expect((await opened.nextTick()).text).toBe('15:03:27');
  });

  test('a page that came without it is foreign', async () => {
    const origin = app.url.replace('https', 'http');
    const headers = { Cookie: `csrftoken=${token}`, 'Content-Type': formType, Origin: origin };
    expect((await get('/accounts/login/', { method: 'POST', headers }, signIn)).status).toBe(403);
  });
});

describe('behind a proxy', () => {
  function visit(app: WebApp, lines: readonly string[]): ReturnType<typeof ask> {
    return ask(app.port, requestText('GET /accounts/login/', ['Host: clock', ...lines]));
  }

  test('that is trusted, what it says of TLS counts', async () => {
    await using app = await WebApp.start({ config: { trustedProxy: [parseAddressRange('127.0.0.0/8')] } });
    const secure = await visit(app, ['X-Forwarded-Proto: https']);
    expect(secure.headers.get('strict-transport-security')).toBe('max-age=31536000');
    expect(secure.headers.get('set-cookie')).toContain('Secure');
    const plain = await visit(app, ['X-Forwarded-Proto: http']);
    expect(plain.headers.has('strict-transport-security')).toBe(false);
  });

  test('that nobody named, it does not, and one line says so', async () => {
    const { log, lines } = recordedLog();
    await using app = await WebApp.start({ log });
    for (let times = 0; times < 3; times += 1) {
      const answer = await visit(app, ['X-Forwarded-Proto: https', 'X-Forwarded-For: 203.0.113.7']);
      expect(answer.headers.has('strict-transport-security')).toBe(false);
    }
    expect(lines.filter(({ msg }) => msg.includes('--trusted-proxy'))).toHaveLength(1);
  });
});
