import type { Session } from '../auth/session.ts';
import type { Sessions } from '../auth/sessions.ts';
import type { Refusal } from '../auth/sso/refusals.ts';
import type { Ticket, Tickets } from '../auth/tickets.ts';
import type { Backend } from '../backend/backend.ts';
import type { Logger } from '../logger.ts';
import { readerKinds, refusalError, type Authenticator } from './authenticator.ts';
import type { ChannelAccess } from './channel-access.ts';
import { ClientMessages, maxMessageTokens, type ClientMessagesOptions } from './client-messages.ts';
import { checkHandshake, subscriptionsOf } from './handshake.ts';
import { asHttpError, HttpError, signedOut, temporary } from './http-error.ts';
import type { RequestHead } from './http.ts';
import type { Socket, SocketData, SocketState } from './hub.ts';
import type { MessageDelivery } from './message-delivery.ts';
import type { WebSettings } from './options.ts';
import { isOurOrigin } from './origin.ts';
import type { WebSocketBehavior } from './uws.ts';

export const socketPath = '/time/tic/';

/** Above Clock's own limit, so that Clock sends the close code. Beyond it uWebSockets.js cuts the connection. */
const maxPayloadBytes = 16 * 1_024;
const maxUnsentBytes = 64 * 1_024;
const idleTimeoutS = 60;
const cannotCheck = temporary('unavailable', 'The server cannot check your session at the moment.');

export interface SocketEndpointOptions extends ClientMessagesOptions {
  config: WebSettings;
  authenticator: Authenticator;
  sessions: Pick<Sessions, 'isKnownValid'>;
  tickets: Tickets;
  backend: Pick<Backend, 'outage' | 'time'>;
  channelAccess: ChannelAccess;
  messageDelivery: Pick<MessageDelivery, 'sendLastMessages'>;
  maxSockets: number;
  /** When a socket of a shared session is closed so that its client presents its credential again, house time. */
  recheckAt: (session: Session) => number;
  log: Logger;
}

/** What an accepted handshake decides about its socket. */
export type AdmittedState = Omit<SocketState, 'address'>;

/** Opens the socket of an accepted handshake. Returns false if the client has gone. */
export type OpenSocket = (state: AdmittedState) => boolean;

/** `/time/tic/`: accepts or refuses handshakes, and handles the events of its sockets. */
export class SocketEndpoint {
  /** The number of handshakes by status, and of closed sockets by close code, so far. */
  readonly handshakes = new Map<string, number>();
  readonly disconnects = new Map<string, number>();
  readonly #options: SocketEndpointOptions;
  readonly #messages: ClientMessages;

  constructor(options: SocketEndpointOptions) {
    this.#options = options;
    this.#messages = new ClientMessages(options);
  }

  /**
   * Decides about a handshake in its own turn of the event loop, which takes the least CPU. An `HttpError` if it is
   * refused; null if the decision needs a read, which `admit` makes. The order of the checks is part of the protocol.
   */
  admitNow(head: RequestHead): AdmittedState | HttpError | null {
    try {
      const decision = this.#admitNow(head);
      if (decision !== null) increment(this.handshakes, decision instanceof HttpError ? decision.status : 101);
      return decision;
    } catch (error) {
      const refusal = asHttpError(this.#counted(error));
      if (refusal === null) throw error;
      return refusal;
    }
  }

  /** Calls `open` if the handshake is accepted. Rejects with an `HttpError` or `Unavailable` if it is refused. */
  async admit(head: RequestHead, open: OpenSocket): Promise<void> {
    try {
      if (await this.#admit(head, open)) increment(this.handshakes, 101);
    } catch (error) {
      throw this.#counted(error);
    }
  }

  #admitNow(head: RequestHead): AdmittedState | HttpError | null {
    const { authenticator, sessions } = this.#options;
    checkHandshake(head);
    this.#checkCapacity();
    if (ticketsIn(head).length > 0) return null;
    const verified = authenticator.verifyNow(head);
    if (verified === undefined) return null;
    // Returned, since throwing it would double the cost of the most frequent refusal.
    if (verified === null) return signedOut;
    this.#checkOrigin(head, false);
    this.#checkOutage();
    const { session } = verified;
    return sessions.isKnownValid(session) ? this.#stateOf(head, session) : null;
  }

  async #admit(head: RequestHead, open: OpenSocket): Promise<boolean> {
    const { authenticator } = this.#options;
    checkHandshake(head);
    this.#checkCapacity();
    const ticket = this.#ticketOf(head);
    const refusals: Refusal[] = [];
    const candidates =
      ticket === undefined
        ? authenticator.verify(head, { kinds: readerKinds }, refusals)
        : [{ kind: ticket.session.kind, session: ticket.session } as const].values();
    let candidate = await candidates.next();
    const isPending = refusals.some(({ reason }) => reason === 'no-keys');
    if (candidate.done === true && !isPending) throw signedOut;
    this.#checkOrigin(head, ticket !== undefined);
    this.#checkOutage();
    for (; candidate.done !== true; candidate = await candidates.next()) {
      const { session } = candidate.value;
      const result = await authenticator.check(candidate.value);
      if (typeof result === 'object') refusals.push(result);
      // Nothing is awaited between the check that the session has not ended and the opening of its socket.
      if (result !== true || session.hasEnded) continue;
      const state = this.#stateOf(head, session);
      // Others may have connected while the session was checked.
      this.#checkCapacity();
      if (ticket === undefined) return open(state);
      if (!(await this.#consume(ticket))) break;
      // Its rights may have changed while the ticket was consumed.
      return open(this.#stateOf(head, session));
    }
    throw refusalError(refusals, false) ?? signedOut;
  }

  /** Throws a 404 or 403 if the session may not read the channels that are requested. */
  #stateOf(head: RequestHead, session: Session): AdmittedState {
    const { channelAccess, recheckAt } = this.#options;
    const { topics, hasShow } = subscriptionsOf(head, channelAccess, session);
    return {
      session,
      topics,
      hasShow,
      showTopic: null,
      messageTokens: maxMessageTokens,
      refilledAt: performance.now(),
      connection: null,
      recheckAt: session.shared === undefined ? Infinity : recheckAt(session),
    };
  }

  /** The ticket in the query, which takes precedence over all else; undefined without one. Throws a 401 for a bad one. */
  #ticketOf(head: RequestHead): Ticket | undefined {
    const [text, ...others] = ticketsIn(head);
    if (text === undefined) return undefined;
    const ticket = others.length === 0 ? this.#options.tickets.verify(text) : null;
    if (ticket === null) throw signedOut;
    return ticket;
  }

  /** Consumes a ticket. False if it was used before, or if its session ended. After a 503 it is usable again. */
  async #consume(ticket: Ticket): Promise<boolean> {
    const { tickets } = this.#options;
    if (!(await tickets.consume(ticket))) return false;
    try {
      // Others may have connected while the ticket was consumed.
      this.#checkCapacity();
    } catch (error) {
      await tickets.refund(ticket);
      throw error;
    }
    return !ticket.session.hasEnded;
  }

  /** Counts a refusal, and returns its error. */
  #counted(error: unknown): unknown {
    increment(this.handshakes, asHttpError(error)?.status ?? 500);
    return error;
  }

  #checkOutage(): void {
    if (this.#options.backend.outage === null) return;
    throw cannotCheck;
  }

  #checkCapacity(): void {
    const { hub, maxSockets, spread } = this.#options;
    if (hub.size < maxSockets) return;
    throw temporary('full', 'This server has no capacity for another socket.', Math.ceil(spread.ms / 1_000));
  }

  /** Pages of `--page-origins` have no credential but tickets, so they cannot use the cookies of their readers. */
  #checkOrigin(head: RequestHead, hasTicket: boolean): void {
    const { config, log } = this.#options;
    const allowed = hasTicket ? [...config.allowedOrigins, ...config.pageOrigins] : config.allowedOrigins;
    if (isOurOrigin(head, allowed) !== false) return;
    const fields = { origin: head.headers.get('origin'), host: head.headers.get('host') };
    log.warn(fields, 'socket refused: the page has another origin; if it is yours, set --allowed-origins');
    throw new HttpError('foreign-origin', 'The page that opens the socket has another origin.');
  }

  /** The settings and event handlers of the sockets, for uWebSockets.js. */
  behavior() {
    const { hub, messageDelivery } = this.#options;
    return {
      maxPayloadLength: maxPayloadBytes,
      maxBackpressure: maxUnsentBytes,
      idleTimeout: idleTimeoutS,
      sendPingsAutomatically: true,
      open: (socket: Socket) => {
        hub.add(socket);
        messageDelivery.sendLastMessages(socket);
      },
      message: (socket: Socket, bytes: ArrayBuffer, isBinary: boolean) =>
        this.#messages.onMessage(socket, bytes, isBinary),
      dropped: (socket: Socket) => hub.closeSlow(socket),
      close: (socket: Socket, code: number) => {
        hub.remove(socket);
        increment(this.disconnects, code);
      },
    } satisfies WebSocketBehavior<SocketData>;
  }
}

function ticketsIn({ query }: RequestHead): string[] {
  return query === '' ? [] : new URLSearchParams(query).getAll('ticket');
}

function increment(counts: Map<string, number>, key: number): void {
  counts.set(String(key), (counts.get(String(key)) ?? 0) + 1);
}
