import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { UserError } from '../lifecycle.ts';
import type { WebSettings } from './options.ts';
import type { TemplatedApp, Uws } from './uws.ts';

/** The ciphers for TLS 1.2: only those with forward secrecy and authentication, which all ciphers of TLS 1.3 have. */
const ciphers = 'ECDHE+AESGCM:ECDHE+CHACHA20';

/** An app that serves https if the configuration names a certificate, else http. Throws a `UserError`. */
export function createApp({ tlsCert, tlsKey }: WebSettings, uws: Uws): TemplatedApp {
  if (tlsCert === undefined && tlsKey === undefined) return uws.App();
  if (tlsCert === undefined || tlsKey === undefined) {
    throw new UserError('--tls-cert and --tls-key: set both or neither');
  }
  const [cert, key] = [readPem('--tls-cert', tlsCert), readPem('--tls-key', tlsKey)];
  try {
    createSecureContext({ cert, key });
    // uWebSockets.js refuses more than Node does, such as some curves, but gives no reason. So Node checks first.
    return uws.SSLApp({ cert_file_name: tlsCert, key_file_name: tlsKey, ssl_ciphers: ciphers });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(
      `--tls-cert and --tls-key: ${tlsCert} and ${tlsKey} are not a usable certificate and its key: ${reason}`,
    );
  }
}

function readPem(option: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UserError(`${option}: ${file} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}
