import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface Certificate {
  certFile: string;
  keyFile: string;
  /** PEM. */
  cert: string;
  remove(): Promise<void>;
}

/** Creates a self-signed certificate for `localhost` with openssl. */
export async function selfSignedCertificate(days = 30): Promise<Certificate> {
  const folder = await mkdtemp(join(tmpdir(), 'clock-tls-'));
  const [certFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const request = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days ${days} -subj /CN=localhost`;
  const names = 'subjectAltName=DNS:localhost,IP:127.0.0.1';
  const files = ['-keyout', keyFile, '-out', certFile];
  await promisify(execFile)('openssl', [...request.split(' '), '-addext', names, ...files]);
  const cert = await readFile(certFile, 'utf8');
  return { certFile, keyFile, cert, remove: () => rm(folder, { recursive: true, force: true }) };
}
