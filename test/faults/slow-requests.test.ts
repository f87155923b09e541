import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RawConnection } from '../support/raw-connection.ts';
import { stopwatch } from '../support/stopwatch.ts';
import { until } from '../support/until.ts';
import { WebApp } from '../support/web-app.ts';

const incompleteRequests = JSON.parse(readFileSync(join(import.meta.dirname, 'incomplete-requests.json'), 'utf8')) as [
  what: string,
  request: string,
][];
const unfinished: [part: string, begin: string][] = [
  ['request line', 'GET /'],
  ['head', 'GET /health HTTP/1.1\r\nHost: a\r\nX-Slow: '],
  ['head of the second request', 'GET /health HTTP/1.1\r\nHost: a\r\n\r\nGET /health HTTP/1.1\r\nHost: a\r\nX-Slow: '],
  ['body', 'POST /accounts/login/ HTTP/1.1\r\nHost: a\r\nContent-Length: 9999\r\n\r\n'],
  ['body of a GET', 'GET /health HTTP/1.1\r\nHost: a\r\nContent-Length: 9999\r\n\r\n'],
  ['body to an unknown path', 'POST /nope HTTP/1.1\r\nHost: a\r\nContent-Length: 9999\r\n\r\n'],
];

let app: WebApp;
beforeAll(async () => {
  app = await WebApp.start();
});
afterAll(() => app[Symbol.asyncDispose]());

describe.concurrent('an incomplete request', () => {
  test('is cut off within 15 s, whatever part of it arrives', async ({ expect }) => {
    const elapsedMs = stopwatch();
    const open = await Promise.all(
      incompleteRequests.map(async ([what, request]) => {
        using connection = await RawConnection.open(app.port);
        connection.send(Buffer.from(request, 'latin1'));
        return await connection.closed(40_000).then(
          () => [],
          () => [what],
        );
      }),
    );
    expect(open.flat()).toEqual([]);
    expect(elapsedMs()).toBeLessThan(15_000);
  });

  test('is cut off within 15 s even if more bytes keep arriving', async ({ expect }) => {
    const elapsedMs = stopwatch();
    const open = await Promise.all(
      unfinished.map(async ([what, begin]) => {
        using connection = await RawConnection.open(app.port);
        connection.send(begin);
        const isClosed = (): boolean => {
          if (connection.open) connection.send('a');
          return !connection.open;
        };
        return await until(isClosed, 'the connection is closed', 40_000, 500).then(
          () => [],
          () => [what],
        );
      }),
    );
    expect(open.flat()).toEqual([]);
    expect(elapsedMs()).toBeLessThan(15_000);
  });
});

test('a hundred incomplete requests do not delay another client', async () => {
  const slow = await Promise.all(Array.from({ length: 100 }, () => RawConnection.open(app.port)));
  for (const connection of slow)
    connection.send('POST /accounts/login/ HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\na');
  expect((await app.client().fetch('/accounts/login/')).status).toBe(200);
  for (const connection of slow) connection[Symbol.dispose]();
});
