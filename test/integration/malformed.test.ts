import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Client } from '../support/client.ts';
import { RawConnection } from '../support/raw-connection.ts';
import { WebApp } from '../support/web-app.ts';

/** The expected outcome of each: a status, a cut, or a close code. */
const requests = corpus<[what: string, request: string, statuses: number[]]>('malformed-requests');
const frames = corpus<[what: string, hex: string, outcome: string]>('malformed-frames');

let app: WebApp;
let client: Client;
beforeAll(async () => {
  app = await WebApp.start();
  client = await app.signedIn();
});
afterAll(() => app[Symbol.asyncDispose]());

describe('a request with', () => {
  test.each(requests)('%s gets the expected status, and others are still served', async (_, request, statuses) => {
    using connection = await RawConnection.open(app.port);
    connection.send(Buffer.from(request, 'latin1'));
    expect(statuses).toContain((await connection.answer('GET')).status);
    expect((await app.client().fetch('/health')).status).toBe(200);
  });
});

describe('on a socket', () => {
  test.each(frames)('%s has the expected outcome', async (_, hex, outcome) => {
    using connection = await RawConnection.openSocket(app.port, client.cookieHeader());
    connection.send(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
    expect(await outcomeOf(connection, outcome === 'open' ? 500 : undefined)).toBe(outcome);
  });
});

/** The close code, `closed` for a close without one, `cut`, or `open` if none of them comes within the limit. */
async function outcomeOf(connection: RawConnection, limitMs?: number): Promise<string> {
  const rest = await connection.closed(limitMs).catch(() => null);
  if (rest === null) return 'open';
  if (rest === '') return 'cut';
  const bytes = Buffer.from(rest, 'latin1');
  return bytes.length > 3 ? String(bytes.readUInt16BE(2)) : 'closed';
}

function corpus<T>(name: string): T[] {
  return JSON.parse(readFileSync(join(import.meta.dirname, `${name}.json`), 'utf8')) as T[];
}
