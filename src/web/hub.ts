import type { OpenSessions, Session } from '../auth/session.ts';
import { closeCode, recheckReason, type ScreenStatus } from '../protocol.ts';
import type { RosterConnection, Roster } from '../screens/roster.ts';
import { pause } from '../time/pause.ts';
import type { WebSocket } from './uws.ts';

/** What each socket stores: little, since there may be 100,000. */
export interface SocketState {
  readonly session: Session;
  readonly topics: readonly string[];
  /** Whether it subscribed to the channel `show`, and to which topic of it at present. */
  readonly hasShow: boolean;
  showTopic: string | null;
  /** The IP address of the client. */
  readonly address: string;
  /** The token bucket that limits the client's messages, and the monotonic time in ms when it was last refilled. */
  messageTokens: number;
  refilledAt: number;
  /** When it is closed with the reason `recheck`, epoch ms of house time. `Infinity`: never. */
  readonly recheckAt: number;
  /** Its part of the roster; null before it is open. */
  connection: RosterConnection | null;
}

/** uWebSockets.js copies each property of it into a new socket, which takes 0.5 us each: so there is one. */
export interface SocketData {
  readonly state: SocketState;
}

export type Socket = WebSocket<SocketData>;

export function stateOf(socket: Socket): SocketState {
  return socket.getUserData().state;
}

/** The topic of every tick of a channel. */
export function topicOf(channel: string): string {
  return `all/${channel}`;
}

/** The topic of a channel's first tick in each second of house time. */
export function perSecondTopicOf(channel: string): string {
  return `per-second/${channel}`;
}

/** The reason of the close code 4401. */
const sessionEnded = 'session ended';
const slotTopicPrefix = 'slot/';

/** The topic of the messages of a slot. */
export function topicOfSlot(slot: string): string {
  return `${slotTopicPrefix}${slot}`;
}

/** The slot of a topic; null for one of ticks. */
export function slotOfTopic(topic: string): string | null {
  return topic.startsWith(slotTopicPrefix) ? topic.slice(slotTopicPrefix.length) : null;
}

/** Sends a frame to all subscribers of a topic; returns how many there are. */
export type PublishToTopic = (topic: string, frame: Uint8Array) => number;

/** The open sockets of this process. */
export class Hub implements OpenSessions {
  readonly #publishToTopic: PublishToTopic;
  readonly #roster: Roster;
  readonly #bySession = new Map<string, Set<Socket>>();
  /** By channel, the second of the last tick. */
  readonly #lastSecond = new Map<string, number>();
  readonly #slow = new Set<Socket>();
  #size = 0;
  #deliveries = 0;

  constructor(publishToTopic: PublishToTopic, roster: Roster) {
    this.#publishToTopic = publishToTopic;
    this.#roster = roster;
  }

  /** The number of open sockets. */
  get size(): number {
    return this.#size;
  }

  /** The number of frames of ticks and messages sent to sockets so far. */
  get deliveries(): number {
    return this.#deliveries;
  }

  add(socket: Socket): void {
    const state = stateOf(socket);
    const { session, topics, address } = state;
    state.connection = this.#roster.open(session, address);
    for (const topic of topics) socket.subscribe(topic);
    const sockets = this.#bySession.get(session.jti);
    if (sockets === undefined) this.#bySession.set(session.jti, new Set([socket]));
    else sockets.add(socket);
    this.#size += 1;
  }

  remove(socket: Socket): void {
    this.#slow.delete(socket);
    const { session, connection } = stateOf(socket);
    const { jti } = session;
    const sockets = this.#bySession.get(jti);
    if (!sockets?.delete(socket)) return;
    if (connection !== null) this.#roster.close(connection);
    if (sockets.size === 0) this.#bySession.delete(jti);
    this.#size -= 1;
  }

  /** Sends a tick's frame unchanged to all subscribers of its channel. `at` is the tick's instant, epoch ms. */
  publish(channel: string, at: number, frame: Uint8Array): void {
    this.#deliveries += this.#publishToTopic(topicOf(channel), frame);
    const second = Math.floor(at / 1_000);
    if (this.#lastSecond.get(channel) === second) return;
    this.#lastSecond.set(channel, second);
    this.#deliveries += this.#publishToTopic(perSecondTopicOf(channel), frame);
  }

  /** Sends a message's frame unchanged to all subscribers of a topic. */
  publishMessage(topic: string, frame: Uint8Array): void {
    this.#deliveries += this.#publishToTopic(topic, frame);
  }

  /** Sends a message's frame to one socket. */
  send(socket: Socket, frame: Uint8Array): void {
    this.#deliveries += 1;
    socket.send(frame, false);
  }

  /** To be called with each message of a socket; `status` is null for those of another kind. */
  onMessage(socket: Socket, status: ScreenStatus | null): void {
    const { connection } = stateOf(socket);
    if (connection !== null) this.#roster.onMessage(connection, status);
  }

  /** The open sockets of a session in this process. */
  socketsOf(jti: string): Iterable<Socket> {
    return this.#bySession.get(jti) ?? [];
  }

  /** Whether the session has an open socket in this process. */
  has(jti: string): boolean {
    return this.#bySession.has(jti);
  }

  openSession(jti: string): Session | undefined {
    const sockets = this.#bySession.get(jti);
    if (sockets === undefined) return undefined;
    const [socket] = sockets;
    return socket === undefined ? undefined : stateOf(socket).session;
  }

  /** The sessions that have an open socket in this process. */
  *sessions(): Iterable<Session> {
    for (const [socket] of this.#bySession.values()) if (socket !== undefined) yield stateOf(socket).session;
  }

  /** Closes all sockets of a session with 4401. */
  endSession(jti: string): void {
    for (const socket of this.socketsOf(jti)) socket.end(closeCode.sessionEnded, sessionEnded);
  }

  /**
   * Closes all sockets whose session has expired by `now`, or whose credential must be presented again; house time.
   * Returns when the next one is due.
   */
  endDue(now: number): number {
    let nextAt = Infinity;
    for (const sockets of this.#bySession.values()) {
      for (const socket of sockets) {
        const { session, recheckAt } = stateOf(socket);
        const dueAt = Math.min(recheckAt, session.expiresAt);
        if (dueAt <= now) {
          socket.end(closeCode.sessionEnded, recheckAt <= now ? recheckReason : sessionEnded);
          continue;
        }
        nextAt = Math.min(nextAt, dueAt);
        if (session.shared === undefined) break;
      }
    }
    return nextAt;
  }

  /** Closes a socket that does not read, in the next turn: uWebSockets.js crashes if one closes during a publish. */
  closeSlow(socket: Socket): void {
    if (this.#slow.size === 0) setImmediate(() => this.#closeAllSlow());
    this.#slow.add(socket);
  }

  /** Closes all sockets with 1001, spread evenly over `spreadMs`. Resolves when the last one is closed. */
  async drain(spreadMs: number): Promise<void> {
    const startedAt = performance.now();
    const total = this.#size;
    let closed = 0;
    while (this.#size > 0) {
      const progress = spreadMs === 0 ? 1 : Math.min(1, (performance.now() - startedAt) / spreadMs);
      closed += this.#closeSome(Math.ceil(progress * total) - closed);
      if (progress === 1) this.#closeSome(this.#size);
      if (this.#size > 0) await pause(20);
    }
  }

  #closeAllSlow(): void {
    for (const socket of this.#slow) socket.end(closeCode.tooSlow, 'too slow');
    this.#slow.clear();
  }

  /** Closes up to `count` sockets; returns how many. */
  #closeSome(count: number): number {
    let left = count;
    for (const sockets of this.#bySession.values()) {
      for (const socket of sockets) {
        if (left <= 0) return count;
        socket.end(closeCode.goingAway, 'going away');
        left -= 1;
      }
    }
    return count - left;
  }
}
