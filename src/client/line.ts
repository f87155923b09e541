import { parseServerMessage, type ScreenStatus, type Sync, type Tick } from '../protocol.ts';
import { OffsetEstimate } from '../time/offset.ts';
import { MessageBucket } from './message-bucket.ts';
import { type Schedule, Timer } from './timer.ts';

const openWithinMs = 5_000;
const quietMs = 1_300;
const answerWithinMs = 700;
/** A tick that is further than this from the present was late on its way, or a clock was set. */
const doubtMs = 1_000;
/** Of a page's clock (1 ms in some browsers). */
const precisionMs = 1;

/** What a socket tells: `opened` once at most, `closed` last. It tells nothing before `openSocket` has returned. */
export interface SocketEvents {
  opened(): void;
  /** A text frame. */
  received(text: string): void;
  closed(code: number): void;
}

export interface Socket {
  send(text: string): void;
  close(): void;
}

export interface LineOptions {
  openSocket: (events: SocketEvents) => Socket;
  /** Monotonic, ms. */
  now: () => number;
  schedule: Schedule;
}

/** Why a line is no more: it never opened, or it did not answer, or the close code of the other side. */
export type Loss = 'refused' | 'silent' | number;

export interface LineEvents {
  opened(): void;
  /** `instant`: what the tick stands for on the monotonic clock; its arrival, while house time is unknown. */
  heard(tick: Tick, instant: number): void;
  /** `moved`: this side's clock or the other's was set, and instants told before are void. */
  answered(sync: Sync, moved: boolean): void;
  /** Once, and nothing after it. */
  lost(loss: Loss): void;
}

/**
 * One socket from its opening to its loss. It asks when it has heard nothing for a while and gives the socket up when
 * no answer comes, whatever the socket says of itself: a phone that wakes calls a dead one open.
 */
export class Line {
  readonly #options: LineOptions;
  readonly #events: LineEvents;
  readonly #socket: Socket;
  readonly #limit: Timer;
  readonly #quiet: Timer;
  readonly #house = new OffsetEstimate(precisionMs);
  readonly #asked = new Set<number>();
  /** Null until the socket is open. */
  #bucket: MessageBucket | null = null;
  #over = false;

  constructor(options: LineOptions, events: LineEvents) {
    this.#options = options;
    this.#events = events;
    this.#limit = new Timer(options.schedule);
    this.#quiet = new Timer(options.schedule);
    this.#limit.set(openWithinMs, () => this.#lose('refused'));
    this.#socket = options.openSocket({
      opened: () => this.#opened(),
      received: (text) => this.#received(text),
      closed: (code) => this.#lose(this.#bucket === null ? 'refused' : code),
    });
  }

  get isOpen(): boolean {
    return this.#bucket !== null && !this.#over;
  }

  /** The instant `at` of house time on the monotonic clock, now at the latest; null before the first answer. */
  instantOf(at: number): number | null {
    const now = this.#options.now();
    const offset = this.#house.at(now);
    return offset === null ? null : Math.min(now, at - offset.offsetMs);
  }

  /** Asks the other side for a sign of life; without one the line is lost as silent. */
  check(): void {
    if (!this.isOpen || this.#limit.isSet) return;
    if (this.#sync()) this.#limit.set(answerWithinMs, () => this.#lose('silent'));
    else this.#listen();
  }

  /** Tells the server how this screen does, unless it was told too much already. */
  tell(status: ScreenStatus): void {
    this.#send({ status });
  }

  /** Ends it from this side; `lost` does not follow. */
  close(): void {
    if (this.#over) return;
    this.#over = true;
    this.#limit.clear();
    this.#quiet.clear();
    this.#socket.close();
  }

  #opened(): void {
    if (this.#over) return;
    this.#bucket = new MessageBucket(this.#options.now());
    this.#limit.clear();
    this.#listen();
    this.#sync();
    this.#events.opened();
  }

  #received(text: string): void {
    if (!this.isOpen) return;
    this.#listen();
    const message = parseServerMessage(text);
    if (message === null) return;
    if ('tick' in message) this.#heard(message.tick);
    else if ('sync' in message) this.#answered(message.sync);
  }

  #heard(tick: Tick): void {
    const now = this.#options.now();
    const offset = this.#house.at(now);
    if (offset !== null && Math.abs(now - (tick.at - offset.offsetMs)) > doubtMs) this.#sync();
    this.#events.heard(tick, this.instantOf(tick.at) ?? now);
  }

  #answered(sync: Sync): void {
    const { echo, received, sent } = sync;
    const isWhole = Number.isFinite(received) && Number.isFinite(sent);
    if (!isWhole || !this.#asked.delete(echo)) return;
    this.#limit.clear();
    const arrivedAt = this.#options.now();
    const before = this.#house.at(arrivedAt);
    this.#house.add({ sentAt: echo, received, sent, arrivedAt });
    const after = this.#house.at(arrivedAt);
    const moved = before !== null && after !== null && Math.abs(after.offsetMs - before.offsetMs) > doubtMs;
    this.#events.answered(sync, moved);
  }

  #listen(): void {
    this.#quiet.set(quietMs, () => this.check());
  }

  /** Whether the question could be sent. */
  #sync(): boolean {
    const now = this.#options.now();
    if (!this.#send({ sync: now })) return false;
    this.#asked.add(now);
    return true;
  }

  #send(message: { sync: number } | { status: ScreenStatus }): boolean {
    if (!this.isOpen || !this.#bucket?.take(this.#options.now())) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  #lose(loss: Loss): void {
    if (this.#over) return;
    this.close();
    this.#events.lost(loss);
  }
}
