import type { HouseClock } from './house-clock.ts';
import type { Schedule } from './schedule.ts';

const secondMs = 1_000;
/** Frames are asked for only this long before a second begins. */
const aheadMs = 20;
const askAgainMs = 50;
const defaultFrameMs = 1_000 / 60;
const longestFrameMs = 50;
/** The lateness of so many seconds counts for the error that is shown. */
const flipsKept = 10;

export interface PainterOptions {
  house: Pick<HouseClock, 'now' | 'steps'>;
  /** Monotonic, ms. */
  now: () => number;
  schedule: Schedule;
  /** As `requestAnimationFrame`; the function it returns takes the request back. */
  requestFrame: (run: (frameAt: number) => void) => () => void;
  /** Called before house time is asked for. It may stop the painter. */
  look: () => void;
  /** Writes the second that begins at `instant` of house time. */
  paint: (instant: number) => void;
}

/**
 * Has each second painted by the frame that is nearest to its beginning: never a second twice, and never an earlier one
 * after a later one unless house time was stepped.
 */
export class Painter {
  /** The screen is this late, and is painted so much earlier, ms. */
  trimMs = 0;
  readonly #options: PainterOptions;
  readonly #timer: Timer;
  #cancelFrame: (() => void) | null = null;
  #isRunning = false;
  #painted = -Infinity;
  #steps = 0;
  #frameAt = 0;
  #frameMs = defaultFrameMs;
  #lateness: number[] = [];
  /** What is painted first after a stop is as late as the stop was long. */
  #isFirst = true;

  constructor(options: PainterOptions) {
    this.#options = options;
    this.#timer = new Timer(options.schedule);
  }

  /** How far from their beginning seconds were painted lately, ms: that of now too; half a frame at least, the grid of the screen. */
  get latenessMs(): number {
    return Math.max(this.#frameMs / 2, ...this.#lateness);
  }

  /** Begins with the second that it is. */
  start(): void {
    this.#isRunning = true;
    this.#isFirst = true;
    this.refresh();
  }

  /** Paints nothing any more. */
  stop(): void {
    this.#isRunning = false;
    this.#timer.clear();
    this.#dropFrame();
  }

  /** Looks at once whether another second is to be seen, for when timers or frames did not come. */
  refresh(): void {
    const now = this.#time();
    if (!this.#isRunning) return;
    if (now !== null) this.#paint(floor(now), now);
    this.#plan();
  }

  #time(): number | null {
    if (this.#isRunning) this.#options.look();
    const now = this.#isRunning ? this.#options.house.now() : null;
    return now === null ? null : now + this.trimMs;
  }

  #plan(): void {
    this.#dropFrame();
    const now = this.#time();
    if (!this.#isRunning) return;
    const waitMs = now === null ? askAgainMs : this.#next(now) - now - aheadMs;
    this.#timer.set(Math.max(0, waitMs), () => this.#due());
  }

  /** The beginning of the second that is to be painted next. */
  #next(now: number): number {
    const after = floor(now) + secondMs;
    return this.#painted === after ? after + secondMs : after;
  }

  #due(): void {
    const now = this.#time();
    if (!this.#isRunning) return;
    if (now === null || this.#next(now) - now > 2 * aheadMs) return this.refresh();
    this.#awaitFrame(this.#next(now) - now);
  }

  /** A frame that does not come in time is not waited for: the one that follows shows what is written by then. */
  #awaitFrame(leftMs: number): void {
    this.#cancelFrame = this.#options.requestFrame((frameAt) => this.#frame(frameAt));
    this.#timer.set(leftMs, () => this.#flip());
  }

  #dropFrame(): void {
    this.#cancelFrame?.();
    this.#cancelFrame = null;
  }

  #frame(frameAt: number): void {
    this.#cancelFrame = null;
    const sinceLastMs = frameAt - this.#frameAt;
    if (sinceLastMs > 1 && sinceLastMs < longestFrameMs) this.#frameMs = sinceLastMs;
    this.#frameAt = frameAt;
    const now = this.#time();
    if (!this.#isRunning) return;
    if (now === null) return this.#plan();
    const due = this.#isNew(floor(now)) ? floor(now) : this.#next(now);
    const earlyMs = due - now;
    if (earlyMs > 2 * aheadMs) return this.#plan();
    const nextFrameMs = Math.max(0, frameAt + this.#frameMs - this.#options.now());
    if (earlyMs > nextFrameMs) this.#awaitFrame(earlyMs);
    // The next frame is nearer and shows what is written until it comes: there is time until the second begins.
    else if (earlyMs > nextFrameMs - earlyMs) this.#timer.set(earlyMs, () => this.#flip());
    else this.#flip();
  }

  #flip(): void {
    const now = this.#time();
    if (!this.#isRunning) return;
    if (now === null) return this.#plan();
    const due = floor(now + aheadMs);
    this.#paint(due, now);
    this.#plan();
  }

  #isNew(instant: number): boolean {
    const isStepped = this.#options.house.steps !== this.#steps;
    return instant > this.#painted || (isStepped && instant < this.#painted);
  }

  #paint(instant: number, now: number): void {
    const { house, paint } = this.#options;
    if (!this.#isNew(instant)) return;
    if (!this.#isFirst && instant === this.#painted + secondMs) {
      this.#lateness = [...this.#lateness, Math.abs(now - instant)].slice(-flipsKept);
    }
    this.#isFirst = false;
    this.#steps = house.steps;
    this.#painted = instant;
    paint(instant);
  }
}

function floor(instant: number): number {
  return Math.floor(instant / secondMs) * secondMs;
}

/** One thing that may be due. */
class Timer {
  readonly #schedule: Schedule;
  #cancel: () => void = () => {};

  constructor(schedule: Schedule) {
    this.#schedule = schedule;
  }

  set(delayMs: number, run: () => void): void {
    this.#cancel();
    this.#cancel = this.#schedule(run, delayMs);
  }

  clear(): void {
    this.#cancel();
  }
}
