import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** The unit that limits count by: an IPv4 address itself, the /64 of an IPv6 address, any other text as it is. */
export function networkOf(text: string): string {
  // ipaddr.js alone would also read `1`, `0x7f.1` and other forms of inet_aton.
  if (isIP(text) === 0) return text;
  const [unzoned = ''] = text.split('%');
  const address = ipaddr.process(unzoned);
  if (address.kind() === 'ipv4') return address.toString();
  return `${ipaddr.IPv6.networkAddressFromCIDR(`${address.toString()}/64`).toString()}/64`;
}
