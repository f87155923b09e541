import { runInBackground } from '../background.ts';
import type { Socket, SocketEvents } from './connection/options.ts';
import { request } from './request.ts';
import { socketOf } from './wire.ts';

const ticketTimeoutMs = 5_000;
/** RFC 6455 section 7.1.5: a connection that was closed without a close frame. */
const abnormalClosure = 1006;

/** Exchanges a token or the key of a link for a ticket. Rejects with the `status` of a refusal. */
export async function fetchTicket(page: string | URL, headers: Record<string, string>): Promise<string> {
  return request(new URL('/api/ticket', page), readTicket, { method: 'POST', headers, timeoutMs: ticketTimeoutMs });
}

async function readTicket(response: Response): Promise<string> {
  const { ok, status } = response;
  if (!ok) throw Object.assign(new Error(`/api/ticket: status ${status}`), { status });
  return ((await response.json()) as { ticket: string }).ticket;
}

/**
 * Opens a socket whose handshake a ticket authenticates, since a browser cannot send a header with it. Without a ticket
 * it reports a failed handshake.
 */
export function openWithTicket(address: URL, getTicket: () => Promise<string>, events: SocketEvents): Socket {
  let socket: Socket | null = null;
  let isClosed = false;
  const open = async (): Promise<void> => {
    const ticket = await getTicket();
    if (isClosed) return;
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
