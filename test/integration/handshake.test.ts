import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask, RawConnection, requestText, type RawAnswer } from '../support/raw-connection.ts';
import { recordedLog } from '../support/recorded-log.ts';
import { until } from '../support/until.ts';
import { WebApp } from '../support/web-app.ts';

const { log, lines } = recordedLog();
let app: WebApp;
let full: WebApp;
beforeAll(async () => {
  app = await WebApp.start({ log, config: { allowedOrigins: ['https://screens.example.org'] } });
  full = await WebApp.start({ config: { maxSockets: 0 } });
});
afterAll(async () => {
  await app[Symbol.asyncDispose]();
  await full[Symbol.asyncDispose]();
});

/** The parts of a handshake. */
interface Handshake {
  method: string;
  query: string;
  headers: Record<string, string | undefined>;
}

async function validHandshake(of: WebApp = app): Promise<Handshake> {
  const client = await of.signedIn();
  return {
    method: 'GET',
    query: '',
    headers: {
      Host: `127.0.0.1:${of.port}`,
      Connection: 'keep-alive, Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
      Cookie: client.cookieHeader(),
    },
  };
}

function textOf({ method, query, headers }: Handshake): string {
  const fields = Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`]));
  return requestText(`${method} /time/tic/${query}`, fields);
}

function send(handshake: Handshake, of: WebApp = app): Promise<RawAnswer> {
  return ask(of.port, textOf(handshake));
}

describe('a valid handshake', () => {
  test('is answered with 101, without an extension or subprotocol', async () => {
    const handshake = await validHandshake();
    handshake.headers['Sec-WebSocket-Extensions'] = 'permessage-deflate; client_max_window_bits';
    handshake.headers['Sec-WebSocket-Protocol'] = 'clock';
    handshake.headers['Sec-WebSocket-Key'] = 'dGhlIHNhbXBsZSBub25jZQ==';
    const { status, headers } = await send(handshake);
    expect(status).toBe(101);
    expect(headers.get('sec-websocket-accept')).toBe('s3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
    expect(headers.has('sec-websocket-extensions')).toBe(false);
    expect(headers.has('sec-websocket-protocol')).toBe(false);
  });

  test.each<[string, (handshake: Handshake) => void]>([
    ['in another case', ({ headers }) => Object.assign(headers, { Upgrade: 'WebSocket', Connection: 'upgrade' })],
    ['from our own page', ({ headers }) => Object.assign(headers, { Origin: app.url })],
    [
      'from our own page behind a TLS proxy',
      ({ headers }) => Object.assign(headers, { Origin: app.url.replace('http:', 'https:') }),
    ],
    ['from an allowed origin', ({ headers }) => Object.assign(headers, { Origin: 'https://screens.example.org' })],
    ['from a program, without an origin', ({ headers }) => Object.assign(headers, { Origin: undefined })],
    ['for two channels', (handshake) => (handshake.query = '?channels=time,date')],
    ['for one tick per second', (handshake) => (handshake.query = '?every=1000')],
    ['with an unknown parameter', (handshake) => (handshake.query = '?v=2')],
  ])('%s is accepted', async (_, change) => {
    const handshake = await validHandshake();
    change(handshake);
    expect((await send(handshake)).status).toBe(101);
  });

  test('of a session whose record was read is answered although a frame follows in the same packet', async () => {
    const handshake = await validHandshake();
    await send(handshake);
    using connection = await RawConnection.open(app.port);
    const frame = Buffer.concat([Buffer.from([0x81, 0x80 | 10, 0, 0, 0, 0]), Buffer.from('{"sync":7}')]);
    connection.send(Buffer.concat([Buffer.from(textOf(handshake)), frame]));
    expect((await connection.answer()).status).toBe(101);
  });
});

/** What can be wrong, in the order of the checks. */
const faults: [status: number, what: string, apply: (handshake: Handshake) => void][] = [
  [405, 'its method', (handshake) => (handshake.method = 'POST')],
  [426, 'its version', ({ headers }) => (headers['Sec-WebSocket-Version'] = '12')],
  [400, 'its key', ({ headers }) => (headers['Sec-WebSocket-Key'] = 'short')],
  [401, 'its credential', ({ headers }) => (headers['Cookie'] = 'sessionid=forged')],
  [403, 'its origin', ({ headers }) => (headers['Origin'] = 'https://evil.example')],
  [404, 'its channel', (handshake) => (handshake.query += '&channels=nope')],
];

describe('a handshake with several faults', () => {
  test.each(faults.map(([status, what], index) => [what, status, index] as const))(
    'is refused for %s, the first of them, with %i',
    async (_, status, index) => {
      const handshake = await validHandshake();
      handshake.query = '?';
      for (const [, , apply] of faults.slice(index)) apply(handshake);
      expect((await send(handshake)).status).toBe(status);
    },
  );

  test('is refused by a full server before its credential is checked, with Retry-After', async () => {
    const handshake = await validHandshake(full);
    handshake.headers['Cookie'] = undefined;
    const { status, headers } = await send(handshake, full);
    expect(status).toBe(503);
    expect(Number(headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
  });

  test('is refused for its credential and its origin during an outage of the backend, too', async () => {
    app.backend.staged = 'redis-down';
    try {
      const unknown = await validHandshake();
      unknown.headers['Cookie'] = undefined;
      expect((await send(unknown)).status).toBe(401);
      const foreign = await validHandshake();
      foreign.headers['Origin'] = 'https://evil.example';
      expect((await send(foreign)).status).toBe(403);
      const right = await send(await validHandshake());
      expect(right.status).toBe(503);
      expect(Number(right.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    } finally {
      app.backend.staged = null;
    }
  });

  test('is refused with 401 for a missing record before its channel, and after its origin', async () => {
    const handshake = await validHandshake();
    const session = await app.auth.sessions.open('ada', await app.account('ada'));
    await app.backend.records.delete('session', session.recordId);
    // Not in the cache of the other process.
    await using other = await WebApp.start({ beside: app });
    handshake.headers['Cookie'] = `sessionid=${session.credential}`;
    handshake.headers['Host'] = `127.0.0.1:${other.port}`;
    handshake.query = '?channels=nope';
    expect((await send(handshake, other)).status).toBe(401);
    handshake.headers['Origin'] = 'https://evil.example';
    expect((await send(handshake, other)).status).toBe(403);
  });
});

describe('a handshake is refused', () => {
  test('with a page that is not compressed, whatever the client accepts', async () => {
    const handshake = await validHandshake();
    Object.assign(handshake.headers, { Cookie: undefined, 'Accept-Encoding': 'gzip, deflate, br' });
    const { status, headers, body } = await send(handshake);
    expect(status).toBe(401);
    expect(headers.has('content-encoding')).toBe(false);
    expect(body).toContain('Sign in first.');
  });

  test.each(['HEAD', 'POST', 'PUT', 'OPTIONS', 'DELETE'])('with 405 for the method %s', async (method) => {
    const { status, headers } = await send({ ...(await validHandshake()), method });
    expect(status).toBe(405);
    expect(headers.get('allow')).toBe('GET');
  });

  test.each([undefined, '12', '8', '14', 'x', '013'])('with 426 for the version %s', async (version) => {
    const handshake = await validHandshake();
    handshake.headers['Sec-WebSocket-Version'] = version;
    const { status, headers } = await send(handshake);
    expect(status).toBe(426);
    expect(headers.get('sec-websocket-version')).toBe('13');
    expect(headers.get('upgrade')).toBe('websocket');
  });

  test.each<[string, Record<string, string | undefined>]>([
    ['no Upgrade', { Upgrade: undefined }],
    ['another Upgrade', { Upgrade: 'h2c' }],
    ['no Connection', { Connection: undefined }],
    ['a Connection without upgrade', { Connection: 'keep-alive' }],
    ['no key', { 'Sec-WebSocket-Key': undefined }],
    ['an empty key', { 'Sec-WebSocket-Key': '' }],
    ['a key of 15 bytes', { 'Sec-WebSocket-Key': Buffer.alloc(15).toString('base64') }],
    ['a key of 17 bytes', { 'Sec-WebSocket-Key': Buffer.alloc(17).toString('base64') }],
    ['a key that is not base64', { 'Sec-WebSocket-Key': '!'.repeat(24) }],
    ['a second key', { 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==' }],
    ['a second version', { 'sec-websocket-version': '13' }],
  ])('with 400 for %s', async (_, headers) => {
    const handshake = await validHandshake();
    Object.assign(handshake.headers, headers);
    expect((await send(handshake)).status).toBe(400);
  });

  test.each(['500', '1', '', '1000.0', '1000&every=1000'])('with 400 for every=%s', async (every) => {
    expect((await send({ ...(await validHandshake()), query: `?every=${every}` })).status).toBe(400);
  });

  test.each(['', 'nope', 'time,nope', 'time,time', 'time,', ',', 'TIME', 'time&channels=time', 'a,b,c,d,e,f,g,h,i'])(
    'with 404 for the channels "%s"',
    async (channels) => {
      const { status, body } = await send({ ...(await validHandshake()), query: `?channels=${channels}` });
      expect(status).toBe(404);
      expect(body).not.toContain('time, date');
    },
  );

  test.each([
    'http://evil.example',
    'null',
    '',
    'http://127.0.0.1',
    'http://127.0.0.1:1',
    'http://localhost:PORT',
    'http://127.0.0.1:PORT.evil.example',
    'http://evil.example#127.0.0.1:PORT',
    'http://user@127.0.0.1:PORT',
    'http://127.0.0.1:PORT/',
    'ws://127.0.0.1:PORT',
    'file://127.0.0.1:PORT',
    'https://screens.example.org.evil.example',
    'http://screens.example.org',
    'https://SCREENS.example.org',
  ])('with 403 for the origin "%s"', async (origin) => {
    const handshake = await validHandshake();
    handshake.headers['Origin'] = origin.replace('PORT', String(app.port));
    expect((await send(handshake)).status).toBe(403);
  });

  test('for a foreign origin with a log line that names both origins and the option', async () => {
    const handshake = await validHandshake();
    handshake.headers['Origin'] = 'https://near.example';
    await send(handshake);
    const line = lines.find(({ origin }) => origin === 'https://near.example');
    expect(line?.msg).toContain('--allowed-origins');
    expect(line?.['host']).toBe(`127.0.0.1:${app.port}`);
  });

  test('with the headers and the page of every error', async () => {
    const handshake = await validHandshake();
    handshake.headers['Cookie'] = undefined;
    const { status, headers } = await send(handshake);
    expect(status).toBe(401);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
  });

  test('without opening a socket', async () => {
    await expect(app.client().connect()).rejects.toMatchObject({ status: 401 });
    await until(() => app.sockets === 0, 'no socket is left');
  });
});

test('a GET of the socket’s address without an upgrade is 426', async () => {
  const response = await (await app.signedIn()).fetch('/time/tic/');
  expect(response.status).toBe(426);
});

test('a handshake whose client has gone leaves no socket open', async () => {
  const connection = await RawConnection.open(app.port);
  connection.send(textOf(await validHandshake()));
  connection[Symbol.dispose]();
  const client = await app.signedIn();
  using socket = await client.connect();
  await app.tick('15:03:27');
  await socket.next();
  await until(() => app.sockets === 1, 'only that socket is open');
});
