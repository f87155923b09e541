import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RawConnection } from '../support/raw-connection.ts';
import { until } from '../support/until.ts';
import { WebApp } from '../support/web-app.ts';

const endless = JSON.parse(readFileSync(join(import.meta.dirname, 'endless-requests.json'), 'utf8')) as [
  what: string,
  request: string,
][];
const dripping: [what: string, begin: string][] = [
  ['its line', 'GET /'],
  ['its head', 'GET /health HTTP/1.1\r\nHost: a\r\nX-Slow: '],
  ['the second head', 'GET /health HTTP/1.1\r\nHost: a\r\n\r\nGET /health HTTP/1.1\r\nHost: a\r\nX-Slow: '],
  ['its body', 'POST /accounts/login/ HTTP/1.1\r\nHost: a\r\nContent-Length: 9999\r\n\r\n'],
  ['the body of a GET', 'GET /health HTTP/1.1\r\nHost: a\r\nContent-Length: 9999\r\n\r\n'],
  ['a body to nowhere', 'POST /nope HTTP/1.1\r\nHost: a\r\nContent-Length: 9999\r\n\r\n'],
];

let app: WebApp;
beforeAll(async () => {
  app = await WebApp.start();
});
afterAll(() => app[Symbol.asyncDispose]());

describe.concurrent('a request that is not whole is cut within 15 s', () => {
  test('whatever there is of it', async ({ expect }) => {
    const open = await Promise.all(
      endless.map(async ([what, request]) => {
        using connection = await RawConnection.open(app.port);
        connection.send(Buffer.from(request, 'latin1'));
        return await connection.closed(15_000).then(
          () => [],
          () => [what],
        );
      }),
    );
    expect(open.flat()).toEqual([]);
  });

  test('although more of it drips in', async ({ expect }) => {
    const open = await Promise.all(
      dripping.map(async ([what, begin]) => {
        using connection = await RawConnection.open(app.port);
        connection.send(begin);
        const isCut = (): boolean => {
          if (connection.open) connection.send('a');
          return !connection.open;
        };
        return await until(isCut, 'it is cut', 15_000, 500).then(
          () => [],
          () => [what],
        );
      }),
    );
    expect(open.flat()).toEqual([]);
  });
});

test('a hundred of them keep nobody else waiting', async () => {
  const slow = await Promise.all(Array.from({ length: 100 }, () => RawConnection.open(app.port)));
  for (const connection of slow)
    connection.send('POST /accounts/login/ HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\na');
  expect((await app.client().fetch('/accounts/login/')).status).toBe(200);
  for (const connection of slow) connection[Symbol.dispose]();
});
