import type { ConnectionOptions } from './connection/options.ts';
import { fetchState, pageChannels, socketAddress, socketOf } from './wire.ts';

/** How a page reaches its server. */
export interface Transport extends Pick<ConnectionOptions, 'openSocket' | 'fetchState'> {
  /** Of every other request to `/api/`. */
  headers: Record<string, string>;
}

/** The browser authenticates every request with its cookie. */
export const cookieTransport: Transport = {
  headers: {},
  openSocket: (events) => socketOf(new WebSocket(socketAddress(location.href, pageChannels)), events),
  fetchState: (timeoutMs, cancelled) => fetchState(location.href, timeoutMs, { cancelled }),
};
