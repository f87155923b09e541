import type { InitialState } from '../protocol.ts';
import { Connection, type StateAnswer } from './connection.ts';
import { Face } from './face.ts';
import type { Socket, SocketEvents } from './line.ts';

const root = document.documentElement;
const face = new Face({ root, display: element('display'), state: element('state') });
const connection = new Connection({
  openSocket,
  fetchState,
  now: () => performance.now(),
  random: Math.random,
  schedule,
  build: root.dataset['build'] ?? '',
  onState: (state) => face.become(state),
  onTick: (tick) => face.show(tick),
  onZone: (zone) => face.place(zone),
});

element('sign-in').setAttribute('href', `/accounts/login/?next=${here()}`);
connection.start();
addEventListener('online', () => connection.wake());
addEventListener('pageshow', (event) => event.persisted && connection.wake());
document.addEventListener('visibilitychange', () => document.hidden || connection.wake());

function openSocket(events: SocketEvents): Socket {
  const address = new URL('/time/tic/?every=1000', location.href);
  address.protocol = address.protocol.replace('http', 'ws');
  const socket = new WebSocket(address);
  socket.onopen = () => events.opened();
  socket.onmessage = ({ data }) => typeof data === 'string' && events.received(data);
  socket.onclose = ({ code }) => events.closed(code);
  return socket;
}

async function fetchState(): Promise<StateAnswer> {
  const response = await fetch('/api/initial_state', { signal: AbortSignal.timeout(5_000) });
  const retryAfter = response.headers.get('Retry-After');
  return {
    status: response.status,
    retryAfterMs: retryAfter === null ? null : Number(retryAfter) * 1_000 || null,
    state: response.status === 200 ? ((await response.json()) as InitialState) : null,
  };
}

function schedule(run: () => void, delayMs: number): () => void {
  const timer = setTimeout(run, delayMs);
  return () => clearTimeout(timer);
}

/** Path and query of this page, as a value of a query. */
function here(): string {
  return encodeURIComponent(location.pathname + location.search).replaceAll('%2F', '/');
}

function element(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no #${id}`);
  return found;
}
