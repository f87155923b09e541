import { OffsetEstimate, type Exchange } from '../time/offset.ts';

/** Of a page's clock (1 ms in some browsers). */
const precisionMs = 1;
const slewPerMs = 0.005;
const stepAboveMs = 100;
/** The device slept, or its wall clock was set, when the two clocks part by more than this. */
const jumpAboveMs = 50;
/** Beyond this what was known is worth nothing. */
const lostAboveMs = 1_000;
/** A tick is made by another process than the one that answers: its house time may differ by a little. */
const tickMarginMs = 20;
/** The exchanges of one burst. */
export const burstLength = 8;
const heldAfterMs = 60_000;

export interface FlywheelOptions {
  /** Monotonic, ms. */
  now: () => number;
  /** The device's own idea of the time, epoch ms: only its jumps are looked at. */
  wall: () => number;
}

/**
 * House time on this side: it turns on by itself between the exchanges that keep it right. It slews, and steps only
 * when it is wrong by more than 100 ms or has not settled yet.
 */
export class Flywheel {
  readonly #options: FlywheelOptions;
  readonly #bounds = new OffsetEstimate(precisionMs);
  /** House time minus the monotonic clock, as it is told. */
  #offsetMs: number | null = null;
  #turnedAt = 0;
  #wallMinusMonotonic: number;
  #exchanges = 0;
  #newestExchangeAt = -Infinity;
  #isSettled = false;
  #steps = 0;
  #jitterMs = 0;

  constructor(options: FlywheelOptions) {
    this.#options = options;
    this.#wallMinusMonotonic = options.wall() - options.now();
  }

  /** House time, epoch ms with fractions; null as long as it is not known. Once settled it goes back only with a step. */
  now(): number | null {
    const monotonic = this.#options.now();
    this.#turn(monotonic);
    return this.#offsetMs === null ? null : monotonic + this.#offsetMs;
  }

  /** `now()` is wrong by at most this, ms; null as long as it is not known. */
  get errorMs(): number | null {
    const monotonic = this.#options.now();
    this.#turn(monotonic);
    const best = this.#bounds.at(monotonic);
    return best === null || this.#offsetMs === null ? null : best.errorMs + Math.abs(best.offsetMs - this.#offsetMs);
  }

  /** House time minus the device's clock, ms; null as long as it is not known. */
  get offsetMs(): number | null {
    const now = this.now();
    return now === null ? null : now - this.#options.wall();
  }

  /** It turns on from memory: nothing was heard of house time lately, or since it was doubted. */
  get isHeld(): boolean {
    return this.#exchanges === 0 || this.#options.now() - this.#newestExchangeAt > heldAfterMs;
  }

  /** By how much exchanges lately took longer, one way, than the quickest. */
  get jitterMs(): number {
    return this.#jitterMs;
  }

  /** How often it was stepped so far: after a step, and only then, an earlier time may follow a later one. */
  get steps(): number {
    return this.#steps;
  }

  /** The instant `at` of house time on the monotonic clock, now at the latest; null while house time is not known. */
  instantOf(at: number): number | null {
    const now = this.#options.now();
    const best = this.#bounds.at(now);
    return best === null ? null : Math.min(now, at - best.offsetMs);
  }

  /**
   * Compares the device's two clocks with the last time. Null as long as they go together, else by how much they
   * parted, ms: then what was known is doubted by that much, or forgotten when it is a second or more.
   */
  look(): number | null {
    const before = this.#options.now();
    const wall = this.#options.wall();
    const after = this.#options.now();
    // Whatever held this program up between two lines is no jump.
    const least = wall - after - this.#wallMinusMonotonic;
    const most = wall - before - this.#wallMinusMonotonic;
    this.#wallMinusMonotonic = wall - before;
    const jumpMs = least > 0 ? least : Math.max(0, -most);
    if (jumpMs <= jumpAboveMs) return null;
    if (jumpMs > lostAboveMs) this.forget();
    else this.doubt(jumpMs);
    return jumpMs;
  }

  /** Takes in what an exchange says; `errorMs` is the server's own. True when a clock was stepped. */
  add(exchange: Exchange, errorMs: number): boolean {
    const stepped = this.#bounds.add(exchange, errorMs);
    if (stepped) this.#exchanges = 0;
    this.#exchanges += 1;
    this.#newestExchangeAt = exchange.arrivedAt;
    this.#turn(this.#options.now());
    if (this.#exchanges >= burstLength) this.#isSettled = true;
    const { sentAt, received, sent, arrivedAt } = exchange;
    const moreMs = (arrivedAt - sentAt - (sent - received)) / 2 - (this.#bounds.at(arrivedAt)?.errorMs ?? 0);
    this.#jitterMs += (Math.max(0, moreMs) - this.#jitterMs) / 4;
    return stepped;
  }

  /** A tick came that stands for `at`. It cannot have come before: true when that refutes what was known. */
  ticked(at: number): boolean {
    if (this.#bounds.allows(at - tickMarginMs, this.#options.now())) return false;
    this.forget();
    return true;
  }

  /** A new line, or a small doubt: single exchanges count no more, what they said together does. */
  doubt(moreMs = 0): void {
    this.#bounds.condense(this.#options.now(), moreMs);
    this.#exchanges = 0;
  }

  /** Nothing is known any more. */
  forget(): void {
    this.#bounds.forget();
    this.#exchanges = 0;
    this.#isSettled = false;
    if (this.#offsetMs !== null) this.#steps += 1;
    this.#offsetMs = null;
  }

  #turn(monotonic: number): void {
    const best = this.#bounds.at(monotonic);
    if (best === null) return;
    const passedMs = Math.max(0, monotonic - this.#turnedAt);
    this.#turnedAt = monotonic;
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
