import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { msUntil, until } from '../support/until.ts';
import { WebApp } from '../support/web-app.ts';

const drainMs = 2_000;

let app: WebApp;
beforeEach(async () => {
  app = await WebApp.start({ config: { drainMs } });
});
afterEach(() => app[Symbol.asyncDispose]());

describe('stopping', () => {
  test('makes /ready 503 at once, while everything else is served as before', async () => {
    await using slow = await WebApp.start({ config: { drainDelayMs: 8_000 } });
    const client = await slow.signedIn();
    using early = await client.connect();
    slow.beginToStop();
    const stopped = slow.web.stop();
    const ready = await client.fetch('/ready');
    expect(ready.status).toBe(503);
    expect(await ready.json()).toEqual({ status: 'unready', reason: 'draining' });
    expect((await client.fetch('/health')).status).toBe(200);
    expect((await client.fetch('/')).status).toBe(200);
    using late = await client.connect();
    await slow.tick('15:03:27');
    expect((await early.nextTick()).text).toBe('15:03:27');
    expect((await late.nextTick()).text).toBe('15:03:27');
    await stopped;
  });

  test('closes every socket with 1001, spread over the drain, and then refuses connections', async () => {
    const client = await app.signedIn();
    const sockets = await Promise.all(Array.from({ length: 20 }, () => client.connect()));
    await until(() => app.sockets === 20, 'the server has all sockets');
    const closedAt: number[] = [];
    const codes = sockets.map(async ({ closed }) => {
      const code = await closed;
      closedAt.push(performance.now());
      return code;
    });
    app.beginToStop();
    await app.web.stop();
    expect(new Set(await Promise.all(codes))).toEqual(new Set([1001]));
    expect(Math.max(...closedAt) - Math.min(...closedAt)).toBeGreaterThan(drainMs / 4);
    await expect(client.fetch('/health')).rejects.toThrow('fetch failed');
  });

  test('answers the requests that it has received', async () => {
    await using idle = await WebApp.start();
    const { accounts } = idle.auth;
    await accounts.add('ada', 'a password of the tests', false);
    const browser = idle.client();
    const check = accounts.check.bind(accounts);
    const { promise: stopBegins, resolve: onStopBegins } = Promise.withResolvers<void>();
    let isChecked = false;
    vi.spyOn(accounts, 'check').mockImplementation(async (...args) => {
      const account = await check(...args);
      isChecked = true;
      await stopBegins;
      return account;
    });
    const signingIn = browser.signIn('ada', 'a password of the tests');
    await until(() => isChecked, 'the request is in progress');
    const stopped = idle.web.stop();
    onStopBegins();
    await stopped;
    expect((await signingIn).status).toBe(302);
  });

  test('ends as soon as the last socket is closed', async () => {
    await using slow = await WebApp.start({ config: { drainMs: 60_000 } });
    const took = await msUntil(() => slow.web.stop().then(() => true), 'it has stopped');
    expect(took).toBeLessThan(1_000);
  });

  test('runs once, even if it is called several times', async () => {
    await Promise.all([app.web.stop(), app.web.stop()]);
    await app.web.stop();
    await expect(app.client().fetch('/health')).rejects.toThrow('fetch failed');
  });
});
