import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask, askLast, RawConnection, requestText } from '../support/raw-connection.ts';
import { WebApp } from '../support/web-app.ts';

let app: WebApp;
beforeAll(async () => {
  app = await WebApp.start();
});
afterAll(() => app[Symbol.asyncDispose]());

const host = 'Host: clock';
const formType = 'Content-Type: application/x-www-form-urlencoded';

function fields(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `X-Field-${index}: v`);
}

describe('headers', () => {
  test('of 90 fields are accepted', async () => {
    const answer = await ask(app.port, requestText('GET /health', [host, ...fields(89), 'Connection: close']));
    expect(answer.status).toBe(200);
  });

  test('of nearly 16 KiB are accepted', async () => {
    const line = `X-Long: ${'a'.repeat(16_000)}`;
    expect((await ask(app.port, requestText('GET /health', [host, line]))).status).toBe(200);
  });

  test('of nearly 16 KiB are accepted in a handshake', async () => {
    const client = await app.signedIn();
    using socket = await client.connect('', { 'X-Long': 'a'.repeat(15_000) });
    await app.tick('15:03:27');
    expect((await socket.nextTick()).text).toBe('15:03:27');
  });

  test('of more than 100 fields are 431, and the connection is closed', async () => {
    const answer = await askLast(app.port, requestText('GET /health', [host, ...fields(101)]));
    expect(answer.status).toBe(431);
  });

  test.each([17, 40])('of %i KiB are 431, and the connection is closed', async (kib) => {
    const line = `X-Long: ${'a'.repeat(kib * 1_024)}`;
    const answer = await askLast(app.port, requestText('GET /health', [host, line]));
    expect(answer.status).toBe(431);
  });

  test.each([
    ['Host', [host, 'Host: clock']],
    ['Host, another one', [host, 'Host: other']],
    ['Content-Length', [host, 'Content-Length: 1', 'Content-Length: 1']],
    ['Content-Length, another one', [host, 'Content-Length: 1', 'Content-Length: 2']],
    ['Transfer-Encoding', [host, 'Transfer-Encoding: chunked', 'Transfer-Encoding: chunked']],
  ])('with a repeated %s are 400, and the connection is closed', async (_, lines) => {
    const answer = await askLast(app.port, requestText('POST /accounts/login/', [...lines, formType], 'a'));
    expect(answer.status).toBe(400);
  });

  test('without Host are refused, and the connection is closed', async () => {
    using connection = await RawConnection.open(app.port);
    connection.send(requestText('GET /health', ['X-Field: v']));
    expect(await connection.closed()).toMatch(/^$|^HTTP\/1.1 400 /);
  });

  test.each(['chunked', 'identity', 'gzip, chunked', 'xchunked'])(
    'with Transfer-Encoding %s are 411, and the connection is closed',
    async (encoding) => {
      const lines = [host, formType, `Transfer-Encoding: ${encoding}`];
      const answer = await askLast(app.port, requestText('POST /accounts/login/', lines, '1\r\na\r\n0\r\n\r\n'));
      expect(answer.status).toBe(411);
    },
  );

  test.each(['-1', '1x', '+1', '0x10', '1, 1'])(
    'with the Content-Length %j are refused, and the connection is closed',
    async (length) => {
      using connection = await RawConnection.open(app.port);
      connection.send(requestText('POST /accounts/login/', [host, formType, `Content-Length: ${length}`], 'a'));
      expect(await connection.closed()).toMatch(/^$|^HTTP\/1.1 400 /);
    },
  );

  test('that are refused in a HEAD request close the connection, too', async () => {
    const answer = await askLast(app.port, requestText('HEAD /health', [host, 'Transfer-Encoding: chunked']));
    expect(answer.status).toBe(411);
  });
});

describe('a refusal that does not depend on the route', () => {
  test.each(['/', '/api/nope'])('at %s has the headers and format of every error', async (path) => {
    const answer = await ask(app.port, requestText(`GET ${path}`, [host, ...fields(95), `X: ${'a'.repeat(16_384)}`]));
    expect(answer.status).toBe(431);
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
    const isApi = path.startsWith('/api/');
    expect(answer.headers.get('content-type')).toMatch(isApi ? /problem\+json/ : /text\/html/);
  });
});

describe('what follows a refused request in the same packet', () => {
  const next = requestText('GET /health', [host]);
  const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==';
  const upgrade = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'];
  const post = (lines: readonly string[], body = ''): string =>
    requestText('POST /accounts/login/', [host, formType, ...lines], body);

  test.each([
    ['a repeated Host', 400, requestText('GET /health', [host, host])],
    ['another Host', 400, requestText('GET /health', [host, 'Host: other'])],
    ['a malformed Host', 400, requestText('GET /health', ['Host: a/b'])],
    ['a repeated Origin', 400, requestText('GET /health', [host, 'Origin: http://a', 'Origin: http://b'])],
    ['a repeated Content-Length', 400, post(['Content-Length: 1', 'Content-Length: 1'], 'a')],
    ['a Content-Length of 0 and another', 400, post(['Content-Length: 0', `Content-Length: ${next.length}`])],
    ['a Content-Length and one of 0', 400, post([`Content-Length: ${next.length}`, 'Content-Length: 0'])],
    ['a Content-Length with a sign', 400, post(['Content-Length: +0'])],
    ['a repeated Transfer-Encoding', 400, post(['Transfer-Encoding: chunked', 'Transfer-Encoding: identity'])],
    ['a repeated key of a handshake', 400, requestText('GET /time/tic/', [host, ...upgrade, key, key])],
    ['chunks', 411, post(['Transfer-Encoding: chunked'], '1\r\na\r\n0\r\n\r\n')],
    ['chunks and a length', 411, post(['Content-Length: 5', 'Transfer-Encoding: chunked'], '0\r\n\r\n')],
    ['an unknown coding', 411, post(['Transfer-Encoding: xchunked'])],
    ['an unknown coding of a HEAD', 411, requestText('HEAD /health', [host, 'Transfer-Encoding: x'])],
    [
      'an unknown coding of a handshake',
      411,
      requestText('GET /time/tic/', [host, ...upgrade, key, 'Transfer-Encoding: x']),
    ],
    ['a body that is too large', 413, post(['Content-Length: 16385'], 'a'.repeat(16_385))],
    ['a body that is announced as too large', 413, post(['Content-Length: 1000000000'])],
    ['too many fields', 431, requestText('GET /health', [host, ...fields(101)])],
    ['too large headers', 431, requestText('GET /health', [host, `X-Long: ${'a'.repeat(17 * 1_024)}`])],
  ])('is not read after %s: %i and a close, or a cut', async (_, status, request) => {
    for (const followers of [next, next + next, requestText('GET /time/tic/', [host, ...upgrade, key])]) {
      using connection = await RawConnection.open(app.port);
      connection.send(request + followers);
      const received = await connection.closed();
      // uWebSockets.js answers 400 or 505 itself if what follows is not a request.
      expect(received).toMatch(new RegExp(`^$|^HTTP/1.1 (${status}|400|505) `));
      expect(received.split('HTTP/1.1').length).toBeLessThanOrEqual(2);
    }
  });

  test('is not read if it arrives in a separate packet either', async () => {
    using connection = await RawConnection.open(app.port);
    connection.send(requestText('GET /health', [host, host]));
    expect((await connection.answer()).status).toBe(400);
    connection.send(next);
    expect(await connection.closed()).toBe('');
  });
});

describe('a body', () => {
  function login(body: string): string {
    const lines = [host, formType, `Content-Length: ${Buffer.byteLength(body)}`];
    return requestText('POST /accounts/login/', lines, body);
  }

  test('of 16 KiB is accepted', async () => {
    expect((await ask(app.port, login('a'.repeat(16_384)))).status).toBe(403);
  });

  test('of more than 16 KiB is 413, and the connection is closed', async () => {
    expect((await askLast(app.port, login('a'.repeat(16_385)))).status).toBe(413);
  });

  test('with a Content-Length that is too large is 413 before it is sent', async () => {
    const lines = [host, formType, 'Content-Length: 1000000000'];
    expect((await ask(app.port, requestText('POST /accounts/login/', lines))).status).toBe(413);
  });

  test('in pieces is assembled', async () => {
    using connection = await RawConnection.open(app.port);
    const token = 'c'.repeat(43);
    const body = `csrfmiddlewaretoken=${token}`;
    const lines = [host, formType, `Cookie: csrftoken=${token}`, `Content-Length: ${body.length}`];
    connection.send(requestText('POST /accounts/logout/', lines, body.slice(0, 10)));
    connection.send(body.slice(10, 30));
    connection.send(body.slice(30));
    expect((await connection.answer()).status).toBe(302);
  });

  test('of a GET is ignored, and not read as a second request', async () => {
    using connection = await RawConnection.open(app.port);
    const smuggled = requestText('GET /nope', [host]);
    connection.send(requestText('GET /health', [host, `Content-Length: ${smuggled.length}`], smuggled));
    expect((await connection.answer()).status).toBe(200);
    connection.send(requestText('GET /ready', [host]));
    expect((await connection.answer()).body).toContain('ready');
  });

  test('of an unknown path is 404', async () => {
    const lines = [host, 'Content-Length: 1'];
    expect((await ask(app.port, requestText('POST /nope', lines, 'a'))).status).toBe(404);
  });
});

describe('a target', () => {
  test.each(['/'.padEnd(4_000, 'a'), '/%00', '/%', '/?%', '/;,!$'])(
    'that is unusual is 404, not a 500',
    async (path) => {
      const answer = await ask(app.port, requestText(`GET ${path}`, [host]));
      expect([302, 404]).toContain(answer.status);
    },
  );

  test('that is not a path is refused', async () => {
    const answer = await ask(app.port, requestText('OPTIONS *', [host]));
    expect([400, 404, 505]).toContain(answer.status);
  });
});

describe('a connection', () => {
  test('serves one request after another', async () => {
    using connection = await RawConnection.open(app.port);
    connection.send(requestText('GET /health', [host]));
    expect((await connection.answer()).body).toContain('ok');
    connection.send(requestText('GET /nope', [host]));
    expect((await connection.answer()).status).toBe(404);
    connection.send(requestText('HEAD /nope', [host]));
    expect((await connection.answer('HEAD')).status).toBe(404);
    connection.send(requestText('GET /ready', [host]));
    expect((await connection.answer()).body).toContain('ready');
  });

  test('that is cut during a request does not affect others', async () => {
    for (const part of ['GET /hea', 'POST /accounts/login/ HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nab']) {
      const connection = await RawConnection.open(app.port);
      connection.send(part);
      connection[Symbol.dispose]();
    }
    expect((await app.client().fetch('/health')).status).toBe(200);
  });
});
