import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { UserError } from '../../src/lifecycle.ts';
import { Listener, type ServedApp } from '../../src/web/listener.ts';
import type { TemplatedApp, Uws } from '../../src/web/uws.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
afterEach(() => void vi.useRealTimers());

/** Stands in for an app of uWebSockets.js, without a network. */
class FakeApp {
  readonly published: string[] = [];
  subscribers = 0;
  isClosed = false;

  readonly #options: { isPortTaken: boolean };

  readonly #onListen: () => void;

  constructor(options: { isPortTaken: boolean }, onListen: () => void) {
    this.#options = options;
    this.#onListen = onListen;
  }

  listen(_host: string, port: number, _options: number, onListen: (socket: { port: number } | false) => void): void {
    this.#onListen();
    onListen(!this.#options.isPortTaken && { port: port === 0 ? 4_711 : port });
  }

  numSubscribers(): number {
    return this.subscribers;
  }

  publish(topic: string): void {
    this.published.push(topic);
  }

  close(): void {
    this.isClosed = true;
  }
}

async function startedListener({ isShared = false } = {}) {
  const events: string[] = [];
  const apps: FakeApp[] = [];
  const served: ServedApp[] = [];
  const options = { failure: null as Error | null, isPortTaken: false };
  const listener = new Listener({
    uws: {
      us_socket_local_port: (socket: { port: number }) => socket.port,
      us_listen_socket_close: () => events.push('close'),
    } as unknown as Uws,
    host: '127.0.0.1',
    port: 0,
    isShared,
    createApp: () => {
      if (options.failure !== null) throw options.failure;
      apps.push(new FakeApp(options, () => events.push('listen')));
      return apps.at(-1) as unknown as TemplatedApp;
    },
    register: (app) => served.push(app),
  });
  await listener.start();
  return { listener, apps, served, options, events };
}

describe('a listener', () => {
  test('keeps its port when its app is replaced, and publishes to the sockets of both', async () => {
    const { listener, apps } = await startedListener();
    await listener.replace();
    expect(listener.port).toBe(4_711);
    for (const app of apps) app.subscribers = 2;
    expect(listener.publish('topic', Buffer.from('frame'))).toBe(4);
    expect(apps.map(({ published }) => published)).toEqual([['topic'], ['topic']]);
  });

  test('stops before its new app listens on a port of its own, and after it on a shared port', async () => {
    const [own, shared] = await Promise.all([startedListener(), startedListener({ isShared: true })]);
    for (const { events, listener } of [own, shared]) {
      events.length = 0;
      expect(await listener.replace()).toBe(true);
      expect(listener.port).toBe(4_711);
    }
    expect([own.events, shared.events]).toEqual([
      ['close', 'listen'],
      ['listen', 'close'],
    ]);
  });

  test('closes a replaced app after a minute, and not before its last socket is closed', async () => {
    const { listener, apps, served } = await startedListener();
    await listener.replace();
    const [first] = served;
    if (first === undefined) throw new Error('no app was registered');
    first.sockets = 1;
    vi.advanceTimersByTime(61_000);
    listener.closeRetired();
    expect(apps.map(({ isClosed }) => isClosed)).toEqual([false, false]);
    first.sockets = 0;
    listener.closeRetired();
    expect(apps.map(({ isClosed }) => isClosed)).toEqual([true, false]);
  });

  test('keeps a replaced app without sockets for a minute, for the requests on its connections', async () => {
    const { listener, apps } = await startedListener();
    await listener.replace();
    listener.closeRetired();
    expect(apps.map(({ isClosed }) => isClosed)).toEqual([false, false]);
  });

  test('keeps listening with its app if no new one can be created', async () => {
    const { listener, apps, options } = await startedListener();
    options.failure = new UserError('not a certificate');
    await expect(listener.replace()).rejects.toThrow(UserError);
    expect(listener.port).toBe(4_711);
    listener.closeRetired();
    expect(apps.map(({ isClosed }) => isClosed)).toEqual([false]);
  });

  test('listens again with its new app after another process took the port', async () => {
    const { listener, apps, options } = await startedListener();
    options.isPortTaken = true;
    expect(await listener.replace()).toBe(false);
    expect(await listener.listenAgain()).toBe(false);
    expect(listener.port).toBe(0);
    options.isPortTaken = false;
    expect(await listener.listenAgain()).toBe(true);
    expect(listener.port).toBe(4_711);
    expect(apps).toHaveLength(2);
  });

  test('closes all apps in the end', async () => {
    const { listener, apps } = await startedListener();
    await listener.replace();
    listener.close();
    expect(apps.map(({ isClosed }) => isClosed)).toEqual([true, true]);
    expect(listener.port).toBe(0);
  });
});
