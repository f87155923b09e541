import type { InitialState } from '../protocol.ts';
import type { Socket, SocketEvents } from './line.ts';

/** The answer to `GET /api/initial_state`. */
export interface StateAnswer {
  status: number;
  /** Of the header `Retry-After`, ms. */
  retryAfterMs: number | null;
  /** With status 200. */
  state: InitialState | null;
}

/** A WebSocket of a browser or of Node, as a line wants it. */
export function socketOf(socket: WebSocket, events: SocketEvents): Socket {
  socket.onopen = () => events.opened();
  socket.onmessage = ({ data }) => {
    if (typeof data === 'string') events.received(data);
  };
  socket.onclose = ({ code }) => events.closed(code);
  return { send: (text) => socket.send(text), close: () => socket.close() };
}

/** The socket's address beside that of a page. Each second is enough for who keeps time between the ticks. */
export function socketAddress(page: string | URL): URL {
  const address = new URL('/time/tic/?every=1000', page);
  address.protocol = address.protocol.replace('http', 'ws');
  return address;
}

export async function fetchState(
  page: string | URL,
  withinMs: number,
  headers: Record<string, string> = {},
): Promise<StateAnswer> {
  const response = await askForState(page, withinMs, { headers });
  const retryAfter = response.headers.get('Retry-After');
  return {
    status: response.status,
    retryAfterMs: retryAfter === null ? null : Number(retryAfter) * 1_000 || null,
    state: response.status === 200 ? ((await response.json()) as InitialState) : null,
  };
}

/**
 * Whether the server answers to somebody whom it does not know: with 401. Browsers keep such connections apart, so that
 * none which a dead network holds is used again.
 */
export async function isReachable(page: string | URL, withinMs: number): Promise<boolean> {
  const { status } = await askForState(page, withinMs, { credentials: 'omit' });
  return status === 401;
}

function askForState(page: string | URL, withinMs: number, init: RequestInit): Promise<Response> {
  // Past the cache: there a browser has a question wait for the one before it.
  const whole = { ...init, cache: 'no-store', signal: AbortSignal.timeout(withinMs) } as const;
  return fetch(new URL('/api/initial_state', page), whole);
}

export function schedule(run: () => void, delayMs: number): () => void {
  const timer = setTimeout(run, delayMs);
  return () => clearTimeout(timer);
}
