import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Client } from '../support/client.ts';
import { recordedLog } from '../support/recorded-log.ts';
import { WebApp } from '../support/web-app.ts';

const csrfToken = 'c'.repeat(43);
const { log, lines } = recordedLog();

let app: WebApp;
beforeAll(async () => {
  app = await WebApp.start({ log });
  for (const name of ['ana', 'ada']) await app.account(name);
  await app.auth.accounts.setOperator('ana', true);
});
afterAll(() => app[Symbol.asyncDispose]());

beforeEach(() => {
  lines.length = 0;
});

function post(client: Client, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return client.fetch('/api/accounts', {
    method: 'POST',
    body: text,
    headers: { 'X-CSRFToken': csrfToken, ...headers },
  });
}

async function problemOf(response: Response): Promise<[status: number, kind: string]> {
  const { type } = (await response.json()) as { type: string };
  return [response.status, type.replace('urn:problem-type:clock:', '')];
}

describe('the page of operators', () => {
  test('is sent to an operator, with its own script and style, and is not cached', async () => {
    const response = await (await app.signedIn('ana')).fetch('/screens');
    expect(response.status).toBe(200);
    expect(response.headers.get('cache-control')).toBe('no-store');
    const text = await response.text();
    for (const [, url = ''] of text.matchAll(/(?:src|href)="(\/static\/screens[^"]*)"/g)) {
      expect((await app.client().fetch(url)).status).toBe(200);
    }
    expect(text.match(/\/static\/screens\.[^"]+\.(?:js|css)"/g)).toHaveLength(2);
    expect(text).toContain(`data-csrf-token="${csrfToken}"`);
  });

  test('redirects to the sign-in form, and back, if the request is signed out or has a token', async () => {
    const location = '/accounts/login/?next=/screens%3Fx%3D1';
    const nobody = await app.client().fetch('/screens?x=1');
    expect([nobody.status, nobody.headers.get('location')]).toEqual([302, location]);
    const program = await app.client().fetch('/screens?x=1', { headers: await app.bearer('ana') });
    expect([program.status, program.headers.get('location')]).toEqual([302, location]);
  });

  test('is refused to a plain account with 403', async () => {
    expect((await (await app.signedIn('ada')).fetch('/screens')).status).toBe(403);
  });

  test('takes GET and HEAD only', async () => {
    const response = await (await app.signedIn('ana')).fetch('/screens', { method: 'POST' });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });

  test('is linked on the clock page for operators only', async () => {
    const [operator, reader] = [await app.signedIn('ana'), await app.signedIn('ada')];
    const hasLink = async (client: Client) => (await (await client.fetch('/')).text()).includes('href="/screens"');
    expect([await hasLink(operator), await hasLink(reader)]).toEqual([true, false]);
  });
});

describe('the list of accounts and tokens', () => {
  test('shows operators all accounts and live tokens, and no secret', async () => {
    await app.bearer('ada', 3_600_000, 'wall');
    const response = await (await app.signedIn('ana')).fetch('/api/accounts');
    expect(response.status).toBe(200);
    const { accounts, tokens } = (await response.json()) as { accounts: object[]; tokens: object[] };
    const created = new Date(0).toISOString();
    expect(accounts).toEqual([
      { id: 'ada', name: 'ada', operator: false, disabled: false, sso: false, created },
      { id: 'ana', name: 'ana', operator: true, disabled: false, sso: false, created },
    ]);
    const fields = ['account', 'created', 'expires', 'id', 'label'];
    expect(tokens.map((token) => Object.keys(token).toSorted())).toEqual(tokens.map(() => fields));
    expect(tokens).toContainEqual(expect.objectContaining({ label: 'wall', account: 'ada' }));
  });

  test('answers 401 if signed out and 403 to all others', async () => {
    const reader = await app.signedIn('ada');
    const token = { headers: await app.bearer('ana') };
    expect(await problemOf(await app.client().fetch('/api/accounts'))).toEqual([401, 'signed-out']);
    expect(await problemOf(await reader.fetch('/api/accounts'))).toEqual([403, 'forbidden']);
    expect(await problemOf(await app.client().fetch('/api/accounts', token))).toEqual([403, 'forbidden']);
    expect(await problemOf(await post(reader, { action: 'disable', id: 'ana' }))).toEqual([403, 'forbidden']);
    expect((await app.auth.accounts.get('ana'))?.disabled).toBe(false);
  });
});

describe('the actions on accounts and tokens', () => {
  test('disable an account, which ends its sockets, and enable it again; each has an audit line', async () => {
    const operator = await app.signedIn('ana');
    using socket = await (await app.signedIn('ada')).connect();
    expect((await post(operator, { action: 'disable', id: 'ada' })).status).toBe(200);
    expect(await socket.closed).toBe(4401);
    expect((await app.auth.accounts.get('ada'))?.disabled).toBe(true);
    expect((await post(operator, { action: 'enable', id: 'ada' })).status).toBe(200);
    expect((await app.auth.accounts.get('ada'))?.disabled).toBe(false);
    expect(lines.filter(({ audit }) => audit !== undefined)).toMatchObject([
      { audit: 'disable', by: 'ana', account: 'ada' },
      { audit: 'enable', by: 'ana', account: 'ada' },
    ]);
  });

  test('revoke a token', async () => {
    const headers = await app.bearer('ada', 3_600_000, 'revoked');
    const operator = await app.signedIn('ana');
    const { tokens } = (await (await operator.fetch('/api/accounts')).json()) as {
      tokens: { id: string; label: string }[];
    };
    const id = tokens.find(({ label }) => label === 'revoked')?.id;
    expect((await post(operator, { action: 'revoke', id })).status).toBe(200);
    expect((await app.client().fetch('/api/zones?names=UTC', { headers })).status).toBe(401);
  });

  test('refuse to disable the last enabled operator with 409', async () => {
    const operator = await app.signedIn('ana');
    expect(await problemOf(await post(operator, { action: 'disable', id: 'ana' }))).toEqual([409, 'last-operator']);
    expect((await operator.fetch('/screens')).status).toBe(200);
  });

  test('refuse a request that another site could have sent', async () => {
    const operator = await app.signedIn('ana');
    const body = { action: 'disable', id: 'ada' };
    const refused = [403, 'invalid-form'];
    expect(await problemOf(await post(operator, body, { 'X-CSRFToken': 'd'.repeat(43) }))).toEqual(refused);
    expect(await problemOf(await post(operator, body, { Origin: 'https://elsewhere.example' }))).toEqual(refused);
    expect((await app.auth.accounts.get('ada'))?.disabled).toBe(false);
  });

  test.each([
    ['not JSON', 400, 'invalid-request'],
    ['null', 400, 'invalid-request'],
    ['{"action":"remove","id":"ada"}', 400, 'invalid-request'],
    ['{"action":"disable","id":7}', 400, 'invalid-request'],
    ['{"action":"disable","id":"nobody"}', 404, 'unknown-account'],
    ['{"action":"revoke","id":"nothing"}', 404, 'unknown-token'],
  ])('refuse %s', async (body, status, kind) => {
    expect(await problemOf(await post(await app.signedIn('ana'), body))).toEqual([status, kind]);
  });
});
