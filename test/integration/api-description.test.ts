import { readdirSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { Channels } from '../../src/channels/channels.ts';
import { Shows } from '../../src/channels/shows.ts';
import { closeCode } from '../../src/protocol.ts';
import { ScreenActions } from '../../src/screens/screen-actions.ts';
import { Screens } from '../../src/screens/screens.ts';
import { silentLogger } from '../../src/logger.ts';
import { statusOfKind } from '../../src/web/http-error.ts';
import { type Client, Refused, type TestSocket } from '../support/client.ts';
import { Description, type Schema } from '../support/json-schema.ts';
import { until } from '../support/until.ts';
import { WebApp } from '../support/web-app.ts';

interface Response_ {
  $ref?: string;
  content?: Record<string, { schema: Schema }>;
}
interface OpenApi {
  paths: Record<string, Record<string, { responses: Record<string, Response_> }>>;
  'x-every-path': Record<string, string>;
  components: { schemas: { Problem: { properties: { type: { enum: string[] } } } } };
}
interface AsyncApi {
  channels: { socket: { 'x-close-codes': Record<string, string> } };
  operations: Record<'send' | 'receive', { messages: { $ref: string }[] }>;
  components: { messages: Record<string, { payload: Schema }> };
}

const openapi = new Description<OpenApi>('openapi.yaml');
const asyncapi = new Description<AsyncApi>('asyncapi.yaml');
const pageOrigin = 'https://intranet.example.org';
const day = 86_400_000;

let app: WebApp;
let operator: Client;
let person: Client;
let screens: Screens;
/** `GET /api/zones 200`: what was answered so far, and what of it is not documented. */
const answered = new Set<string>();
const everyPath = new Set<string>();
const undocumented: string[] = [];

beforeAll(async () => {
  app = await WebApp.start({ config: { pageOrigins: [pageOrigin], maxSockets: 50 } });
  await app.account('eva');
  await app.auth.accounts.setOperator('eva', true);
  [operator, person] = [await app.signedIn('eva'), await app.signedIn('ada')];
  screens = new Screens(app.backend);
  await new Channels(app.backend).add('news', 'everyone');
  await new Channels(app.backend).add('control', 'operators');
  await app.tick('15:03:27');
});
afterEach(() => {
  app.backend.staged = null;
  vi.restoreAllMocks();
});
afterAll(() => app?.[Symbol.asyncDispose]());

/** Compares an answer with the description. */
function record(method: string, address: string, status: number, type: string | null, body: unknown): void {
  const [path = ''] = address.split('?');
  const name = `${method} ${path} ${status}`;
  const documented = openapi.content.paths[path]?.[method.toLowerCase()]?.responses[String(status)];
  if (documented === undefined) {
    if (!(String(status) in openapi.content['x-every-path'])) undocumented.push(name);
    everyPath.add(String(status));
    return;
  }
  answered.add(name);
  const { content } = (documented.$ref === undefined ? documented : openapi.follow(documented.$ref).found) as Response_;
  const schema = content?.[type?.split(';')[0] ?? '']?.schema;
  if (content !== undefined && schema === undefined) undocumented.push(`${name} ${type}`);
  if (schema !== undefined)
    undocumented.push(...openapi.problems(schema, body).map((problem) => `${name}: ${problem}`));
}

async function send(
  method: string,
  path: string,
  {
    client = app.client(),
    headers = {},
    body,
  }: { client?: Client; headers?: Record<string, string>; body?: unknown } = {},
): Promise<unknown> {
  const csrf = { 'X-CSRFToken': client.cookies.get('csrftoken') ?? '' };
  const sent = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) };
  const response = await client.fetch(path, { method, headers: { ...csrf, ...headers }, ...sent });
  const type = response.headers.get('content-type');
  const text = await response.text();
  const content: unknown = /json/.test(type ?? '') ? JSON.parse(text) : text;
  record(method, path, response.status, type, content);
  return content;
}

async function handshake(
  query: string,
  client: Client,
  headers: Record<string, string> = {},
): Promise<TestSocket | null> {
  try {
    const socket = await client.connect(query, headers);
    record('GET', '/time/tic/', 101, null, null);
    return socket;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    record('GET', '/time/tic/', error.status, null, null);
    return null;
  }
}

const tokenOf = async (publishes: readonly string[]): Promise<Record<string, string>> => {
  const token = await app.auth.tokens.issue('ada', await app.account('ada'), 3_600_000, undefined, publishes);
  return { Authorization: `Bearer ${token?.text}` };
};

/** During an outage, with a session that was not used for a minute. */
async function duringOutage(method: string, path: string, body?: unknown): Promise<void> {
  const client = await app.signedIn('eva');
  const headers = method === 'POST' && /publish|ticket/.test(path) ? await tokenOf(['news']) : {};
  app.backend.staged = 'redis-down';
  app.backend.time.aheadMs = 61_000;
  await send(method, path, { client, headers, body });
  app.backend.time.aheadMs = 0;
  app.backend.staged = null;
}

async function screenOf(id: string, group: string | null): Promise<Client> {
  await screens.takeName('screen', id, id);
  const { jti } = await screens.add(id, { name: id, group, face: '' }, 'eva');
  const client = app.client();
  client.cookies.set('sessionid', await app.auth.sessions.credentials.sign('screen', id, jti));
  return client;
}

describe('openapi.yaml', () => {
  test('lists the kinds of errors', () => {
    const kinds = Object.keys(statusOfKind).map((kind) => `urn:problem-type:clock:${kind}`);
    expect(openapi.content.components.schemas.Problem.properties.type.enum).toEqual(kinds);
  });

  test('lists every path for programs', () => {
    const directory = join(import.meta.dirname, '../../src/web');
    const files = readdirSync(directory).filter((name) => name.endsWith('.ts'));
    const sources = files.map((name) => readFileSync(join(directory, name), 'utf8'));
    const paths = sources
      .join('\n')
      .match(/(?<=')\/(?:api\/[a-z_]+|health|ready|time\/tic\/|clock-client\.[a-z.]+)(?=')/g);
    expect(Object.keys(openapi.content.paths).toSorted()).toEqual([...new Set(paths)].toSorted());
  });

  test('is what the server answers, and nothing else', async () => {
    const news = await tokenOf(['news', 'gone']);
    const shows = await tokenOf(['show']);
    for (const path of ['/api/initial_state', '/api/zones?names=UTC', '/api/show', '/api/screens', '/api/accounts']) {
      await send('GET', path);
      await send('GET', path, { client: operator });
      await send('GET', path, { client: person });
      await duringOutage('GET', path);
    }
    await send('GET', '/api/initial_state?channel=none', { client: person });
    await send('GET', '/api/initial_state?channel=control', { client: person });
    await send('GET', '/api/initial_state?channel=news', { client: person });
    await send('GET', '/api/zones?names=Nowhere', { client: person });
    for (const path of ['/api/initial_state', '/api/zones', '/api/ticket']) {
      await send('OPTIONS', path, { headers: { Origin: pageOrigin } });
    }

    await send('POST', '/api/ticket');
    await send('POST', '/api/ticket', { headers: news });
    await duringOutage('POST', '/api/ticket');

    const message = { channel: 'news', text: 'x' };
    await send('POST', '/api/publish', { headers: news, body: message });
    await send('POST', '/api/publish', { headers: news, body: { channel: 'news' } });
    await send('POST', '/api/publish', { body: message });
    await send('POST', '/api/publish', { headers: await tokenOf([]), body: message });
    await send('POST', '/api/publish', { headers: news, body: { channel: 'gone', text: 'x' } });
    await send('POST', '/api/publish', { headers: news, body: { channel: 'news', text: 'x'.repeat(2_049) } });
    await Promise.all(Array.from({ length: 60 }, () => send('POST', '/api/publish', { headers: news, body: message })));
    await duringOutage('POST', '/api/publish', message);

    const show = { show: { message: 'x', countdown: { until: Date.now() + day, label: 'y', warnAt: [60_000] } } };
    await send('POST', '/api/show', { client: operator, body: show });
    for (const count of [{ remainingMs: day }, { untilTime: '15:00' }, { elapsedMs: 0 }]) {
      await send('POST', '/api/show', { client: operator, body: { show: { countdown: count } } });
    }
    await send('GET', '/api/show', { client: operator });
    vi.spyOn(Shows.prototype, 'set').mockResolvedValueOnce('full');
    await send('POST', '/api/show', { client: operator, body: show });
    await send('POST', '/api/show', { headers: shows, body: {} });
    await send('POST', '/api/show', { body: show });
    await send('POST', '/api/show', { client: person, body: show });
    await send('POST', '/api/show', { headers: shows, body: { ...show, screen: 'none' } });
    await send('POST', '/api/show', { headers: shows, body: { show: { message: 'x'.repeat(2_049) } } });
    await Promise.all(Array.from({ length: 60 }, () => send('POST', '/api/show', { headers: shows, body: show })));
    await duringOutage('POST', '/api/show', show);

    await screenOf('lobby', 'hall');
    await screenOf('bar', 'hall');
    await send('POST', '/api/screens', {
      client: operator,
      body: { action: 'face', value: 'face=analog', id: 'lobby' },
    });
    await send('POST', '/api/screens', { client: operator, body: { action: 'explode', id: 'lobby' } });
    await send('POST', '/api/screens', { body: {} });
    await send('POST', '/api/screens', { client: person, body: {} });
    await send('POST', '/api/screens', { client: operator, body: { action: 'reload', id: 'none' } });
    await send('POST', '/api/screens', { client: operator, body: { action: 'rename', value: 'bar', id: 'lobby' } });
    await duringOutage('POST', '/api/screens', { action: 'reload', id: 'lobby' });

    await send('POST', '/api/accounts', { client: operator, body: { action: 'enable', id: 'ada' } });
    await send('POST', '/api/accounts', { client: operator, body: {} });
    await send('POST', '/api/accounts', { body: {} });
    await send('POST', '/api/accounts', { client: person, body: {} });
    await send('POST', '/api/accounts', { client: operator, body: { action: 'enable', id: 'none' } });
    await send('POST', '/api/accounts', { client: operator, body: { action: 'disable', id: 'eva' } });
    await duringOutage('POST', '/api/accounts', { action: 'enable', id: 'ada' });

    (await handshake('', person))?.[Symbol.dispose]();
    await handshake('?every=7', person);
    await handshake('', app.client());
    await handshake('', person, { Origin: 'https://elsewhere.example.org' });
    await handshake('?channels=control', person);
    await handshake('?channels=none', person);
    await send('GET', '/time/tic/', { client: person });
    app.backend.staged = 'redis-down';
    await handshake('', person);
    app.backend.staged = null;

    await send('GET', '/health');
    await send('GET', '/ready');
    app.backend.staged = 'redis-down';
    await send('GET', '/ready');
    app.backend.staged = null;
    for (const path of ['/clock-client.js', '/clock-client.d.ts']) {
      await send('GET', path);
      const etag = (await app.client().fetch(path)).headers.get('etag') ?? '';
      await send('GET', path, { headers: { 'If-None-Match': etag } });
    }

    await send('POST', '/api/zones');
    await send('GET', '/api/zones', {
      headers: { 'Content-Length': '0', 'X-Padding': 'x'.repeat(15_000), 'X-More': 'x'.repeat(2_000) },
    });
    vi.spyOn(app.backend.inner.publications, 'publish').mockRejectedValueOnce(new Error('unexpected'));
    await send('POST', '/api/show', { client: await app.signedIn('eva'), body: show });
    await send('POST', '/api/screens', { client: operator, body: 'x'.repeat(17_000) });
    await sendStream('/api/screens');
    await sendTo('a host', '/api/zones');

    expect(undocumented).toEqual([]);
    const documented = Object.entries(openapi.content.paths).flatMap(([path, operations]) =>
      Object.entries(operations).flatMap(([method, { responses }]) =>
        Object.keys(responses).map((status) => `${method.toUpperCase()} ${path} ${status}`),
      ),
    );
    expect([...answered].toSorted()).toEqual(documented.toSorted());
    expect([...everyPath].toSorted()).toEqual(Object.keys(openapi.content['x-every-path']).toSorted());
  });
});

/** A request with a Host header that cannot be one. */
async function sendTo(host: string, path: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const asked = request(app.url + path, { headers: { Host: host } }, (response) => {
    response.resume();
    resolve(response.statusCode ?? 0);
  });
  asked.once('error', reject).end();
  record('GET', path, await promise, 'application/problem+json', null);
}

/** A body whose length is not known beforehand. */
async function sendStream(path: string): Promise<void> {
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode('{}'));
      controller.close();
    },
  });
  const response = await fetch(app.url + path, { method: 'POST', body, duplex: 'half' } as RequestInit);
  record('POST', path, response.status, response.headers.get('content-type'), await response.json());
}

/** The paths of the keys without a value: a text with a comma must be quoted, or the rest of it becomes a key. */
function keysWithoutValue(node: unknown, path = '$'): string[] {
  if (node === null) return [path];
  if (typeof node !== 'object') return [];
  return Object.entries(node).flatMap(([key, value]) => keysWithoutValue(value, `${path}.${key}`));
}

test('every key of the descriptions has a value', () => {
  expect([openapi, asyncapi].flatMap(({ content }) => keysWithoutValue(content))).toEqual([]);
});

describe('asyncapi.yaml', () => {
  const { operations, components } = asyncapi.content;
  const nameOf = (ref: string): string => ref.split('/').at(-1) ?? '';

  /** The documented message that a frame of the server is. */
  function kindOf(frame: string): string {
    const value: unknown = JSON.parse(frame);
    const kinds = operations.send.messages
      .map(({ $ref }) => nameOf($ref))
      .filter((name) => asyncapi.problems(components.messages[name]?.payload ?? {}, value).length === 0);
    return kinds.length === 1 ? String(kinds[0]) : `${kinds.length} kinds: ${frame}`;
  }

  test('lists the messages that the server sends, each of one kind', async () => {
    const client = await screenOf('gym', 'hall');
    using socket = await client.connect('?channels=time,date,news,show');
    await app.tick('15:03:28');
    await app.tick('2026-11-27', { task: 'date', at: Math.floor(app.backend.time.now()) });
    await app.backend.publications.publish({ channel: 'news', json: '{"any":[1,null]}' });
    const shows = new Shows(app.backend);
    await shows.set({ screen: 'gym' }, { message: 'x', countdown: { until: Date.now() + day, warnAt: [1_000] } });
    await shows.set({ screen: 'gym' }, { countdown: { since: Date.now() } });
    await shows.set({ screen: 'gym' }, null);
    const options = { backend: app.backend, screens, sessions: app.auth.sessions, log: silentLogger() };
    const commands = new ScreenActions(options);
    for (const action of [
      { name: 'identify' },
      { name: 'rename', value: 'Sports' },
      { name: 'group', value: null },
      { name: 'face', value: 'face=analog' },
      { name: 'reload' },
    ] as const) {
      await commands.run(action, { id: 'gym' }, 'eva');
    }
    for (const name of operations.receive.messages.map(({ $ref }) => nameOf($ref))) {
      const example = {
        sync: { sync: 7 },
        status: { status: { build: 'x', state: 'live', offsetMs: 1, errorMs: null } },
      }[name];
      expect(asyncapi.problems(components.messages[name]?.payload ?? {}, example)).toEqual([]);
      socket.send(JSON.stringify(example));
    }
    await until(() => socket.frames.some((frame) => frame.includes('"echo":7')), 'the answer to the sync');
    const kinds = new Set(socket.frames.map(kindOf));
    expect([...kinds].toSorted()).toEqual(operations.send.messages.map(({ $ref }) => nameOf($ref)).toSorted());
    expect(socket.frames.filter((frame) => kindOf(frame) === 'command').length).toBeGreaterThanOrEqual(5);
  });

  test('lists the close codes', async () => {
    const documented = Object.keys(asyncapi.content.channels.socket['x-close-codes']).map(Number);
    expect(documented.toSorted((a, b) => a - b)).toEqual(Object.values(closeCode).toSorted((a, b) => a - b));
    const other = await WebApp.start();
    const client = await other.signedIn();
    const [binary, text, long, ended, last] = await Promise.all(Array.from({ length: 5 }, () => client.connect()));
    binary?.send(Buffer.from([1]));
    text?.send('no object');
    long?.send(`{"x":"${'x'.repeat(1_024)}"}`);
    const codes = [await binary?.closed, await text?.closed, await long?.closed];
    const second = await (await other.signedIn('bob')).connect();
    await other.auth.accounts.disable('bob');
    codes.push(await second.closed);
    await other[Symbol.asyncDispose]();
    codes.push(await ended?.closed, await last?.closed);
    expect(codes).toEqual([1003, 1008, 1009, 4401, 1001, 1001]);
  });
});
