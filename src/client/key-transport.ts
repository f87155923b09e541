import { fetchTicket, openWithTicket } from './ticket-socket.ts';
import type { Transport } from './transport.ts';
import { fetchState, pageChannels, socketAddress } from './wire.ts';

/** Authenticates with the key of a link, for frames and players that have no cookies. */
export function keyTransport(key: string): Transport {
  const headers = { Authorization: `Bearer ${key}` };
  return {
    headers,
    openSocket: (events) =>
      openWithTicket(socketAddress(location.href, pageChannels), () => fetchTicket(location.href, headers), events),
    fetchState: (timeoutMs, cancelled) => fetchState(location.href, timeoutMs, { headers, cancelled }),
  };
}
