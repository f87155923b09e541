/**
 * One question to another clock and its answer. `sentAt` and `arrivedAt` are instants of this side's monotonic clock,
 * `received` and `sent` of the other side's clock, all in ms.
 */
export interface Exchange {
  sentAt: number;
  received: number;
  sent: number;
  arrivedAt: number;
}

/** The other clock is `offsetMs` ahead of this side's monotonic clock, and that is wrong by at most `errorMs`. */
export interface Offset {
  offsetMs: number;
  errorMs: number;
}

/** How far two quartz clocks may drift apart, as a fraction: 50 ppm. */
const drift = 50e-6;
const samplesKept = 32;

interface Bounds {
  lowMs: number;
  highMs: number;
}

/** From the instant `takenAt` of ours on, the other clock was at least `lowMs` and at most `highMs` ahead. */
interface Sample extends Bounds {
  takenAt: number;
}

/**
 * How far another clock is ahead of this side's monotonic one, from exchanges with it. No answer comes before it was
 * sent, and no question is heard before it was asked: each exchange gives a floor and a ceiling, which move apart with
 * age, and the truth is above every floor and below every ceiling. That is the sample of least dispersion (round trip
 * / 2 + age x drift, the lowest-dispersion algorithm of DVB-CSS), bettered by what the others know of either way
 * alone: with 5 to 80 ms of jitter it halves the error.
 */
export class OffsetEstimate {
  readonly #precisionMs: number;
  #samples: Sample[] = [];

  /** `precisionMs`: the sum of both clocks' resolutions. */
  constructor(precisionMs: number) {
    this.#precisionMs = precisionMs;
  }

  /**
   * Takes one exchange in; the other clock's own error is `errorMs`. Returns true when it contradicts all that was
   * known: one of the clocks was stepped, and only this exchange counts from now on.
   */
  add({ sentAt, received, sent, arrivedAt }: Exchange, errorMs = 0): boolean {
    const marginMs = this.#precisionMs + errorMs;
    const sample = {
      lowMs: sent - arrivedAt - marginMs,
      highMs: received - sentAt + marginMs,
      // The ceiling is as old as the question.
      takenAt: sentAt,
    };
    const known = this.#within(arrivedAt);
    const stepped = known !== null && (sample.lowMs > known.highMs || sample.highMs < known.lowMs);
    if (stepped) this.forget();
    this.#samples.push(sample);
    if (this.#samples.length > samplesKept) this.#samples.shift();
    return stepped;
  }

  /** The best estimate at `now` of this side's monotonic clock; null before the first exchange. */
  at(now: number): Offset | null {
    const known = this.#within(now);
    if (known === null) return null;
    return { offsetMs: (known.lowMs + known.highMs) / 2, errorMs: (known.highMs - known.lowMs) / 2 };
  }

  /** Whether the other clock can be at `instant` or later by now. */
  allows(instant: number, now: number): boolean {
    const known = this.#within(now);
    return known === null || instant - now <= known.highMs;
  }

  /** Keeps no single exchange, only what they say together, with `moreMs` of doubt. */
  condense(now: number, moreMs: number): void {
    const known = this.#within(now);
    if (known === null) return;
    this.#samples = [{ lowMs: known.lowMs - moreMs, highMs: known.highMs + moreMs, takenAt: now }];
  }

  /** Drops all that is known, for when this side's monotonic clock cannot be trusted across a gap. */
  forget(): void {
    this.#samples = [];
  }

  #within(now: number): Bounds | null {
    if (this.#samples.length === 0) return null;
    let lowMs = -Infinity;
    let highMs = Infinity;
    for (const sample of this.#samples) {
      const agedMs = Math.abs(now - sample.takenAt) * drift;
      lowMs = Math.max(lowMs, sample.lowMs - agedMs);
      highMs = Math.min(highMs, sample.highMs + agedMs);
    }
    return { lowMs, highMs };
  }
}
