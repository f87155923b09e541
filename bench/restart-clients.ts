/**
 * A process of many screens for `restart.ts`: each has the connection of the page and a socket of its own, without
 * painting. The messages of the parent are `open` with a port and cookies, `cut`, `watch`, `count` and `report`.
 */
import { connect, type Socket as TcpSocket } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Socket, SocketEvents } from '../src/client/connection/options.ts';
import { Connection } from '../src/client/connection/shell.ts';
import type { StateResponse } from '../src/client/connection/state.ts';
import { schedule, type Schedule } from '../src/client/schedule.ts';
import { clientFrame, FrameReader, opcodes } from './load/frame-reader.ts';

export type Order =
  | { open: { port: number; cookies: string[]; everyMs: number } }
  | { do: 'cut' | 'watch' | 'count' | 'report' };

/** How many sockets are open, and how many were opened since `watch`. */
export interface Count {
  open: number;
  opened: number;
}

/** What happened since `watch`. Instants are ms since the epoch. */
export interface Report {
  /** When the timers were due that began the handshakes that opened a socket. */
  dueAt: number[];
  /** When sockets opened. */
  openedAt: number[];
  /** By how much ticks came after their instant, ms. */
  delaysMs: number[];
  /** The spreads that the screens had received by `watch`, ms. */
  spreadsMs: number[];
  /** The longest time for which this process was too busy to keep its timers, ms. */
  busyMs: number;
}

let dueAt: number[] = [];
let openedAt: number[] = [];
let delaysMs: number[] = [];
/** The latest spread of each screen, by its cookie. */
const spreads = new Map<string, number>();
let spreadsMs: number[] = [];
const busy = monitorEventLoopDelay({ resolution: 5 });
const open = new Set<TcpSocket>();

function now(): number {
  return performance.timeOrigin + performance.now();
}

/**
 * When the timer was due that runs now; null while none does. Screens share this process, so it is too busy with each
 * tick to run their timers in time. Screens of their own are not.
 */
let runsFor: number | null = null;

const scheduleAndRemember: Schedule = (run, delayMs) => {
  const due = now() + delayMs;
  return schedule(() => {
    runsFor = due;
    run();
    runsFor = null;
  }, delayMs);
};

function openSocket(port: number, cookie: string, events: SocketEvents): Socket {
  const startedAt = runsFor ?? now();
  const socket = connect(port, '127.0.0.1');
  const reader = new FrameReader((opcode, bytes, start, end) => {
    if (opcode !== opcodes.text) return;
    const text = bytes.toString('utf8', start, end);
    const at = /"at":(\d+)/.exec(text)?.[1];
    if (at !== undefined) delaysMs.push(now() - Number(at));
    const spread = /"spread":(\d+)/.exec(text)?.[1];
    if (spread !== undefined) spreads.set(cookie, Number(spread));
    events.received(text);
  });
  /** The response to the handshake, which may arrive in parts; null once the socket is open. */
  let response: Buffer | null = Buffer.alloc(0);
  socket.write(
    `GET /time/tic/?every=1000 HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      `Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\nCookie: ${cookie}\r\n\r\n`,
  );
  socket.on('data', (bytes) => {
    if (response === null) return reader.read(bytes);
    response = Buffer.concat([response, bytes]);
    const end = response.indexOf('\r\n\r\n');
    if (end < 0) return undefined;
    if (response.subarray(9, 12).toString() !== '101') return socket.destroy();
    const frames = response.subarray(end + 4);
    response = null;
    open.add(socket);
    dueAt.push(startedAt);
    openedAt.push(now());
    events.opened();
    return reader.read(frames);
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    open.delete(socket);
    events.closed(1006);
  });
  return { send: (text) => socket.write(clientFrame(opcodes.text, text)), close: () => socket.destroy() };
}

/** Without `node:http`, which takes more CPU than the server. */
function fetchState(port: number, cookie: string, timeoutMs: number): Promise<StateResponse> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    socket.setTimeout(timeoutMs, () => socket.destroy());
    socket.write(
      `GET /api/initial_state HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nCookie: ${cookie}\r\nConnection: close\r\n\r\n`,
    );
    let response = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => (response += chunk));
    socket.on('error', reject);
    socket.on('close', () => {
      const [head = '', body = ''] = response.split('\r\n\r\n');
      const status = Number(head.slice(9, 12));
      // The server may be killed while it responds.
      if (!body.endsWith('}')) return reject(new Error('the connection ended without a response'));
      const retryAfterMs = Number(/^retry-after: (\d+)/im.exec(head)?.[1]) * 1_000 || null;
      return resolve({ status, retryAfterMs, state: status === 200 ? JSON.parse(body) : null });
    });
  });
}

process.on('message', (order: Order) => {
  if ('open' in order) {
    const { port, cookies, everyMs } = order.open;
    for (const [n, cookie] of cookies.entries()) {
      const connection = new Connection({
        now: () => performance.now(),
        wall: () => Date.now(),
        random: () => Math.random(),
        schedule: scheduleAndRemember,
        build: 'bench',
        openSocket: (events) => openSocket(port, cookie, events),
        fetchState: (timeoutMs) => fetchState(port, cookie, timeoutMs),
        onCommand: () => {},
      });
      // All at once would only fill the backlog of the listening socket.
      setTimeout(() => connection.start(), n * everyMs);
    }
    return;
  }
  switch (order.do) {
    case 'cut':
      for (const socket of open) socket.resetAndDestroy();
      break;
    case 'watch':
      [dueAt, openedAt, delaysMs, spreadsMs] = [[], [], [], [...spreads.values()]];
      busy.reset();
      busy.enable();
      break;
    case 'count':
      process.send?.({ open: open.size, opened: openedAt.length } satisfies Count);
      break;
    case 'report': {
      const busyMs = busy.max / 1e6;
      process.send?.({ dueAt, openedAt, delaysMs, spreadsMs, busyMs } satisfies Report);
    }
  }
});
