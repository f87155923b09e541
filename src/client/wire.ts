import type { InitialState } from '../protocol.ts';
import type { Socket, SocketEvents } from './connection/options.ts';
import type { StateResponse } from './connection/state.ts';
import { request, type RequestOptions } from './request.ts';

/** Adapts a WebSocket of a browser or of Node. */
export function socketOf(socket: WebSocket, events: SocketEvents): Socket {
  socket.onopen = () => events.opened();
  socket.onmessage = ({ data }) => {
    if (typeof data === 'string') events.received(data);
  };
  socket.onclose = ({ code, reason }) => events.closed(code, reason);
  return { send: (text) => socket.send(text), close: () => socket.close() };
}

/** What the page of the clock receives besides the time. */
export const pageChannels = ['show'];

/**
 * The address of the socket that belongs to a page. One tick a second is enough, since the page runs its own clock.
 * `others`: channels besides `time`.
 */
export function socketAddress(page: string | URL, others: readonly string[] = []): URL {
  const channels = others.length > 0 ? `&channels=${['time', ...others].join()}` : '';
  const address = new URL(`/time/tic/?every=1000${channels}`, page);
  address.protocol = address.protocol.replace('http', 'ws');
  return address;
}

/** Requests the initial state. Rejects if the request fails or takes longer than `timeoutMs`. */
export async function fetchState(
  page: string | URL,
  timeoutMs: number,
  options: Omit<RequestOptions, 'timeoutMs'> = {},
): Promise<StateResponse> {
  return request(new URL('/api/initial_state', page), readState, { timeoutMs, ...options });
}

async function readState(response: Response): Promise<StateResponse> {
  const { status, headers } = response;
  const retryAfterMs = Number(headers.get('Retry-After')) * 1_000 || null;
  // A proxy that requires its own sign-in redirects, or responds with its page.
  const isRedirect = response.type === 'opaqueredirect' || (status >= 300 && status < 400);
  const isPage = status === 200 && (headers.get('Content-Type') ?? '').startsWith('text/html');
  if (isRedirect || isPage) return { status: 401, retryAfterMs, state: null, isForeign: true };
  return { status, retryAfterMs, state: status === 200 ? initialStateOf(await response.json()) : null };
}

/** Null if the response is not one of a Clock. */
function initialStateOf(value: unknown): InitialState | null {
  const state = value as Partial<InitialState> | null;
  return typeof state === 'object' && state !== null && Number(state.interval) > 0 ? (value as InitialState) : null;
}
