import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { ValuesOf } from '../config.ts';
import { UserError } from '../lifecycle.ts';
import type { webOptions } from './options.ts';
import type { TemplatedApp, Uws } from './uws.ts';

/** Certificate and key, if https is to be served. */
export type TlsConfig = Pick<ValuesOf<typeof webOptions>, 'tlsCert' | 'tlsKey'>;

/** An app that serves https with the two files, or plain http without. Throws a `Failure` that says what is wrong. */
export function createApp({ tlsCert, tlsKey }: TlsConfig, uws: Uws): TemplatedApp {
  if (tlsCert === undefined && tlsKey === undefined) return uws.App();
  if (tlsCert === undefined || tlsKey === undefined) {
    throw new UserError('--tls-cert and --tls-key: name both, or neither');
  }
  const [cert, key] = [readPem('--tls-cert', tlsCert), readPem('--tls-key', tlsKey)];
  try {
    createSecureContext({ cert, key });
    // It gives no reasons, but refuses more: the key of another certificate, and curves that it does not know.
    return uws.SSLApp({ cert_file_name: tlsCert, key_file_name: tlsKey });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(`--tls-cert and --tls-key: ${tlsCert} and ${tlsKey} are no certificate and its key: ${reason}`);
  }
}

function readPem(option: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UserError(`${option}: ${file} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}
