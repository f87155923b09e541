import { OffsetEstimate, type Exchange } from '../time/offset.ts';

/** The resolution of a page's clock: 1 ms in some browsers. */
const precisionMs = 1;
const slewPerMs = 0.005;
const stepAboveMs = 100;
/** If the device's two clocks diverge by more than this, it slept, or its wall clock was set. */
const jumpAboveMs = 50;
/** A larger jump makes house time unknown. */
const forgetAboveMs = 1_000;
/** Ticks and responses to syncs come from different processes, whose house times differ by a little. */
const tickMarginMs = 20;
/** House time has settled after this many exchanges. */
const settledAfter = 8;
const heldAfterMs = 60_000;

export interface HouseClockOptions {
  /** Monotonic, ms. */
  now: () => number;
  /** The device's wall clock, epoch ms. Only its jumps matter. */
  wall: () => number;
}

/** What is known of house time at a moment. */
export interface HouseReading {
  /** The best estimate of house time minus the monotonic clock, ms; null while house time is unknown. */
  readonly aheadMs: number | null;
  /** Null while house time is unknown. */
  readonly errorMs: number | null;
  readonly jitterMs: number;
  readonly isHeld: boolean;
  /** Whether corrections of up to 100 ms are slewed. */
  readonly isSettled: boolean;
}

/**
 * House time on this device, corrected by exchanges with the server. A correction is slewed, or stepped if it exceeds
 * 100 ms or house time has not settled yet.
 */
export class HouseClock {
  readonly #options: HouseClockOptions;
  readonly #bounds = new OffsetEstimate(precisionMs);
  /** House time minus the monotonic clock, as `now` states it. */
  #offsetMs: number | null = null;
  #slewedAt = 0;
  #wallMinusMonotonic: number;
  #exchanges = 0;
  #newestExchangeAt = -Infinity;
  #isSettled = false;
  #steps = 0;
  #jitterMs = 0;

  constructor(options: HouseClockOptions) {
    this.#options = options;
    this.#wallMinusMonotonic = options.wall() - options.now();
  }

  /** House time, epoch ms with fractions; null while it is unknown. Once settled it goes back only by a step. */
  now(): number | null {
    const monotonic = this.#options.now();
    this.#slew(monotonic);
    return this.#offsetMs === null ? null : monotonic + this.#offsetMs;
  }

  /** `now()` is wrong by at most this, ms; null while house time is unknown. */
  get errorMs(): number | null {
    const monotonic = this.#options.now();
    this.#slew(monotonic);
    const best = this.#bounds.at(monotonic);
    return best === null || this.#offsetMs === null ? null : best.errorMs + Math.abs(best.offsetMs - this.#offsetMs);
  }

  /** House time minus the device's wall clock, ms; null while house time is unknown. */
  get offsetMs(): number | null {
    const now = this.now();
    return now === null ? null : now - this.#options.wall();
  }

  /** Whether house time is free-running: no exchange for a minute, or none since the error was widened. */
  get isHeld(): boolean {
    return this.#exchanges === 0 || this.#options.now() - this.#newestExchangeAt > heldAfterMs;
  }

  /** How much longer recent exchanges took than the fastest, one way, ms; a moving average. */
  get jitterMs(): number {
    return this.#jitterMs;
  }

  /** How often house time was stepped: only after a step may an earlier time follow a later one. */
  get steps(): number {
    return this.#steps;
  }

  get reading(): HouseReading {
    const { errorMs, jitterMs, isHeld } = this;
    const best = this.#bounds.at(this.#options.now());
    return { aheadMs: best && best.offsetMs, errorMs, jitterMs, isHeld, isSettled: this.#isSettled };
  }

  /**
   * Compares the device's two clocks with the last call. Returns null while they run together, else the jump, ms. A
   * jump widens the error; one of over a second makes house time unknown.
   */
  detectClockJump(): number | null {
    const before = this.#options.now();
    const wall = this.#options.wall();
    const after = this.#options.now();
    // A delay between the two readings is no jump.
    const least = wall - after - this.#wallMinusMonotonic;
    const most = wall - before - this.#wallMinusMonotonic;
    this.#wallMinusMonotonic = wall - before;
    const jumpMs = least > 0 ? least : Math.max(0, -most);
    if (jumpMs <= jumpAboveMs) return null;
    if (jumpMs > forgetAboveMs) this.forget();
    else this.widenError(jumpMs);
    return jumpMs;
  }

  /** Adds an exchange with the server; `errorMs` is the server's own error. Returns true if a clock was stepped. */
  add(exchange: Exchange, errorMs: number): boolean {
    const stepped = this.#bounds.add(exchange, errorMs);
    if (stepped) this.#exchanges = 0;
    this.#exchanges += 1;
    this.#newestExchangeAt = exchange.arrivedAt;
    this.#slew(this.#options.now());
    if (this.#exchanges >= settledAfter) this.#isSettled = true;
    const { sentAt, received, sent, arrivedAt } = exchange;
    const best = this.#bounds.at(arrivedAt);
    const moreMs = (arrivedAt - sentAt - (sent - received)) / 2 - (best === null ? 0 : best.errorMs);
    this.#jitterMs += (Math.max(0, moreMs) - this.#jitterMs) / 4;
    return stepped;
  }

  /** Forgets house time if, by it, a tick for `at` arrives too early, which no tick can. Returns whether it did. */
  forgetIfContradicted(at: number): boolean {
    if (this.#bounds.allows(at - tickMarginMs, this.#options.now())) return false;
    this.forget();
    return true;
  }

  /** Replaces the exchanges by their combined bounds, with an error that is larger by `byMs`. */
  widenError(byMs = 0): void {
    this.#bounds.condense(byMs);
    this.#exchanges = 0;
  }

  /** House time is unknown until the next exchange. */
  forget(): void {
    this.#bounds.forget();
    this.#exchanges = 0;
    this.#isSettled = false;
    if (this.#offsetMs !== null) this.#steps += 1;
    this.#offsetMs = null;
  }

  #slew(monotonic: number): void {
    const best = this.#bounds.at(monotonic);
    if (best === null) return;
    const passedMs = Math.max(0, monotonic - this.#slewedAt);
    this.#slewedAt = monotonic;
    if (this.#offsetMs === null) {
      this.#offsetMs = best.offsetMs;
      return;
    }
    const wrongMs = best.offsetMs - this.#offsetMs;
    if (Math.abs(wrongMs) > stepAboveMs) {
      this.#steps += 1;
      this.#offsetMs = best.offsetMs;
    } else if (this.#isSettled) {
      const slewMs = passedMs * slewPerMs;
      this.#offsetMs += Math.max(-slewMs, Math.min(slewMs, wrongMs));
    } else {
      this.#offsetMs = best.offsetMs;
    }
  }
}

/** The instant `at` of house time on the monotonic clock, `now` at the latest; null while house time is unknown. */
export function instantOf({ aheadMs }: Pick<HouseReading, 'aheadMs'>, at: number, now: number): number | null {
  return aheadMs === null ? null : Math.min(now, at - aheadMs);
}
