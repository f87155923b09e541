import type { OpenSessions, Session } from '../auth/session.ts';
import { closeCode } from '../protocol.ts';
import { pause } from '../time/pause.ts';
import type { TemplatedApp, WebSocket } from './uws.ts';

/** What a socket carries along: a few words, since there may be tens of thousands. */
export interface SocketData {
  readonly session: Session;
  readonly topics: readonly string[];
  /** Messages it may still send at once, and when that was reckoned (monotonic ms). */
  allowance: number;
  reckonedAt: number;
}

export type Socket = WebSocket<SocketData>;

/** The topic of every tick of a channel. */
export function topicOf(channel: string): string {
  return `every/${channel}`;
}

/** The topic of the first tick of a channel in each second of house time. */
export function secondsTopicOf(channel: string): string {
  return `second/${channel}`;
}

/** The sockets of this process. */
export class Hub implements OpenSessions {
  readonly #app: TemplatedApp;
  readonly #bySession = new Map<string, Set<Socket>>();
  readonly #lastSecond = new Map<string, number>();
  readonly #slow = new Set<Socket>();
  #sockets = 0;
  #deliveries = 0;

  constructor(app: TemplatedApp) {
    this.#app = app;
  }

  get size(): number {
    return this.#sockets;
  }

  /** Frames handed to sockets so far. */
  get deliveries(): number {
    return this.#deliveries;
  }

  join(socket: Socket): void {
    const { session, topics } = socket.getUserData();
    for (const topic of topics) socket.subscribe(topic);
    const sockets = this.#bySession.get(session.jti);
    if (sockets === undefined) this.#bySession.set(session.jti, new Set([socket]));
    else sockets.add(socket);
    this.#sockets += 1;
  }

  leave(socket: Socket): void {
    this.#slow.delete(socket);
    const { jti } = socket.getUserData().session;
    const sockets = this.#bySession.get(jti);
    if (!sockets?.delete(socket)) return;
    if (sockets.size === 0) this.#bySession.delete(jti);
    this.#sockets -= 1;
  }

  /** Sends a tick's frame, as it came, to all who listen to its channel; `at` is its instant. */
  publish(channel: string, at: number, frame: Uint8Array): void {
    this.#publishTo(topicOf(channel), frame);
    const second = Math.floor(at / 1_000);
    if (this.#lastSecond.get(channel) === second) return;
    this.#lastSecond.set(channel, second);
    this.#publishTo(secondsTopicOf(channel), frame);
  }

  has(jti: string): boolean {
    return this.#bySession.has(jti);
  }

  openSession(jti: string): Session | undefined {
    const [socket] = this.#bySession.get(jti) ?? [];
    return socket?.getUserData().session;
  }

  /** The sessions that have a socket here. */
  *sessions(): Iterable<Session> {
    for (const [socket] of this.#bySession.values()) if (socket !== undefined) yield socket.getUserData().session;
  }

  /** Closes every socket of a session: its right has ended. */
  endSession(jti: string): void {
    for (const socket of this.#bySession.get(jti) ?? []) socket.end(closeCode.sessionEnded, 'session ended');
  }

  /** Closes a socket that does not read. Not at once: a publish finds it, and to close it in its midst is a crash. */
  endSlow(socket: Socket): void {
    if (this.#slow.size === 0) setImmediate(() => this.#endSlow());
    this.#slow.add(socket);
  }

  /** Closes all sockets with 1001, spread evenly over `spreadMs`; resolves when the last is closed. */
  async drain(spreadMs: number): Promise<void> {
    const startedAt = performance.now();
    const total = this.#sockets;
    let closed = 0;
    while (this.#sockets > 0) {
      const passed = spreadMs === 0 ? 1 : Math.min(1, (performance.now() - startedAt) / spreadMs);
      closed += this.#closeSome(Math.ceil(passed * total) - closed);
      if (passed === 1) this.#closeSome(this.#sockets);
      if (this.#sockets > 0) await pause(20);
    }
  }

  #endSlow(): void {
    for (const socket of this.#slow) socket.end(closeCode.tooSlow, 'too slow');
    this.#slow.clear();
  }

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

  #publishTo(topic: string, frame: Uint8Array): void {
    const listeners = this.#app.numSubscribers(topic);
    if (listeners === 0) return;
    this.#app.publish(topic, frame, false);
    this.#deliveries += listeners;
  }
}
