import WebSocket from 'ws';
import { Connection } from '../../src/client/connection/shell.ts';
import { checkZone } from '../../src/client/connection/zone-check.ts';
import { drawnMs } from '../../src/client/connection/policy.ts';
import { Painter } from '../../src/client/painter.ts';
import { schedule } from '../../src/client/schedule.ts';
import { fetchState, socketOf } from '../../src/client/wire.ts';
import type { ScreenState } from '../../src/protocol.ts';
import { staleAfterMs } from '../../src/time/grid.ts';
import type { SocketSpan } from './tick-ledger.ts';

export interface ScreenClientOptions {
  /** The addresses of the web processes. Each attempt uses the next one, as behind a load balancer without checks. */
  webs: readonly string[];
  /** The value of the cookie `sessionid`. */
  credential: string;
  intervalMs: number;
  /** The web process of the first attempt. */
  first: number;
}

/** What the client showed although it was not true. */
interface Falsehood {
  at: number;
  what: string;
}

/** How late a timer may fire, ms. */
const timerSlackMs = 150;

/**
 * A screen without a browser: the connection and the painter of the page over sockets of Node, on the channel `time`
 * with every tick. Records its sockets, the ticks on them, and what it shows as live.
 */
export class ScreenClient {
  /** Every socket that was open, in order. */
  readonly spans: SocketSpan[] = [];
  /** The close code of each socket that was open, in order. */
  readonly closeCodes: number[] = [];
  readonly falsehoods: Falsehood[] = [];
  /** Whether it ever showed that it is signed out. */
  wasSignedOut = false;
  readonly #options: ScreenClientOptions;
  readonly #connection: Connection;
  readonly #painter: Painter;
  #attempts: number;
  #newestTickAt = -Infinity;
  /** The second that was painted last. */
  #shownSecond = -Infinity;

  constructor(options: ScreenClientOptions) {
    this.#options = options;
    this.#attempts = options.first;
    this.#connection = new Connection({
      openSocket: (events) => this.#openSocket(events),
      fetchState: (timeoutMs, cancelled) =>
        fetchState(this.#nextWeb().url, timeoutMs, { headers: this.#headers, cancelled }),
      now: () => performance.now(),
      wall: Date.now,
      random: Math.random,
      schedule,
      checkZone,
      build: 'test',
      onCommand: () => {},
      onState: (state) => {
        if (state === 'signed-out') this.wasSignedOut = true;
      },
      onTick: ({ at }) => (this.#newestTickAt = Math.max(this.#newestTickAt, at)),
      onFresh: (isFresh) => {
        if (isFresh) this.#painter.start();
        else this.#painter.stop();
      },
    });
    this.#painter = new Painter({
      house: this.#connection.house,
      now: () => performance.now(),
      schedule,
      requestFrame: (run) => schedule(() => run(performance.now()), 1),
      detectClockJump: () => this.#connection.detectClockJump(),
      paint: (second) => {
        this.#connection.onDrawn();
        this.#checkSecond(second);
      },
    });
  }

  get state(): ScreenState {
    return this.#connection.state;
  }

  /** The open socket. */
  get span(): SocketSpan | null {
    const last = this.spans.at(-1);
    return last?.closedAt === Infinity ? last : null;
  }

  start(): void {
    this.#connection.start();
  }

  stop(): void {
    this.#painter.stop();
    this.#connection.stop();
    const { span } = this;
    if (span !== null) span.closedAt = Date.now();
  }

  /** Records it if the client is live without a recent tick, or with an old second. To be called often. */
  checkFreshness(): void {
    if (this.state !== 'live') return;
    const now = Date.now();
    const ageMs = now - this.#newestTickAt;
    if (ageMs > staleAfterMs(1_000) + this.#slackMs)
      this.falsehoods.push({ at: now, what: `live with a tick that is ${ageMs} ms old` });
    const shownMs = now - this.#shownSecond;
    if (shownMs > drawnMs + this.#slackMs)
      this.falsehoods.push({ at: now, what: `live with a second that began ${shownMs} ms ago` });
  }

  #checkSecond(second: number): void {
    this.#shownSecond = second;
    const lateMs = Date.now() - second;
    // The first second after a start is painted at any moment of that second.
    if (this.state !== 'live' || (lateMs > -this.#slackMs && lateMs < 1_000 + this.#slackMs)) return;
    this.falsehoods.push({ at: Date.now(), what: `live with a second that began ${lateMs} ms ago` });
  }

  /** The error of house time that the client states, and the lateness of timers. */
  get #slackMs(): number {
    return timerSlackMs + (this.#connection.house.errorMs ?? Infinity);
  }

  get #headers(): Record<string, string> {
    return { cookie: `sessionid=${this.#options.credential}` };
  }

  #nextWeb(): { index: number; url: string } {
    const { webs } = this.#options;
    const index = this.#attempts++ % webs.length;
    return { index, url: webs[index] ?? '' };
  }

  #openSocket(events: Parameters<typeof socketOf>[1]): ReturnType<typeof socketOf> {
    const { index: web, url } = this.#nextWeb();
    const socket = new WebSocket(`${url.replace('http', 'ws')}/time/tic/`, { headers: this.#headers });
    // The event `close` follows.
    socket.on('error', () => {});
    const span: SocketSpan = { web, startedAt: Date.now(), openedAt: 0, closedAt: Infinity, received: [] };
    const end = (): void => {
      span.closedAt = Math.min(span.closedAt, Date.now());
    };
    const adapted = socketOf(socket as unknown as globalThis.WebSocket, {
      opened: () => {
        span.openedAt = Date.now();
        this.spans.push(span);
        events.opened();
      },
      received: (text) => {
        const at = span.closedAt === Infinity ? instantOf(text) : null;
        if (at !== null) span.received.push(at);
        events.received(text);
      },
      closed: (code, reason) => {
        end();
        if (span.openedAt > 0) this.closeCodes.push(code);
        events.closed(code, reason);
      },
    });
    return {
      send: adapted.send,
      close: () => {
        end();
        adapted.close();
      },
    };
  }
}

/** The instant of a tick of `time`; null for another frame. */
function instantOf(frame: string): number | null {
  return Number(/^\{"message":\{"time":"[^"]*","at":(\d+)/.exec(frame)?.[1] ?? Number.NaN) || null;
}
