import { closeCode, parseServerMessage, type ScreenStatus, type Sync, type Tick } from '../protocol.ts';
import { burstLength, type Flywheel } from './flywheel.ts';
import { MessageBucket } from './message-bucket.ts';
import { type Schedule, Timer } from './timer.ts';

const openWithinMs = 5_000;
const quietMs = 1_300;
const answerWithinMs = 700;
/** A tick that is further than this from the present was late on its way, or a clock was set. */
const doubtMs = 1_000;
/** Between two questions of a burst, and then, at random in these bounds. */
const burstMs = [50, 100] as const;
const regularMs = [10_000, 30_000] as const;
/**
 * Meanwhile, where round trips differ or the error is large, each of so many questions more may better it: they follow
 * as the burst's as long as the server takes them, then as it does.
 */
const roughMs = [600, 800] as const;
const roughAboveMs = 5;
const wrongAboveMs = 25;
const roughLength = 24;
/** Of the messages that may be sent at once, so many are kept for what must be said. */
const reserve = 3;
const askedAtMost = 32;

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
  /** From 0 to 1, as `Math.random`. */
  random: () => number;
}

/** Why a line is no more: it never opened, or it did not answer, or the close code of the other side. */
export type Loss = 'refused' | 'silent' | number;

export interface LineEvents {
  opened(): void;
  /** Before anything that came is looked at. */
  stirred(): void;
  /** `instant`: what the tick stands for on the monotonic clock; null while house time is unknown. */
  heard(tick: Tick, instant: number | null): void;
  /** `moved`: what house time is became known, or was set by much: instants told before are void. */
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
  readonly #next: Timer;
  readonly #house: Flywheel;
  readonly #asked = new Set<number>();
  /** Null until the socket is open. */
  #bucket: MessageBucket | null = null;
  #openedAt = 0;
  #burstLeft = 0;
  #roughLeft = 0;
  #over = false;

  constructor(options: LineOptions, house: Flywheel, events: LineEvents) {
    this.#options = options;
    this.#house = house;
    this.#events = events;
    this.#next = new Timer(options.schedule);
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

  /** Asks the other side for a sign of life; without one the line is lost as silent. */
  check(): void {
    if (!this.isOpen || this.#limit.isSet) return;
    if (this.#sync()) this.#limit.set(answerWithinMs, () => this.#lose('silent'));
    else this.#listen();
  }

  /** Asks for house time several times in a row, and again and again after that. */
  burst(): void {
    if (!this.isOpen) return;
    this.#burstLeft = burstLength;
    this.#roughLeft = roughLength;
    this.#askForTime();
  }

  /** What was asked before counts no more: this side's clock stood still in between. */
  forgetAsked(): void {
    this.#asked.clear();
    if (this.isOpen) this.#limit.clear();
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
    this.#next.clear();
    this.#socket.close();
  }

  #opened(): void {
    if (this.#over) return;
    this.#openedAt = this.#options.now();
    this.#bucket = new MessageBucket(this.#openedAt);
    this.#limit.clear();
    this.#listen();
    this.#house.doubt();
    this.burst();
    this.#events.opened();
  }

  #received(text: string): void {
    if (!this.isOpen) return;
    this.#events.stirred();
    if (!this.isOpen) return;
    this.#listen();
    const message = parseServerMessage(text);
    if (message === null) return;
    if ('tick' in message) this.#heard(message.tick);
    else if ('sync' in message) this.#answered(message.sync);
  }

  #heard(tick: Tick): void {
    const now = this.#options.now();
    if (this.#house.ticked(tick.at)) {
      this.check();
      this.burst();
    }
    const instant = this.#house.instantOf(tick.at);
    if (instant === null) {
      // Nobody may claim the time from a server that ticks and does not answer.
      if (now - this.#openedAt > quietMs) this.check();
    } else if (now - instant > doubtMs) this.#sync();
    this.#events.heard(tick, instant);
  }

  #answered(sync: Sync): void {
    const { echo, received, sent, error } = sync;
    const isWhole = Number.isFinite(received) && Number.isFinite(sent);
    if (!isWhole || !this.#asked.delete(echo)) return;
    this.#limit.clear();
    const wasKnown = this.#house.now() !== null;
    const exchange = { sentAt: echo, received, sent, arrivedAt: this.#options.now() };
    const stepped = this.#house.add(exchange, error >= 0 ? error : 0);
    if (stepped) this.burst();
    this.#events.answered(sync, stepped || !wasKnown);
  }

  #askForTime(): void {
    this.#sync(reserve);
    const [least, most] = this.#pace();
    this.#next.set(least + this.#options.random() * (most - least), () => this.#askForTime());
  }

  /** Within how long the next question follows. */
  #pace(): readonly [leastMs: number, mostMs: number] {
    this.#burstLeft -= 1;
    if (this.#burstLeft > 0) return burstMs;
    const { jitterMs, errorMs } = this.#house;
    const isRough = jitterMs > roughAboveMs || (errorMs ?? Infinity) > wrongAboveMs;
    this.#roughLeft -= 1;
    if (!isRough || this.#roughLeft < 0) return regularMs;
    return this.#bucket?.holds(this.#options.now(), reserve) === true ? burstMs : roughMs;
  }

  #listen(): void {
    this.#quiet.set(quietMs, () => this.check());
  }

  /** Whether the question could be sent. */
  #sync(left = 0): boolean {
    const now = this.#options.now();
    if (!this.#send({ sync: now }, left)) return false;
    if (this.#asked.size >= askedAtMost) this.#asked.clear();
    this.#asked.add(now);
    return true;
  }

  #send(message: { sync: number } | { status: ScreenStatus }, left = 0): boolean {
    if (!this.isOpen || !this.#bucket?.take(this.#options.now(), left)) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  #lose(loss: Loss): void {
    if (this.#over) return;
    this.close();
    this.#events.lost(loss);
  }
}

/** We broke a rule or were too slow: to come back soon would only repeat it. */
export function isOurFault(loss: Loss): boolean {
  const { binary, brokenRule, tooLong, tooSlow } = closeCode;
  return loss === binary || loss === brokenRule || loss === tooLong || loss === tooSlow;
}
