import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { ValuesOf } from './config.ts';
import { Failure } from './lifecycle.ts';
import type { webOptions } from './web/options.ts';
import type { Uws } from './web/uws.ts';

/** Certificate and key, if https is to be served. */
export type TlsConfig = Pick<ValuesOf<typeof webOptions>, 'tlsCert' | 'tlsKey'>;

/** The two files, which belong together; null for plain http. Throws a `Failure` that says what is wrong with them. */
export function tlsFiles({ tlsCert, tlsKey }: TlsConfig, uws: Uws): { certFile: string; keyFile: string } | null {
  if (tlsCert === undefined && tlsKey === undefined) return null;
  if (tlsCert === undefined || tlsKey === undefined) {
    throw new Failure('--tls-cert and --tls-key: name both, or neither');
  }
  const [cert, key] = [readPem('--tls-cert', tlsCert), readPem('--tls-key', tlsKey)];
  try {
    createSecureContext({ cert, key });
    // It gives no reasons, but refuses more: the key of another certificate, and curves that it does not know.
    uws.SSLApp({ cert_file_name: tlsCert, key_file_name: tlsKey }).close();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Failure(`--tls-cert and --tls-key: ${tlsCert} and ${tlsKey} are no certificate and its key: ${reason}`);
  }
  return { certFile: tlsCert, keyFile: tlsKey };
}

function readPem(option: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Failure(`${option}: ${file} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}
