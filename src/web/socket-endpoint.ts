import type { Backend } from '../backend/backend.ts';
import type { Logger } from '../logger.ts';
import { closeCode, parseClientMessage, type ClientMessage } from '../protocol.ts';
import { asHttpError } from './errors.ts';
import { secondsTopicOf, topicOf, type Hub, type Socket, type SocketData } from './hub.ts';
import { HttpError, signedOut, unavailable, type RequestHead } from './http.ts';
import type { Authenticator } from './authenticator.ts';
import { isOurOrigin } from './origin.ts';
import type { Sessions } from '../auth/sessions.ts';
import type { Spread } from './spread.ts';
import type { WebSocketBehavior } from './uws.ts';

export const socketPath = '/time/tic/';

const channelsAtMost = 8;
const messageBytesAtMost = 1_024;
/** Above our own limit, so that the refusal is ours; beyond it uWebSockets.js cuts. */
const payloadBytesAtMost = 16 * 1_024;
const unsentBytesAtMost = 64 * 1_024;
const silentSecondsAtMost = 60;
/** A bucket of messages that a client may send at once, and how fast it refills. */
const allowanceAtMost = 20;
const allowancePerSecond = 2;

export interface SocketEndpointOptions {
  hub: Hub;
  authenticator: Authenticator;
  sessions: Sessions;
  backend: Pick<Backend, 'outage' | 'time'>;
  channels: readonly string[];
  allowedOrigins: readonly string[];
  maxSockets: number;
  spread: Spread;
  build: string;
  log: Logger;
}

/** The door to `/time/tic/` and the rules behind it. */
export class SocketEndpoint {
  /** Handshakes by status, and closed sockets by code, so far. */
  readonly handshakes = new Map<string, number>();
  readonly disconnects = new Map<string, number>();
  readonly #options: SocketEndpointOptions;

  constructor(options: SocketEndpointOptions) {
    this.#options = options;
  }

  /**
   * Decides about a handshake, in the contract's order, and calls `enter` at once when there is to be a socket. Rejects
   * with an `HttpError`, or `Unavailable`, when there is to be none.
   */
  async admit(head: RequestHead, enter: (data: SocketData) => void): Promise<void> {
    try {
      await this.#admit(head, enter);
      count(this.handshakes, 101);
    } catch (error) {
      count(this.handshakes, asHttpError(error)?.status ?? 500);
      throw error;
    }
  }

  async #admit(head: RequestHead, enter: (data: SocketData) => void): Promise<void> {
    const { authenticator, sessions, backend, allowedOrigins, channels, log } = this.#options;
    checkHandshake(head);
    const topics = topicsOf(head, channels);
    this.#checkPlaces();
    const session = await authenticator.verify(head, { allowBearer: true });
    if (session === null) throw signedOut();
    if (isOurOrigin(head, allowedOrigins) === false) {
      const fields = { origin: head.headers.get('origin'), host: head.headers.get('host') };
      log.warn(fields, 'socket refused: its page has another origin; if it is yours, name it with --allowed-origins');
      throw new HttpError(403, 'This page has another origin than the clock.');
    }
    if (backend.outage !== null) throw unavailable('The clock cannot check who you are at the moment.');
    // While it was asked about, others came in and it may have ended; from here to the socket nothing comes between.
    if (!(await sessions.isValid(session)) || session.hasEnded) throw signedOut();
    this.#checkPlaces();
    enter({ session, topics, allowance: allowanceAtMost, reckonedAt: performance.now() });
  }

  #checkPlaces(): void {
    const { hub, maxSockets, spread } = this.#options;
    if (hub.size >= maxSockets) throw unavailable('All places are taken.', Math.ceil(spread.ms / 1_000));
  }

  /** What uWebSockets.js is to do with the sockets that were let in. */
  behavior(): Omit<WebSocketBehavior<SocketData>, 'upgrade'> {
    const { hub } = this.#options;
    return {
      maxPayloadLength: payloadBytesAtMost,
      maxBackpressure: unsentBytesAtMost,
      idleTimeout: silentSecondsAtMost,
      sendPingsAutomatically: true,
      open: (socket) => hub.join(socket),
      message: (socket, message, isBinary) => this.#hear(socket, message, isBinary),
      dropped: (socket) => hub.endSlow(socket),
      close: (socket, code) => {
        hub.leave(socket);
        count(this.disconnects, code);
      },
    };
  }

  #hear(socket: Socket, message: ArrayBuffer, isBinary: boolean): void {
    const receivedAt = this.#options.backend.time.now();
    if (isBinary) return socket.end(closeCode.binary, 'text only');
    if (message.byteLength > messageBytesAtMost) return socket.end(closeCode.tooLong, 'too long');
    if (!withinAllowance(socket.getUserData())) return socket.end(closeCode.brokenRule, 'too many messages');
    const said = parseClientMessage(Buffer.from(message).toString('utf8'));
    if (said === null) return socket.end(closeCode.brokenRule, 'not an object');
    this.#answer(socket, said, receivedAt);
  }

  #answer(socket: Socket, said: Exclude<ClientMessage, null>, received: number): void {
    if (said === 'ignored' || !('sync' in said)) return;
    const { backend, spread, build } = this.#options;
    const { time } = backend;
    const sync = {
      echo: said.sync,
      received,
      sent: time.now(),
      error: time.errorMs,
      spread: spread.ms,
      build,
    };
    socket.send(JSON.stringify({ sync }), false);
  }
}

/** 405, 426 and 400 of a handshake (RFC 6455, 4.2.1): what uWebSockets.js does not look at, too. */
function checkHandshake({ method, headers, query }: RequestHead): void {
  if (method !== 'GET') throw new HttpError(405, 'This address is for sockets.', [['Allow', 'GET']]);
  if (headers.get('sec-websocket-version')?.trim() !== '13') {
    const wanted = [
      ['Upgrade', 'websocket'],
      ['Connection', 'Upgrade'],
      ['Sec-WebSocket-Version', '13'],
    ] as const;
    throw new HttpError(426, 'This address is for WebSockets of version 13.', wanted);
  }
  const upgrade = headers.get('upgrade')?.toLowerCase();
  if (upgrade !== 'websocket') throw new HttpError(400, 'The header Upgrade must be websocket.');
  const connection = headers
    .get('connection')
    ?.toLowerCase()
    .split(',')
    .map((option) => option.trim());
  if (!connection?.includes('upgrade')) throw new HttpError(400, 'The header Connection must name Upgrade.');
  if (!/^[A-Za-z0-9+/]{21}[AQgw]==$/.test(headers.get('sec-websocket-key') ?? '')) {
    throw new HttpError(400, 'The header Sec-WebSocket-Key must be 16 bytes in base64.');
  }
  // What follows the head must be frames, whoever reads along.
  if (Number(headers.get('content-length') ?? 0) > 0) throw new HttpError(400, 'A handshake has no body.');
  if (query === '') return;
  const every = new URLSearchParams(query).getAll('every');
  if (every.some((value) => value !== '1000') || every.length > 1) throw new HttpError(400, 'every must be 1000.');
}

/** One array for the many sockets that ask for nothing else. */
const everyTime = [topicOf('time')];

/** The topics that a query asks for: `channels=time,date`, by default `time`; `every=1000` thins `time` out. */
function topicsOf({ query }: RequestHead, known: readonly string[]): readonly string[] {
  if (query === '') return everyTime;
  const parameters = new URLSearchParams(query);
  const lists = parameters.getAll('channels');
  const asked = lists.length === 0 ? ['time'] : lists.flatMap((list) => list.split(','));
  const distinct = new Set(asked);
  if (asked.length > channelsAtMost || distinct.size < asked.length || !asked.every((name) => known.includes(name))) {
    throw new HttpError(404, `There are these channels: ${known.join(', ')}.`);
  }
  const seconds = parameters.get('every') === '1000';
  return asked.map((channel) => (seconds && channel === 'time' ? secondsTopicOf(channel) : topicOf(channel)));
}

function withinAllowance(data: SocketData): boolean {
  const now = performance.now();
  const refilled = data.allowance + ((now - data.reckonedAt) / 1_000) * allowancePerSecond;
  data.allowance = Math.min(allowanceAtMost, refilled) - 1;
  data.reckonedAt = now;
  return data.allowance >= 0;
}

function count(counts: Map<string, number>, key: number): void {
  counts.set(String(key), (counts.get(String(key)) ?? 0) + 1);
}
