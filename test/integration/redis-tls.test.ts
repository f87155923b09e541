import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RedisBackend } from '../../src/backend/redis/redis-backend.ts';
import { parseRedisTarget } from '../../src/backend/redis/target.ts';
import { readTlsFiles, type RedisTls, type TlsFiles } from '../../src/backend/redis/tls-files.ts';
import { UserError } from '../../src/lifecycle.ts';
import { selfSignedCertificate, type Certificate } from '../support/certificate.ts';
import { freePort } from '../support/free-port.ts';
import { recordedLog, type LogLine } from '../support/recorded-log.ts';
import { patient, RedisServer } from '../support/redis-server.ts';
import { until } from '../support/until.ts';

const noFiles: TlsFiles = { redisCa: undefined, redisCert: undefined, redisKey: undefined };

let certificate: Certificate;
let clientCertificate: Certificate;
/** Accepts any client. */
let server: RedisServer;
/** Accepts clients with the client certificate only. */
let strictServer: RedisServer;

beforeAll(async () => {
  [certificate, clientCertificate] = await Promise.all([selfSignedCertificate(), selfSignedCertificate()]);
  [server, strictServer] = await Promise.all([
    startTlsServer({ 'tls-auth-clients': 'no' }),
    startTlsServer({ 'tls-auth-clients': 'yes', 'tls-ca-cert-file': clientCertificate.certFile }),
  ]);
});
afterAll(async () => {
  await Promise.all([server.stop(), strictServer.stop()]);
  await Promise.all([certificate.remove(), clientCertificate.remove()]);
});

async function startTlsServer(settings: Record<string, string>): Promise<RedisServer> {
  const port = await freePort();
  return RedisServer.start({
    port,
    settings: {
      port: '0',
      'tls-port': String(port),
      'tls-cert-file': certificate.certFile,
      'tls-key-file': certificate.keyFile,
      ...settings,
    },
  });
}

function urlOf({ port }: RedisServer): string {
  return `rediss://localhost:${port}`;
}

/** Starts a backend with a subscription, lets `check` see it, and stops it. */
async function withBackend(
  url: string,
  tls: RedisTls,
  check: (backend: RedisBackend, lines: LogLine[]) => Promise<void> | void,
): Promise<void> {
  const { log, lines } = recordedLog();
  const target = parseRedisTarget(url);
  const backend = new RedisBackend({ target, tls, prefix: 'p:', channels: ['time'], log, ...patient });
  backend.ticks.subscribe(() => {});
  try {
    await backend.start();
    await check(backend, lines);
  } finally {
    await backend.stop();
  }
}

async function expectServed(backend: RedisBackend): Promise<void> {
  expect(backend.outage).toBeNull();
  const results = await backend.selfTest();
  expect(results.filter(({ problem }) => problem !== null)).toEqual([]);
}

describe('Redis over TLS', () => {
  test('is an outage with the reason if its certificate is not trusted', async () => {
    await withBackend(urlOf(server), {}, (backend, lines) => {
      expect([backend.outage, backend.outageReason]).toEqual(['redis-down', 'self-signed certificate']);
      expect(lines.at(-1)).toMatchObject({ msg: 'Redis cannot serve', reason: 'self-signed certificate' });
    });
  });

  test('serves if the CAs of Node.js include its CA', async () => {
    const trusted = getCACertificates();
    setDefaultCACertificates([...trusted, certificate.cert]);
    try {
      await withBackend(urlOf(server), {}, expectServed);
    } finally {
      setDefaultCACertificates(trusted);
    }
  });

  test('serves with the CA of --redis-ca', async () => {
    const url = urlOf(server);
    const tls = readTlsFiles({ ...noFiles, redisCa: certificate.certFile }, parseRedisTarget(url));
    await withBackend(url, tls, expectServed);
  });

  test('is an outage if --redis-ca replaces the CA that it needs', async () => {
    const trusted = getCACertificates();
    setDefaultCACertificates([...trusted, certificate.cert]);
    try {
      const url = urlOf(server);
      const tls = readTlsFiles({ ...noFiles, redisCa: clientCertificate.certFile }, parseRedisTarget(url));
      await withBackend(url, tls, (backend) => {
        expect([backend.outage, backend.outageReason]).toEqual(['redis-down', 'self-signed certificate']);
      });
    } finally {
      setDefaultCACertificates(trusted);
    }
  });

  test('serves with the client certificate that it requires, and says so without it', async () => {
    const url = urlOf(strictServer);
    const redisCa = certificate.certFile;
    const files = { redisCa, redisCert: clientCertificate.certFile, redisKey: clientCertificate.keyFile };
    await withBackend(url, readTlsFiles(files, parseRedisTarget(url)), expectServed);
    await withBackend(url, readTlsFiles({ ...noFiles, redisCa }, parseRedisTarget(url)), async (backend) => {
      await until(() => backend.outageReason?.includes('certificate required'), 'the reason');
      expect(backend.outage).toBe('redis-down');
    });
  });
});

describe('TLS files', () => {
  const single = parseRedisTarget('rediss://localhost');
  const refusalOf = (files: Partial<TlsFiles>, target = single): unknown => {
    try {
      return readTlsFiles({ ...noFiles, ...files }, target);
    } catch (error) {
      return error instanceof UserError ? error.message : error;
    }
  };

  test('are optional', () => {
    expect(refusalOf({})).toEqual({});
    expect(refusalOf({}, parseRedisTarget('redis+cluster://localhost'))).toEqual({});
  });

  test('are refused if they cannot be read or are not PEM', async () => {
    const { certFile, keyFile } = certificate;
    const other = join(certFile, '..', 'other.pem');
    await writeFile(other, 'not a certificate');
    expect(refusalOf({ redisCa: '/nowhere.pem' })).toBe('--redis-ca: /nowhere.pem cannot be read (ENOENT)');
    expect(refusalOf({ redisCa: other })).toBe(`--redis-ca: ${other} is not a certificate in PEM format`);
    expect(refusalOf({ redisCert: '/nowhere.pem', redisKey: keyFile })).toBe(
      '--redis-cert: /nowhere.pem cannot be read (ENOENT)',
    );
    expect(refusalOf({ redisCert: certFile, redisKey: '/nowhere.pem' })).toBe(
      '--redis-key: /nowhere.pem cannot be read (ENOENT)',
    );
    expect(refusalOf({ redisCert: other, redisKey: keyFile })).toMatch(/^--redis-cert: .* are not a certificate and/);
    expect(refusalOf({ redisCert: certFile, redisKey: clientCertificate.keyFile })).toMatch(
      /^--redis-cert: .* are not a certificate and its key/,
    );
  });

  test('are refused in pairs of one and without a single server over TLS', () => {
    const { certFile, keyFile } = certificate;
    expect(refusalOf({ redisCert: certFile })).toMatch(/^--redis-cert and --redis-key: only one of them is set/);
    expect(refusalOf({ redisKey: keyFile })).toMatch(/^--redis-cert and --redis-key: only one of them is set/);
    for (const url of ['redis://localhost', 'redis+sentinel://localhost/main', 'redis+cluster://localhost']) {
      expect(refusalOf({ redisCa: certFile }, parseRedisTarget(url))).toMatch(/^--redis-ca: only for a single server/);
    }
  });
});
