import { BlockList, isIP } from 'node:net';
import { BadValue } from '../config.ts';
import type { Logger } from '../logger.ts';

/** A range of addresses: `10.0.0.0/8`, `fd00::/8`, or a single address. */
export interface AddressRange {
  address: string;
  prefix: number;
  family: 'ipv4' | 'ipv6';
}

export function parseAddressRange(text: string): AddressRange {
  const [address = '', prefixText, ...rest] = text.split('/');
  const version = isIP(address);
  const bits = version === 6 ? 128 : 32;
  const prefix = prefixText === undefined ? bits : Number(prefixText);
  const wellFormed = rest.length === 0 && (prefixText === undefined || /^\d+$/.test(prefixText));
  if (version === 0 || !wellFormed || prefix > bits) throw new BadValue('address ranges, such as 10.0.0.0/8,fd00::/8');
  return { address, prefix, family: version === 6 ? 'ipv6' : 'ipv4' };
}

/** Tells who a client is when proxies stand between: only those that were named are believed. */
export class Proxies {
  readonly #trusted = new BlockList();
  /** Whether any proxy is trusted at all. */
  readonly trustsAny: boolean;
  /** Whether this server itself speaks TLS. */
  readonly directIsSecure: boolean;
  readonly #log: Logger;
  #warned = false;

  /** `directIsSecure`: whether this server itself speaks TLS. */
  constructor(trusted: readonly AddressRange[], directIsSecure: boolean, log: Logger) {
    for (const { address, prefix, family } of trusted) this.#trusted.addSubnet(address, prefix, family);
    this.trustsAny = trusted.length > 0;
    this.directIsSecure = directIsSecure;
    this.#log = log;
  }

  /** The right-most hop that is no trusted proxy, and whether it came over TLS. */
  clientOf(peer: string, headers: ReadonlyMap<string, string>): { address: string; secure: boolean } {
    const address = plainAddress(peer);
    const forwardedFor = headers.get('x-forwarded-for');
    const direct = { address, secure: this.directIsSecure };
    if (!this.#trusts(address)) {
      if (forwardedFor !== undefined) this.#warnOnce(address);
      return direct;
    }
    const hops = forwardedFor?.split(',').map((hop) => plainAddress(hop.trim())) ?? [];
    const client = hops.findLast((hop) => !this.#trusts(hop)) ?? hops[0] ?? address;
    const protocol = headers.get('x-forwarded-proto')?.split(',').at(-1)?.trim();
    return {
      address: isIP(client) === 0 ? address : client,
      secure: protocol === undefined ? direct.secure : protocol === 'https',
    };
  }

  #trusts(address: string): boolean {
    if (!this.trustsAny) return false;
    const version = isIP(address);
    return version !== 0 && this.#trusted.check(address, version === 6 ? 'ipv6' : 'ipv4');
  }

  #warnOnce(proxy: string): void {
    if (this.#warned) return;
    this.#warned = true;
    this.#log.warn({ proxy }, 'a request came through a proxy that is not trusted: name it with --trusted-proxy');
  }
}

/** IPv4 addresses that a dual-stack socket shows as IPv6, as IPv4 again; brackets and port of a forwarded one away. */
function plainAddress(text: string): string {
  if (!text.includes(':')) return text;
  const bracketed = /^\[([^\]]+)\](?::\d+)?$/.exec(text)?.[1] ?? text;
  const unported = /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(bracketed)?.[1] ?? bracketed;
  return /^(?:0*:)*(?:::)?ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(unported)?.[1] ?? unmapped(unported);
}

function unmapped(text: string): string {
  const groups = /^(?:0000:){5}ffff:([0-9a-f]{2})([0-9a-f]{2}):([0-9a-f]{2})([0-9a-f]{2})$/i.exec(text);
  return groups === null
    ? text
    : groups
        .slice(1)
        .map((byte) => Number.parseInt(byte, 16))
        .join('.');
}
