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

/** A handshake in all its parts, each of which can be spoilt. */
interface Handshake {
  method: string;
  query: string;
  headers: Record<string, string | undefined>;
}

async function good(of: WebApp = app): Promise<Handshake> {
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

function knock(handshake: Handshake, of: WebApp = app): Promise<RawAnswer> {
  return ask(of.port, textOf(handshake));
}

describe('a good handshake', () => {
  test('is answered with 101, and neither extension nor subprotocol', async () => {
    const handshake = await good();
    handshake.headers['Sec-WebSocket-Extensions'] = 'permessage-deflate; client_max_window_bits';
    handshake.headers['Sec-WebSocket-Protocol'] = 'clock';
    handshake.headers['Sec-WebSocket-Key'] = 'dGhlIHNhbXBsZSBub25jZQ==';
    const { status, headers } = await knock(handshake);
    expect(status).toBe(101);
    expect(headers.get('sec-websocket-accept')).toBe('s3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
    expect(headers.has('sec-websocket-extensions')).toBe(false);
    expect(headers.has('sec-websocket-protocol')).toBe(false);
  });

  test.each<[string, (handshake: Handshake) => void]>([
    ['of any case', ({ headers }) => Object.assign(headers, { Upgrade: 'WebSocket', Connection: 'upgrade' })],
    ['from our own page', ({ headers }) => Object.assign(headers, { Origin: app.url })],
    [
      'from our own page behind a TLS proxy',
      ({ headers }) => Object.assign(headers, { Origin: app.url.replace('http:', 'https:') }),
    ],
    ['from an allowed origin', ({ headers }) => Object.assign(headers, { Origin: 'https://screens.example.org' })],
    ['from a program, without an origin', ({ headers }) => Object.assign(headers, { Origin: undefined })],
    ['for two channels', (handshake) => (handshake.query = '?channels=time,date')],
    ['for each second', (handshake) => (handshake.query = '?every=1000')],
    ['with parameters of others', (handshake) => (handshake.query = '?v=2')],
  ])('%s is let in', async (_, change) => {
    const handshake = await good();
    change(handshake);
    expect((await knock(handshake)).status).toBe(101);
  });

  test('with the first frame right behind it loses nothing', async () => {
    using connection = await RawConnection.open(app.port);
    const frame = Buffer.concat([Buffer.from([0x81, 0x80 | 10, 0, 0, 0, 0]), Buffer.from('{"sync":7}')]);
    connection.send(Buffer.concat([Buffer.from(textOf(await good())), frame]));
    expect((await connection.answer()).status).toBe(101);
  });
});

/** What can be wrong, in the order in which the contract has it checked. */
const wrongs: [status: number, what: string, spoil: (handshake: Handshake) => void][] = [
  [405, 'its method', (handshake) => (handshake.method = 'POST')],
  [426, 'its version', ({ headers }) => (headers['Sec-WebSocket-Version'] = '12')],
  [400, 'its key', ({ headers }) => (headers['Sec-WebSocket-Key'] = 'short')],
  [404, 'its channel', (handshake) => (handshake.query += '&channels=nope')],
  [401, 'its credential', ({ headers }) => (headers['Cookie'] = 'sessionid=forged')],
  [403, 'its origin', ({ headers }) => (headers['Origin'] = 'https://evil.example')],
];

describe('a handshake with several faults', () => {
  test.each(wrongs.map(([status, what], index) => [what, status, index] as const))(
    'is refused for %s before all that follows, with %i',
    async (_, status, index) => {
      const handshake = await good();
      handshake.query = '?';
      for (const [, , spoil] of wrongs.slice(index)) spoil(handshake);
      expect((await knock(handshake)).status).toBe(status);
    },
  );

  test('is refused for its channel before the full house', async () => {
    const handshake = { ...(await good(full)), query: '?channels=nope' };
    expect((await knock(handshake, full)).status).toBe(404);
  });

  test('is refused for the full house before its credential, and told when to come again', async () => {
    const handshake = await good(full);
    handshake.headers['Cookie'] = undefined;
    const { status, headers } = await knock(handshake, full);
    expect(status).toBe(503);
    expect(Number(headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
  });

  test('is refused for its credential, and its origin, while the backend is away', async () => {
    app.backend.staged = 'redis-down';
    try {
      const unknown = await good();
      unknown.headers['Cookie'] = undefined;
      expect((await knock(unknown)).status).toBe(401);
      const foreign = await good();
      foreign.headers['Origin'] = 'https://evil.example';
      expect((await knock(foreign)).status).toBe(403);
      const right = await knock(await good());
      expect(right.status).toBe(503);
      expect(Number(right.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    } finally {
      app.backend.staged = null;
    }
  });

  test('is refused with 401 last, when there is no such record', async () => {
    const handshake = await good();
    const session = await app.people.sessions.open('ada', await app.account('ada'));
    await app.backend.records.delete('session', session.recordId);
    // Another process has never seen it.
    await using other = await WebApp.start({ beside: app });
    handshake.headers['Cookie'] = `sessionid=${session.credential}`;
    handshake.headers['Host'] = `127.0.0.1:${other.port}`;
    expect((await knock(handshake, other)).status).toBe(401);
    handshake.headers['Origin'] = 'https://evil.example';
    expect((await knock(handshake, other)).status).toBe(403);
  });
});

describe('a handshake is refused', () => {
  test.each(['HEAD', 'POST', 'PUT', 'OPTIONS', 'DELETE'])('with 405 for the method %s', async (method) => {
    const { status, headers } = await knock({ ...(await good()), method });
    expect(status).toBe(405);
    expect(headers.get('allow')).toBe('GET');
  });

  test.each([undefined, '12', '8', '14', 'x', '013'])('with 426 for the version %s', async (version) => {
    const handshake = await good();
    handshake.headers['Sec-WebSocket-Version'] = version;
    const { status, headers } = await knock(handshake);
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
    ['a key that is no base64', { 'Sec-WebSocket-Key': '!'.repeat(24) }],
    ['a second key', { 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==' }],
    ['a second version', { 'sec-websocket-version': '13' }],
  ])('with 400 for %s', async (_, headers) => {
    const handshake = await good();
    Object.assign(handshake.headers, headers);
    expect((await knock(handshake)).status).toBe(400);
  });

  test.each(['500', '1', '', '1000.0', '1000&every=1000'])('with 400 for every=%s', async (every) => {
    expect((await knock({ ...(await good()), query: `?every=${every}` })).status).toBe(400);
  });

  test.each(['', 'nope', 'time,nope', 'time,time', 'time,', ',', 'TIME', 'time&channels=time', 'a,b,c,d,e,f,g,h,i'])(
    'with 404 for the channels "%s"',
    async (channels) => {
      expect((await knock({ ...(await good()), query: `?channels=${channels}` })).status).toBe(404);
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
    const handshake = await good();
    handshake.headers['Origin'] = origin.replace('PORT', String(app.port));
    expect((await knock(handshake)).status).toBe(403);
  });

  test('for a foreign origin with a line in the log that names both and the option', async () => {
    const handshake = await good();
    handshake.headers['Origin'] = 'https://near.example';
    await knock(handshake);
    const line = lines.find(({ origin }) => origin === 'https://near.example');
    expect(line?.msg).toContain('--allowed-origins');
    expect(line?.['host']).toBe(`127.0.0.1:${app.port}`);
  });

  test('with the headers and the page of every refusal', async () => {
    const handshake = await good();
    handshake.headers['Cookie'] = undefined;
    const { status, headers } = await knock(handshake);
    expect(status).toBe(401);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
  });

  test('and opens no socket', async () => {
    await expect(app.client().connect()).rejects.toMatchObject({ status: 401 });
    await until(() => app.sockets === 0, 'no socket is left');
  });
});

test('a plain GET of the socket’s address is 426', async () => {
  const response = await (await app.signedIn()).fetch('/time/tic/');
  expect(response.status).toBe(426);
});

test('a client that is gone before it was let in leaves nothing behind', async () => {
  const connection = await RawConnection.open(app.port);
  connection.send(textOf(await good()));
  connection[Symbol.dispose]();
  const client = await app.signedIn();
  using socket = await client.connect();
  await app.tick('15:03:27');
  await socket.next();
  await until(() => app.sockets === 1, 'that one alone is left');
});
