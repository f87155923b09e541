import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { UserError } from '../../lifecycle.ts';
import type { RedisTarget } from './target.ts';

/** The paths of PEM files, as the options name them. */
export interface TlsFiles {
  redisCa: string | undefined;
  redisCert: string | undefined;
  redisKey: string | undefined;
}

/** The contents of the files: the CAs that replace those of Node.js, and the client certificate. */
export type RedisTls = Pick<SecureContextOptions, 'ca' | 'cert' | 'key'>;

/** Reads the files and checks their contents. Throws a `UserError` that names the option and the file. */
export function readTlsFiles({ redisCa, redisCert, redisKey }: TlsFiles, target: RedisTarget): RedisTls {
  const option = redisCa !== undefined ? '--redis-ca' : redisCert !== undefined ? '--redis-cert' : '--redis-key';
  if (redisCa === undefined && redisCert === undefined && redisKey === undefined) return {};
  if (target.kind !== 'single' || !target.tls) {
    throw new UserError(`${option}: only for a single server over TLS: set CLOCK_REDIS_URL to rediss://...`);
  }
  if ((redisCert === undefined) !== (redisKey === undefined)) {
    throw new UserError('--redis-cert and --redis-key: only one of them is set; set both or none');
  }
  return {
    ...(redisCa === undefined ? {} : { ca: readCa(redisCa) }),
    ...(redisCert === undefined || redisKey === undefined ? {} : readClientCertificate(redisCert, redisKey)),
  };
}

function readCa(path: string): string {
  const ca = readText('--redis-ca', path);
  try {
    // A secure context ignores a CA that it cannot parse; this constructor throws.
    new X509Certificate(ca).toString();
  } catch {
    throw new UserError(`--redis-ca: ${path} is not a certificate in PEM format`);
  }
  return ca;
}

function readClientCertificate(certPath: string, keyPath: string): RedisTls {
  const cert = readText('--redis-cert', certPath);
  const key = readText('--redis-key', keyPath);
  try {
    createSecureContext({ cert, key });
  } catch (error) {
    const { reason = String(error) } = error as { reason?: string };
    throw new UserError(`--redis-cert: ${certPath} and ${keyPath} are not a certificate and its key (${reason})`);
  }
  return { cert, key };
}

function readText(option: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UserError(`${option}: ${path} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}
