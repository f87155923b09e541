import { runInBackground } from '../background.ts';
import type { Socket, SocketEvents } from './connection/options.ts';
import { request } from './request.ts';
import type { Transport } from './transport.ts';
import { fetchState, socketAddress, socketOf } from './wire.ts';

const ticketTimeoutMs = 5_000;
/** RFC 6455 section 7.1.5: a connection that was closed without a close frame. */
const abnormalClosure = 1006;

/** Authenticates with the key of a link, for frames and players that have no cookies. */
export function keyTransport(key: string): Transport {
  const headers = { Authorization: `Bearer ${key}` };
  return {
    headers,
    openSocket: (events) => openWithTicket(headers, events),
    fetchState: (timeoutMs, signal) => fetchState(location.href, timeoutMs, { headers, signal }),
  };
}

/** A browser cannot send a header with a handshake, so a ticket authenticates it. If there is none, the handshake failed. */
function openWithTicket(headers: Record<string, string>, events: SocketEvents): Socket {
  let socket: Socket | null = null;
  let isClosed = false;
  const open = async (): Promise<void> => {
    const options = { method: 'POST', headers, timeoutMs: ticketTimeoutMs };
    const ticket = await request(new URL('/api/ticket', location.href), readTicket, options);
    if (isClosed) return;
    const address = socketAddress(location.href);
    address.searchParams.set('ticket', ticket);
    socket = socketOf(new WebSocket(address.href), events);
  };
  runInBackground(
    open().catch(() => {
      if (!isClosed) events.closed(abnormalClosure);
    }),
  );
  return {
    send: (text) => socket?.send(text),
    close: () => {
      isClosed = true;
      socket?.close();
    },
  };
}

async function readTicket(response: Response): Promise<string> {
  if (!response.ok) throw new Error(`/api/ticket: status ${response.status}`);
  return ((await response.json()) as { ticket: string }).ticket;
}
