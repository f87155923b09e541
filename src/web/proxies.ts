import { isInRanges, parseAddress, type AddressRange } from '../addresses.ts';
import type { Logger } from '../logger.ts';

/** Where a request came from. */
export interface ClientOrigin {
  /** The client's IP address in its canonical form. */
  address: string;
  /** Whether the client connected over TLS. */
  secure: boolean;
}

/** Reads the headers in which proxies report the client, and ignores those of proxies that are not trusted. */
export class Proxies {
  /** Whether any proxy is trusted. */
  readonly trustsAny: boolean;
  /** Whether this server itself serves TLS. */
  readonly directIsSecure: boolean;
  readonly #trusted: readonly AddressRange[];
  readonly #log: Logger;
  /** The header in which an authenticating proxy names the user, in lower case. */
  readonly #userHeader: string | undefined;
  #warned = false;
  #warnedOfUser = false;

  constructor(trusted: readonly AddressRange[], directIsSecure: boolean, log: Logger, userHeader?: string) {
    this.#trusted = trusted;
    this.trustsAny = trusted.length > 0;
    this.directIsSecure = directIsSecure;
    this.#log = log;
    this.#userHeader = userHeader;
  }

  /**
   * The client is the right-most hop that is not a trusted proxy, or the left-most if all are. `peer` is an address in
   * its canonical form.
   */
  clientOf(peer: string, headers: ReadonlyMap<string, string>): ClientOrigin {
    const direct = { address: peer, secure: this.directIsSecure };
    const forwardedFor = headers.get('x-forwarded-for');
    if (!this.#trusts(peer)) {
      if (forwardedFor !== undefined || headers.has('x-forwarded-proto')) this.#warnOnce(peer);
      return direct;
    }
    const hops = forwardedFor?.split(',').map(addressOfHop) ?? [];
    const index = Math.max(
      0,
      hops.findLastIndex((hop) => hop === null || !this.#trusts(hop)),
    );
    const schemes = headers.get('x-forwarded-proto')?.split(',') ?? [];
    // Not every proxy appends its scheme. If the lists differ, only the left-most entry is known to be the client's.
    const scheme = schemes.length === hops.length ? schemes[index] : schemes[0];
    return { address: hops[index] ?? peer, secure: isSecure(scheme) ?? direct.secure };
  }

  /** Removes the header with the name of a user unless a trusted proxy sent it: anybody else could choose the name. */
  dropForgedUser(headers: Map<string, string>, peer: () => string): void {
    const name = this.#userHeader;
    if (name === undefined || !headers.has(name)) return;
    const address = peer();
    if (this.#trusts(address)) return;
    headers.delete(name);
    if (this.#warnedOfUser) return;
    this.#warnedOfUser = true;
    const message = 'a header that names a user did not come from a proxy in --trusted-proxy and is ignored';
    this.#log.warn({ header: name, peer: address }, message);
  }

  #trusts(address: string): boolean {
    return this.trustsAny && isInRanges(address, this.#trusted);
  }

  #warnOnce(proxy: string): void {
    if (this.#warned) return;
    this.#warned = true;
    this.#log.warn(
      { proxy },
      'a request came through a proxy that is not trusted; if it is yours, set --trusted-proxy',
    );
  }
}

/** Null if no scheme is given. Traefik writes `wss` for a WebSocket handshake over TLS. */
function isSecure(scheme: string | undefined): boolean | null {
  const name = scheme?.trim().toLowerCase() ?? '';
  return name === '' ? null : name === 'https' || name === 'wss';
}

/** The address of an entry of `X-Forwarded-For`, without its brackets and port; null if it is not an address. */
function addressOfHop(hop: string): string | null {
  const text = hop.trim();
  const [, address = text] = /^\[([^\]]+)\](?::\d+)?$/.exec(text) ?? /^([\d.]+):\d+$/.exec(text) ?? [];
  return parseAddress(address);
}
