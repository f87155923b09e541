import { request, type RequestOptions } from 'node:https';
import { text } from 'node:stream/consumers';
import WebSocket from 'ws';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { selfSignedCertificate, type Certificate } from '../support/certificate.ts';
import { Refused, TestSocket } from '../support/client.ts';
import { startClock, type ClockProcess } from '../support/clock-process.ts';
import { RedisServer } from '../support/redis-server.ts';
import { startCaddy, startHaproxy, startNginx, type ReverseProxy } from '../support/reverse-proxy.ts';
import { passes, until } from '../support/until.ts';
import { waitUntilReady } from '../support/wait-until-ready.ts';

const password = 'a password to sign in';
const secrets = { CLOCK_SECRET: 'x'.repeat(32), CLOCK_ADMIN_PASSWORD: password };
/** A little more than the longest of the proxies' default idle timeouts. */
const idleMs = 63_000;

let redis: RedisServer;
let certificate: Certificate;
const clocks: ClockProcess[] = [];
beforeAll(async () => {
  redis = await RedisServer.start();
  certificate = await selfSignedCertificate();
});
afterAll(async () => {
  await Promise.all(clocks.map((clock) => clock.stop()));
  await redis.stop();
  await certificate.remove();
});

async function start(args: readonly string[], prefix: string): Promise<ClockProcess> {
  const where = { REDIS_HOST: '127.0.0.1', REDIS_PORT: String(redis.port), CLOCK_REDIS_PREFIX: prefix };
  const clock = await startClock(args, { env: { ...where, ...(args[0] === 'web' ? secrets : {}) } });
  clocks.push(clock);
  return clock;
}

/** A browser at `localAddress` that connects to a proxy over TLS. */
class Visitor {
  readonly url: string;
  readonly options: RequestOptions;
  cookie = '';

  constructor({ url }: ReverseProxy, localAddress = '127.0.0.1') {
    this.url = url;
    this.options = { ca: certificate.cert, localAddress, family: 4 };
  }

  async ask(
    path: string,
    options: RequestOptions = {},
    body = '',
  ): Promise<{ status: number; headers: Headers; body: string }> {
    const { promise, resolve, reject } = Promise.withResolvers<{ status: number; headers: Headers; body: string }>();
    const sent = request(this.url + path, { ...this.options, ...options }, (response) => {
      const pairs = Object.entries(response.headersDistinct).flatMap(([name, values = []]) =>
        values.map((value): [string, string] => [name, value]),
      );
      const { statusCode: status = 0 } = response;
      void text(response).then((read) => resolve({ status, headers: new Headers(pairs), body: read }));
    });
    sent.on('error', reject);
    sent.end(body);
    return promise;
  }

  /** The `Set-Cookie` of the session. */
  async signIn(headers: Record<string, string> = {}): Promise<string> {
    await waitUntilReady((path) => this.ask(path));
    const form = await this.ask('/accounts/login/');
    const csrf = /csrftoken=([^;]+)/.exec(form.headers.get('set-cookie') ?? '');
    const token = csrf?.[1] ?? '';
    const body = new URLSearchParams({ csrfmiddlewaretoken: token, username: 'admin', password }).toString();
    const all = {
      ...headers,
      Cookie: csrf?.[0] ?? '',
      Origin: this.url,
      'Content-Type': 'application/x-www-form-urlencoded',
    };
    const answer = await this.ask('/accounts/login/', { method: 'POST', headers: all }, body);
    if (answer.status !== 302) throw new Error(`signing in was answered with ${answer.status}`);
    const set = answer.headers.getSetCookie().find((one) => one.includes('sessionid=')) ?? '';
    this.cookie = set.split(';')[0] ?? '';
    return set;
  }

  async connect(origin = this.url): Promise<TestSocket> {
    const options = { ...this.options, origin, headers: { Cookie: this.cookie } };
    const socket = new TestSocket(new WebSocket(`${this.url.replace('https', 'wss')}/time/tic/`, options as object));
    await socket.opened;
    return socket;
  }
}

const kinds = [
  { name: 'nginx', startProxy: startNginx },
  { name: 'HAProxy', startProxy: startHaproxy },
  { name: 'Caddy', startProxy: startCaddy },
];
const trusting = ['web', '--host', '127.0.0.1', '--trusted-proxy', '127.0.0.1'];

describe.each(kinds)('behind $name', ({ name, startProxy }) => {
  let web: ClockProcess;
  let proxy: ReverseProxy;
  beforeAll(async () => {
    web = await start(trusting, name);
    await Promise.all([start(['worker'], name), start(['beat'], name)]);
    proxy = await startProxy(web.port, certificate);
  });
  afterAll(async () => {
    await proxy?.[Symbol.asyncDispose]();
  });

  test('sets the Secure cookie, although the proxy connects over http', async () => {
    const set = await new Visitor(proxy).signIn();
    expect(set).toMatch(/^__Host-sessionid=/);
    expect(set).toContain('Secure');
  });

  test('opens a socket for a page of its own https origin, and sends ticks', async () => {
    const visitor = new Visitor(proxy);
    await visitor.signIn();
    using socket = await visitor.connect();
    expect((await socket.nextTick()).text).toMatch(/^\d\d:\d\d:\d\d$/);
  });

  test('refuses a page of a foreign origin', async () => {
    const visitor = new Visitor(proxy);
    await visitor.signIn();
    await expect(visitor.connect('https://localhost')).rejects.toEqual(new Refused(403));
  });

  test('logs the client’s own address, and ignores an address that the client claims', async () => {
    await new Visitor(proxy, '127.0.0.3').signIn({ 'X-Forwarded-For': '192.0.2.7' });
    const line = await until(
      () => web.log.find(({ msg, address }) => msg === 'signed in' && address !== '127.0.0.1'),
      'the sign-in from another address is logged',
    );
    expect(line['address']).toBe('127.0.0.3');
  });

  test('makes browsers use https, and redirects http to https', async () => {
    const visitor = new Visitor(proxy);
    const { headers } = await visitor.ask('/accounts/login/');
    expect(headers.get('strict-transport-security')).toBe('max-age=31536000');
    const plain = await fetch(`http://127.0.0.1:${proxy.plainPort}/screens`, { redirect: 'manual' });
    expect([301, 302, 308]).toContain(plain.status);
    expect(plain.headers.get('location')).toMatch(/^https:\/\/127\.0\.0\.1(:\d+)?\/screens$/);
  });

  test('passes on the close code of a web process that stops', async () => {
    const leaving = await start(trusting, `${name}-leaving`);
    await using ownProxy = await startProxy(leaving.port, certificate);
    const visitor = new Visitor(ownProxy);
    await visitor.signIn();
    using socket = await visitor.connect();
    leaving.kill('SIGTERM');
    expect(await socket.closed).toBe(1001);
  });

  test('warns once if the proxy is not trusted', async () => {
    const distrusting = await start(['web', '--host', '127.0.0.1'], `${name}-distrusting`);
    await using ownProxy = await startProxy(distrusting.port, certificate);
    const visitor = new Visitor(ownProxy, '127.0.0.3');
    await visitor.ask('/accounts/login/');
    await visitor.ask('/accounts/login/');
    const warnings = (): number => distrusting.log.filter(({ msg }) => msg.includes('--trusted-proxy')).length;
    await until(() => warnings() > 0, 'a warning');
    expect(warnings()).toBe(1);
  });
});

describe('with the default idle timeouts of each', () => {
  test('a socket without messages stays open', { timeout: 120_000 }, async () => {
    // Without worker and beat, only pings are sent.
    const idle = await start(trusting, 'idle');
    await using nginx = await startNginx(idle.port, certificate);
    await using haproxy = await startHaproxy(idle.port, certificate);
    await using caddy = await startCaddy(idle.port, certificate);
    const sockets = await Promise.all(
      [nginx, haproxy, caddy].map(async (proxy) => {
        const visitor = new Visitor(proxy);
        await visitor.signIn();
        return visitor.connect();
      }),
    );
    await passes(idleMs);
    expect(sockets.map(({ frames }) => frames)).toEqual([[], [], []]);
    await Promise.all([start(['worker'], 'idle'), start(['beat'], 'idle')]);
    for (const socket of sockets) {
      expect((await socket.nextTick()).text).toMatch(/^\d\d:\d\d:\d\d$/);
      socket[Symbol.dispose]();
    }
  });
});
