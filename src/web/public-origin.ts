import { defaultRouteAddress, isLoopback } from '../addresses.ts';
import type { RequestHead } from './http.ts';

export interface PublicOriginOptions {
  /** `--public-url`. */
  publicUrl: string | undefined;
  /** The address that the server listens on. */
  listenHost: string;
}

/**
 * The origin under which a phone reaches this server: the configured one, else that of the request; if that is loopback,
 * this host's address in its network. Null if the server listens on loopback alone, or the host has no network.
 */
export async function publicOrigin(head: RequestHead, options: PublicOriginOptions): Promise<string | null> {
  const { publicUrl, listenHost } = options;
  if (publicUrl !== undefined) return publicUrl;
  const { protocol, hostname, port, origin } = new URL(
    `${head.secure ? 'https' : 'http'}://${head.headers.get('host')}`,
  );
  if (!isLoopback(hostname)) return origin;
  const address = isLoopback(listenHost) ? null : await defaultRouteAddress();
  return address === null ? null : `${protocol}//${address}${port === '' ? '' : `:${port}`}`;
}
