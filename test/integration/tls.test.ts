import { X509Certificate } from 'node:crypto';
import { copyFile, writeFile } from 'node:fs/promises';
import { request, type RequestOptions } from 'node:https';
import { text } from 'node:stream/consumers';
import WebSocket from 'ws';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { selfSignedCertificate, type Certificate } from '../support/certificate.ts';
import { TestSocket } from '../support/client.ts';
import { WebApp } from '../support/web-app.ts';
import { ask, requestText } from '../support/raw-connection.ts';
import { msUntil, until } from '../support/until.ts';
import { recordedLog } from '../support/recorded-log.ts';
import { parseAddressRange } from '../../src/addresses.ts';
import { silentLogger } from '../../src/logger.ts';
import { CertificateReload } from '../../src/web/certificate-reload.ts';
import type { WebSettings } from '../../src/web/options.ts';

const password = 'a long enough password';
const token = 'c'.repeat(43);
const signIn = new URLSearchParams({ csrfmiddlewaretoken: token, username: 'ada', password }).toString();
const formType = 'application/x-www-form-urlencoded';

describe('over TLS', () => {
  let certificate: Certificate;
  let app: WebApp;
  beforeAll(async () => {
    certificate = await selfSignedCertificate();
    app = await WebApp.start({ tls: certificate });
    await app.auth.accounts.add('ada', password, false);
  });
  afterAll(async () => {
    await app[Symbol.asyncDispose]();
    await certificate.remove();
  });

  function get(path: string, options: RequestOptions = {}, body = ''): Promise<{ status: number; headers: Headers }> {
    const { promise, resolve, reject } = Promise.withResolvers<{ status: number; headers: Headers }>();
    const sent = request(app.url + path, { ca: certificate.cert, ...options }, (response) => {
      const headers = new Headers(
        Object.entries(response.headersDistinct).flatMap(([name, values = []]) =>
          values.map((value): [string, string] => [name, value]),
        ),
      );
      void text(response).then(() => resolve({ status: response.statusCode ?? 0, headers }));
    });
    sent.on('error', reject);
    sent.end(body);
    return promise;
  }

  test('every response makes the browser use https for a year', async () => {
    for (const path of ['/', '/nope', '/health', '/favicon.ico', '/time/tic/']) {
      expect((await get(path)).headers.get('strict-transport-security')).toBe('max-age=31536000');
    }
  });

  test('the session cookie is __Host- and Secure, and authenticates', async () => {
    const headers = { Cookie: `csrftoken=${token}`, 'Content-Type': formType, Origin: app.url };
    const response = await get('/accounts/login/', { method: 'POST', headers }, signIn);
    expect(response.status).toBe(302);
    const [cookie = ''] = response.headers.getSetCookie();
    const [pair = '', ...attributes] = cookie.split('; ');
    expect(pair).toMatch(/^__Host-sessionid=/);
    expect(attributes).toEqual(expect.arrayContaining(['Secure', 'HttpOnly', 'Path=/', 'SameSite=Lax']));
    expect((await get('/', { headers: { Cookie: pair } })).status).toBe(200);
    expect((await get('/', { headers: { Cookie: pair.replace('__Host-', '') } })).status).toBe(302);

    const socket = new WebSocket(`${app.url.replace('https', 'wss')}/time/tic/`, {
      ca: certificate.cert,
      headers: { Cookie: pair, Origin: app.url },
    });
    using opened = new TestSocket(socket);
    await opened.opened;
    await app.tick('15:03:27');
    expect((await opened.nextTick()).text).toBe('15:03:27');
  });

  test.each([
    ['TLSv1.2', 'ECDHE-ECDSA-AES128-GCM-SHA256', true],
    ['TLSv1.2', 'ECDHE-ECDSA-CHACHA20-POLY1305', true],
    ['TLSv1.2', 'ECDHE-ECDSA-AES128-SHA', false],
    ['TLSv1.2', 'ECDHE-ECDSA-AES256-SHA384', false],
    ['TLSv1.3', 'TLS_AES_128_GCM_SHA256', true],
    ['TLSv1.1', 'DEFAULT@SECLEVEL=0', false],
  ] as const)('%s with %s connects: %s', async (version, ciphers, connects) => {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const options = { ca: certificate.cert, minVersion: version, maxVersion: version, ciphers };
    const socket = connectTls({ port: app.port, host: '127.0.0.1', ...options }, () => resolve(true));
    socket.on('error', () => resolve(false));
    expect(await promise).toBe(connects);
    socket.destroy();
  });

  test('a page that was loaded over http has a foreign origin', async () => {
    const origin = app.url.replace('https', 'http');
    const headers = { Cookie: `csrftoken=${token}`, 'Content-Type': formType, Origin: origin };
    expect((await get('/accounts/login/', { method: 'POST', headers }, signIn)).status).toBe(403);
  });
});

describe('a certificate', () => {
  /** The fingerprint of the certificate that a new connection gets. */
  async function served(port: number): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
      resolve(socket.getPeerX509Certificate()?.fingerprint256 ?? '');
      socket.destroy();
    });
    socket.on('error', reject);
    return promise;
  }

  function fingerprintOf({ cert }: Certificate): string {
    return new X509Certificate(cert).fingerprint256;
  }

  /** A connection that waits to be accepted when the certificate changes is reset, and serves nothing. */
  async function serves(port: number, certificate: Certificate): Promise<boolean> {
    try {
      return (await served(port)) === fingerprintOf(certificate);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ECONNRESET') return false;
      throw error;
    }
  }

  async function connect(app: WebApp): Promise<TestSocket> {
    const cookie = `__Host-sessionid=${(await app.signedIn()).cookies.get('sessionid')}`;
    const url = `${app.url.replace('https', 'wss')}/time/tic/`;
    const socket = new TestSocket(new WebSocket(url, { rejectUnauthorized: false, headers: { cookie } }));
    await socket.opened;
    return socket;
  }

  async function withCertificates(
    use: (files: Certificate, next: Certificate, app: WebApp, lines: { msg: string }[]) => Promise<void>,
    days?: number,
  ): Promise<void> {
    const [files, next] = [await selfSignedCertificate(days), await selfSignedCertificate()];
    const { log, lines } = recordedLog();
    try {
      await using app = await WebApp.start({ tls: files, log });
      await use(files, next, app, lines);
    } finally {
      await Promise.all([files.remove(), next.remove()]);
    }
  }

  test('that changes is loaded within 10 s, and every socket stays open and gets ticks', async () => {
    await withCertificates(async (files, next, app) => {
      using before = await connect(app);
      const expiry = app.web.sources.tlsExpiresAt?.() ?? 0;
      expect(expiry).toBe(Date.parse(new X509Certificate(files.cert).validTo));
      await copyFile(next.certFile, files.certFile);
      await copyFile(next.keyFile, files.keyFile);
      expect(await msUntil(() => serves(app.port, next), 'the new certificate is served')).toBeLessThan(10_000);
      const nextExpiry = Date.parse(new X509Certificate(next.cert).validTo);
      await until(() => app.web.sources.tlsExpiresAt?.() === nextExpiry, 'its expiry is known');
      using after = await connect(app);
      await app.tick('15:03:27');
      expect((await before.nextTick()).text).toBe('15:03:27');
      expect((await after.nextTick()).text).toBe('15:03:27');
      expect(app.sockets).toBe(2);
    });
  });

  test('is loaded on SIGHUP, and one that does not match its key is refused with a warning', async () => {
    await withCertificates(async (files, next, app, lines) => {
      await copyFile(next.certFile, files.certFile);
      process.emit('SIGHUP', 'SIGHUP');
      await until(() => lines.some(({ msg }) => msg.startsWith('the new certificate')), 'a warning');
      expect(await served(app.port)).toBe(fingerprintOf(files));
      await copyFile(next.keyFile, files.keyFile);
      process.emit('SIGHUP', 'SIGHUP');
      await until(() => serves(app.port, next), 'the new certificate is served');
    });
  });

  test('that is still being written when it is read is loaded when it is complete', async () => {
    const [files, next] = [await selfSignedCertificate(), await selfSignedCertificate()];
    let loads = 0;
    const replace = async (): Promise<boolean> => {
      loads += 1;
      await writeFile(files.certFile, next.cert);
      return true;
    };
    const reload = new CertificateReload({
      config: { tlsCert: files.certFile, tlsKey: files.keyFile } as WebSettings,
      listener: { replace, listenAgain: async () => true, closeRetired: () => {} },
      time: { now: Date.now },
      log: silentLogger(),
    });
    try {
      await reload.start();
      await writeFile(files.certFile, next.cert.slice(0, 100));
      process.emit('SIGHUP', 'SIGHUP');
      await until(() => loads === 1, 'the file is loaded while it is written');
      const nextExpiry = Date.parse(new X509Certificate(next.cert).validTo);
      await until(() => {
        process.emit('SIGHUP', 'SIGHUP');
        return reload.expiresAt === nextExpiry && loads === 2;
      }, 'the complete file is loaded');
    } finally {
      await reload.stop();
      await Promise.all([files.remove(), next.remove()]);
    }
  });

  test('that changes before the start, such as while Redis is slow, is loaded after it', async () => {
    const [files, next] = [await selfSignedCertificate(), await selfSignedCertificate(10)];
    const reload = new CertificateReload({
      config: { tlsCert: files.certFile, tlsKey: files.keyFile } as WebSettings,
      listener: { replace: async () => true, listenAgain: async () => true, closeRetired: () => {} },
      time: { now: Date.now },
      log: silentLogger(),
    });
    const expiryOf = ({ cert }: Certificate): number => Date.parse(new X509Certificate(cert).validTo);
    try {
      await Promise.all([copyFile(next.certFile, files.certFile), copyFile(next.keyFile, files.keyFile)]);
      await reload.start();
      expect(reload.expiresAt).toBe(expiryOf(files));
      process.emit('SIGHUP', 'SIGHUP');
      await until(() => reload.expiresAt === expiryOf(next), 'the new certificate is loaded');
    } finally {
      await reload.stop();
      await Promise.all([files.remove(), next.remove()]);
    }
  });

  test('does not end the process if the port is taken during the change: it warns, and listens again later', async () => {
    const [files, next] = [await selfSignedCertificate(), await selfSignedCertificate()];
    const { log, lines } = recordedLog();
    let isPortFree = false;
    const reload = new CertificateReload({
      config: { tlsCert: files.certFile, tlsKey: files.keyFile } as WebSettings,
      listener: { replace: async () => isPortFree, listenAgain: async () => isPortFree, closeRetired: () => {} },
      time: { now: Date.now },
      log,
    });
    const messages = (): unknown[] => lines.map(({ msg }) => msg);
    try {
      await reload.start();
      await Promise.all([copyFile(next.certFile, files.certFile), copyFile(next.keyFile, files.keyFile)]);
      process.emit('SIGHUP', 'SIGHUP');
      await until(() => messages().includes('new certificate loaded'), 'the certificate is replaced');
      expect(messages()).toContainEqual(expect.stringMatching(/^another process took the port/));
      expect(messages()).not.toContain('listening again');
      isPortFree = true;
      await until(() => {
        process.emit('SIGHUP', 'SIGHUP');
        return messages().includes('listening again');
      }, 'the server listens again');
      expect(messages().filter((text) => /another process/.test(String(text)))).toHaveLength(1);
    } finally {
      await reload.stop();
      await Promise.all([files.remove(), next.remove()]);
    }
  });

  test.each([
    [13, 1],
    [30, 0],
  ])('that expires in %i days causes %i warnings at the start', async (days, count) => {
    await withCertificates(async (_files, _next, _app, lines) => {
      const warnings = lines.filter(({ msg }) => /^the certificate expires on \d{4}-\d\d-\d\d$/.test(msg));
      expect(warnings).toHaveLength(count);
    }, days);
  });

  test('is not watched after the server has stopped', async () => {
    const before = process.listenerCount('SIGHUP');
    await withCertificates(async (_files, _next, app) => {
      expect(process.listenerCount('SIGHUP')).toBe(before + 1);
      await app.web.stop();
      expect(process.listenerCount('SIGHUP')).toBe(before);
    });
  });
});

describe('behind a proxy', () => {
  function visit(app: WebApp, lines: readonly string[]): ReturnType<typeof ask> {
    return ask(app.port, requestText('GET /accounts/login/', ['Host: clock', ...lines]));
  }

  test('that is trusted, its scheme decides what the client used', async () => {
    await using app = await WebApp.start({ config: { trustedProxy: [parseAddressRange('127.0.0.0/8')] } });
    for (const scheme of ['https', 'HTTPS', 'wss']) {
      const secure = await visit(app, [`X-Forwarded-Proto: ${scheme}`]);
      expect(secure.headers.get('strict-transport-security')).toBe('max-age=31536000');
      expect(secure.headers.get('set-cookie')).toContain('Secure');
    }
    const plain = await visit(app, ['X-Forwarded-Proto: http']);
    expect(plain.headers.has('strict-transport-security')).toBe(false);
  });

  test('that writes wss for a handshake, as Traefik does, the cookie of https opens a socket', async () => {
    await using app = await WebApp.start({ config: { trustedProxy: [parseAddressRange('127.0.0.0/8')] } });
    const cookie = `__Host-sessionid=${(await app.signedIn()).cookies.get('sessionid')}`;
    const origin = app.url.replace('http:', 'https:');
    const headers = { cookie, 'X-Forwarded-Proto': 'wss', 'X-Forwarded-For': '203.0.113.7', origin };
    using socket = await app.client().connect('', headers);
    socket.send('{"sync":1}');
    expect(JSON.parse(await socket.next()).sync.echo).toBe(1);
  });

  test('that is not trusted, its scheme is ignored, with one warning', async () => {
    const { log, lines } = recordedLog();
    await using app = await WebApp.start({ log });
    for (let times = 0; times < 3; times += 1) {
      const answer = await visit(app, ['X-Forwarded-Proto: https', 'X-Forwarded-For: 203.0.113.7']);
      expect(answer.headers.has('strict-transport-security')).toBe(false);
    }
    expect(lines.filter(({ msg }) => msg.includes('--trusted-proxy'))).toHaveLength(1);
  });
});
