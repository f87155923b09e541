import { createSocket } from 'node:dgram';
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { BadValue } from './option-parsers.ts';

/** A range of addresses: `10.0.0.0/8`, `fd00::/8`, or a single address. */
export type AddressRange = ReturnType<typeof ipaddr.parseCIDR>;

/**
 * An IP address in its canonical form, or null for any other text. An IPv4-mapped IPv6 address, also one in
 * hexadecimal (`::ffff:102:304`), becomes the IPv4 address; a zone (`fe80::1%eth0`) is dropped.
 */
export function parseAddress(text: string): string | null {
  return parse(text)?.toString() ?? null;
}

/** The canonical form, like that of `parseAddress`, of the 4 or 16 bytes of an address; empty for any other number. */
export function formatAddress(bytes: Uint8Array): string {
  if (bytes.length === 4) return `${bytes[0]}.${bytes[1]}.${bytes[2]}.${bytes[3]}`;
  return bytes.length === 16 ? ipaddr.process(ipaddr.fromByteArray([...bytes]).toString()).toString() : '';
}

/** The key by which limits count a client: an IPv4 address, the /64 network of an IPv6 address, or any other text. */
export function networkOf(text: string): string {
  const address = parse(text);
  if (address === null) return text;
  if (address.kind() === 'ipv4') return address.toString();
  return `${ipaddr.IPv6.networkAddressFromCIDR(`${address.toString()}/64`).toString()}/64`;
}

/** Throws a `BadValue` if the text is neither an address nor a range. */
export function parseAddressRange(text: string): AddressRange {
  const [address = '', prefix, ...rest] = text.split('/');
  const version = isIP(address);
  const bits = version === 6 ? 128 : 32;
  const isWellFormed = version !== 0 && rest.length === 0 && /^\d{1,3}$/.test(prefix ?? String(bits));
  if (!isWellFormed || Number(prefix ?? bits) > bits) {
    throw new BadValue('address ranges, such as 10.0.0.0/8,fd00::/8');
  }
  const mappedBits = 96;
  const length = Number(prefix ?? bits);
  const parsed = ipaddr.parse(address);
  // Addresses are compared in their canonical form, so a range of IPv4-mapped addresses must be one of IPv4.
  return parsed instanceof ipaddr.IPv6 && parsed.isIPv4MappedAddress() && length >= mappedBits
    ? [parsed.toIPv4Address(), length - mappedBits]
    : [parsed, length];
}

/** Whether an address is in one of the ranges; false if the text is not an address. */
export function isInRanges(text: string, ranges: readonly AddressRange[]): boolean {
  const address = parse(text);
  return (
    address !== null && ranges.some(([network, bits]) => isSameKind(address, network) && address.match(network, bits))
  );
}

/** Whether a range is larger than a usual network: wider than /24, or /64 for IPv6. */
export function isWide([network, bits]: AddressRange): boolean {
  return bits < (network.kind() === 'ipv4' ? 24 : 64);
}

/** `host:port`, with brackets around an IPv6 address. */
export function formatAuthority(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Whether a server on this address listens on all addresses: `::` (both families) or `0.0.0.0` (IPv4). */
export function isUnspecified(host: string): boolean {
  const address = parseAddress(host);
  return address === '::' || address === '0.0.0.0';
}

/** The addresses at which a server that listens on `host` may be reached from its own host. */
export function localHosts(host: string): string[] {
  const address = parseAddress(host);
  if (address === '::') return ['127.0.0.1', '::1'];
  return [address === '0.0.0.0' ? '127.0.0.1' : host];
}

function parse(text: string): ipaddr.IPv4 | ipaddr.IPv6 | null {
  // ipaddr.js alone also accepts `1`, `0x7f.1` and other forms of inet_aton.
  if (isIP(text) === 0) return null;
  const [address = ''] = text.split('%');
  return ipaddr.process(address);
}

function isSameKind(left: ipaddr.IPv4 | ipaddr.IPv6, right: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  return left.kind() === right.kind();
}

/** Whether a host name or address means this host alone. */
export function isLoopback(host: string): boolean {
  const address = parse(host.replace(/^\[(.*)\]$/, '$1'));
  return address === null ? /^(.+\.)?localhost$/i.test(host) : address.range() === 'loopback';
}

/** The IPv4 address that this host uses towards other networks; null without a route. Sends nothing. */
export async function defaultRouteAddress(): Promise<string | null> {
  const socket = createSocket('udp4');
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      // A callback of `connect` would run after an error, too.
      socket.once('connect', resolve);
      // An address for documentation (RFC 5737): a datagram socket that connects only chooses a route.
      socket.connect(9, '192.0.2.1');
    });
    return socket.address().address;
  } catch {
    return null;
  } finally {
    socket.close();
  }
}
