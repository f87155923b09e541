import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AlertBody } from '../../src/alerts/alert-message.ts';
import { postAlert } from '../../src/alerts/webhook.ts';
import { Client } from '../support/client.ts';
import { runClock } from '../support/clock-process.ts';
import { freePort } from '../support/free-port.ts';
import { close, listen } from '../support/http-server.ts';
import { until } from '../support/until.ts';
import { Installation } from './installation.ts';

const received: AlertBody[] = [];
let answer: { status: number; retryAfter?: string } | null = { status: 204 };
let receiver: Server;
let address: string;
let authorization: string | undefined;

beforeAll(async () => {
  receiver = createServer((request, response) => {
    let text = '';
    authorization = request.headers.authorization;
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      received.push(JSON.parse(text) as AlertBody);
      if (answer === null) return;
      const { status, retryAfter } = answer;
      response.writeHead(status, retryAfter === undefined ? {} : { 'Retry-After': retryAfter }).end();
    });
  });
  address = `${await listen(receiver)}/hooks/secret-part`;
});

afterAll(() => close(receiver));

const body: AlertBody = { id: 'a', at: 1, text: 'b', dark: [], wrong: [], back: [], more: 0 };

describe('a request to the webhook', () => {
  const post = async (given: typeof answer, to = address) => {
    answer = given;
    return postAlert(to, body, new AbortController().signal);
  };

  test.each<[number, string]>([
    [200, 'delivered'],
    [204, 'delivered'],
    [301, 'failed'],
    [400, 'refused'],
    [404, 'refused'],
    [408, 'failed'],
    [429, 'failed'],
    [500, 'failed'],
  ])('that is answered with %i is %s', async (status, kind) => {
    expect((await post({ status })).kind).toBe(kind);
  });

  test('that is answered with Retry-After is repeated then', async () => {
    expect(await post({ status: 503, retryAfter: '120' })).toMatchObject({ afterMs: 120_000 });
    const date = new Date(Date.now() + 60_000).toUTCString();
    const later = await post({ status: 429, retryAfter: date });
    expect(later.kind === 'failed' && later.afterMs).toBeGreaterThan(50_000);
    expect(await post({ status: 403, retryAfter: '7' })).toMatchObject({ kind: 'failed', afterMs: 7_000 });
  });

  test.each(['0', '-5', '0.5', 'soon', new Date(0).toUTCString()])(
    'that is answered with Retry-After: %s is repeated as without it',
    async (retryAfter) => {
      expect(await post({ status: 503, retryAfter })).toEqual({ kind: 'failed', reason: 'status 503', afterMs: null });
    },
  );

  test('carries the user and the password of the address', async () => {
    const withUser = address.replace('http://', 'http://ana:p%40ss%25@');
    expect((await post({ status: 204 }, withUser)).kind).toBe('delivered');
    expect(authorization).toBe(`Basic ${Buffer.from('ana:p@ss%').toString('base64')}`);
  });

  test('that is not answered within 5 s has failed, and so has one that cannot be sent', async () => {
    expect(await post(null)).toEqual({ kind: 'failed', reason: 'no answer within 5 s', afterMs: null });
    const refused = await post(null, `http://127.0.0.1:${await freePort()}/secret-part`);
    expect(refused).toEqual({ kind: 'failed', reason: 'ECONNREFUSED', afterMs: null });
  });
});

test('the beat tells that a link has no player, without any web, and that it is back', async () => {
  await using installation = await Installation.prepare();
  const { redis } = installation;
  received.length = 0;
  answer = { status: 503 };
  const env = { CLOCK_ALERT_WEBHOOK: address };
  const beat = await installation.begin('beat', ['--alert-after', '1s'], env);
  await installation.begin('worker');
  const added = await runClock(
    ['screens', 'link', 'Lobby', '--group', 'hall', '--public-url', 'https://clock.example'],
    {
      env: { CLOCK_REDIS_URL: redis.url, CLOCK_SECRET: installation.secret },
    },
  );
  const key = /\/embed#(\S+)/.exec(added.stdout)?.[1] ?? '';
  await until(() => received.length > 1, 'a message that fails is repeated', 40_000, 50);
  answer = { status: 204 };
  const [first, second] = received;
  expect(first).toMatchObject({ text: '1 screen is dark: Lobby.', dark: [{ name: 'Lobby', group: 'hall' }] });
  expect(second).toEqual(first);

  const web = await installation.begin('web');
  const headers = { Authorization: `Bearer ${key}` };
  const { ticket } = await until(
    async () => {
      const response = await web.client().fetch('/api/ticket', { method: 'POST', headers });
      return response.ok ? ((await response.json()) as { ticket: string }) : null;
    },
    'web exchanges the key',
    20_000,
    100,
  );
  using socket = await new Client(web.url).connect(`?ticket=${ticket}`);
  socket.send(JSON.stringify({ status: { build: 'x', state: 'live', offsetMs: 0, errorMs: 5 } }));
  await until(() => received.some(({ back }) => back.length > 0), 'it is back', 40_000, 50);
  expect(received.at(-1)).toMatchObject({ text: '1 screen is back: Lobby.', back: [{ name: 'Lobby' }] });
  expect(JSON.stringify(beat.process.log)).not.toContain('secret-part');
}, 120_000);
