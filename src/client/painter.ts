import { FrameLength } from './frame-length.ts';
import type { Schedule } from './schedule.ts';

const secondMs = 1_000;
/** Frames are requested this long before a second begins; longer while the frame length has to be measured. */
const aheadMs = { normal: 20, measuring: 200 };
/** The wait while house time is unknown. */
const retryMs = 50;
/** A timer may fire this much too early, ms. */
const earlyTimerMs = 2;
/** The error that is shown covers the lateness of this many seconds. */
const latenessCount = 10;

/** The input of `nextPaintAction`, when a timer fires or a frame begins. All times are house time, epoch ms. */
export interface PaintMoment {
  /** Null while house time is unknown. */
  now: number | null;
  /** The beginning of the second painted last; `-Infinity` before the first. */
  painted: number;
  /** House time was stepped since that second was painted. */
  isStepped: boolean;
  /** How soon the next frame comes, ms, if a frame is beginning now; else null. */
  nextFrameMs: number | null;
  aheadMs: number;
}

export interface PaintAction {
  /** The second to paint now, or null. */
  paint: number | null;
  /** Decide again after this long, ms, ... */
  againAfterMs: number;
  /** ... or in the next frame, if that comes first. */
  wantsFrame: boolean;
}

/**
 * Decides what to paint and when to decide again, so that each second appears in the frame nearest to its beginning.
 *
 * ```
 *   second begins                                  next second begins
 *   |                                     aheadMs  |
 *   |                                  |<--------->|
 * --P----------------------------------T---F----F--|-F------> house time
 *   |---------- wait on a timer ------>|           |
 *                                      request     |
 *                                      frames      |<- left ->
 *
 *   T, F: more frames come before the second begins   -> request the next frame
 *   last F before it, and that frame is the nearest   -> paint the next second now
 *   last F before it, but the frame after is nearer   -> paint when the second begins; the frame after shows it
 *   no frame came in time                             -> paint when the second begins
 * ```
 *
 * A second is never painted twice, and an earlier one follows a later one only if house time was stepped.
 */
export function nextPaintAction(moment: PaintMoment): PaintAction {
  const { now, painted, isStepped, nextFrameMs, aheadMs } = moment;
  if (now === null) return { paint: null, againAfterMs: retryMs, wantsFrame: false };
  const paintNow = (second: number): PaintAction => ({
    paint: second,
    againAfterMs: second + secondMs - now - aheadMs,
    wantsFrame: false,
  });
  const current = Math.floor(now / secondMs) * secondMs;
  if (current > painted || (isStepped && current < painted)) return paintNow(current);
  const next = Math.max(current, painted) + secondMs;
  const leftMs = next - now;
  const paintableMs = nextFrameMs === null ? earlyTimerMs : nextFrameMs / 2;
  if (leftMs <= paintableMs) return paintNow(next);
  if (leftMs > aheadMs) return { paint: null, againAfterMs: leftMs - aheadMs, wantsFrame: false };
  const isLastFrame = nextFrameMs !== null && leftMs <= nextFrameMs;
  return { paint: null, againAfterMs: leftMs, wantsFrame: !isLastFrame };
}

export interface PainterOptions {
  /** House time, epoch ms, and how often it was stepped. */
  house: { now(): number | null; readonly steps: number };
  /** Monotonic, ms. */
  now: () => number;
  schedule: Schedule;
  /** As `requestAnimationFrame`; the returned function cancels the request. */
  requestFrame: (run: (frameAt: number) => void) => () => void;
  /** Called before house time is read. It may stop the painter. */
  detectClockJump: () => void;
  /** Draws the second that begins at `second`. If it throws, the painter continues with the next second. */
  paint: (second: number) => void;
}

/** Carries out `nextPaintAction`: owns one timer and one frame request. */
export class Painter {
  /** How much later the screen shows what is painted, ms; each second is painted that much earlier. */
  trimMs = 0;
  readonly #options: PainterOptions;
  readonly #frameLength = new FrameLength();
  /** Canceling a callback that has run has no effect. */
  #cancelTimer = (): void => {};
  #cancelFrame = (): void => {};
  #isRunning = false;
  #painted = -Infinity;
  #steps = 0;
  #lateness: number[] = [];
  /** The first second after a start is late by design. */
  #isFirst = true;

  constructor(options: PainterOptions) {
    this.#options = options;
  }

  /** The maximum distance of recent paints from the beginning of their second, ms; at least half a frame. */
  get latenessMs(): number {
    return Math.max(this.#frameLength.ms / 2, ...this.#lateness);
  }

  /** Paints the current second at once, and each one that follows. */
  start(): void {
    this.#isRunning = true;
    this.#isFirst = true;
    this.refresh();
  }

  /** Paints nothing more. */
  stop(): void {
    this.#isRunning = false;
    this.#cancel();
  }

  /** Catches up at once after a time without timers or frames. */
  refresh(): void {
    this.#frameLength.interrupt();
    this.#advance(null);
  }

  #advance(frameAt: number | null): void {
    this.#cancel();
    const { house, now: monotonic, detectClockJump, paint } = this.#options;
    if (this.#isRunning) detectClockJump();
    if (!this.#isRunning) return;
    const houseNow = house.now();
    const now = houseNow === null ? null : houseNow + this.trimMs;
    const readAt = monotonic();
    const action = nextPaintAction({
      now,
      painted: this.#painted,
      isStepped: house.steps !== this.#steps,
      nextFrameMs: frameAt === null ? null : Math.max(0, frameAt + this.#frameLength.ms - readAt),
      aheadMs: this.#frameLength.isMeasurementDue(readAt) ? aheadMs.measuring : aheadMs.normal,
    });
    this.#arm(action);
    if (action.paint === null || now === null) return;
    this.#record(action.paint, Math.abs(now - action.paint));
    paint(action.paint);
  }

  #arm({ againAfterMs, wantsFrame }: PaintAction): void {
    const { schedule, requestFrame } = this.#options;
    this.#cancelTimer = schedule(() => this.refresh(), Math.max(0, againAfterMs));
    if (!wantsFrame) return;
    this.#cancelFrame = requestFrame((frameAt) => {
      this.#frameLength.add(frameAt);
      this.#advance(frameAt);
    });
  }

  #record(second: number, latenessMs: number): void {
    if (!this.#isFirst && second === this.#painted + secondMs) {
      this.#lateness = [...this.#lateness, latenessMs].slice(-latenessCount);
    }
    this.#isFirst = false;
    this.#steps = this.#options.house.steps;
    this.#painted = second;
  }

  #cancel(): void {
    this.#cancelTimer();
    this.#cancelFrame();
  }
}
