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

interface Sample extends Offset {
  takenAt: number;
}

/**
 * Estimates another clock from exchanges with it: of those it remembers, the one of least dispersion counts, which is
 * precision + round trip / 2 + age x drift (the lowest-dispersion algorithm of DVB-CSS). That value is its error bound.
 */
export class OffsetEstimate {
  readonly #precisionMs: number;
  #samples: Sample[] = [];

  /** `precisionMs`: the sum of both clocks' resolutions. */
  constructor(precisionMs: number) {
    this.#precisionMs = precisionMs;
  }

  /**
   * Takes one exchange in. Returns true when it contradicts all that was known: one of the clocks was stepped, and
   * only this sample counts from now on.
   */
  add(exchange: Exchange): boolean {
    const { sentAt, received, sent, arrivedAt } = exchange;
    const roundTripMs = Math.max(0, arrivedAt - sentAt - (sent - received));
    const sample = {
      offsetMs: (received - sentAt + (sent - arrivedAt)) / 2,
      errorMs: this.#precisionMs + roundTripMs / 2,
      takenAt: arrivedAt,
    };
    const known = this.at(arrivedAt);
    const stepped = known !== null && Math.abs(known.offsetMs - sample.offsetMs) > known.errorMs + sample.errorMs;
    if (stepped) this.forget();
    this.#samples.push(sample);
    if (this.#samples.length > samplesKept) this.#samples.shift();
    return stepped;
  }

  /** The best estimate at `now` of this side's monotonic clock; null before the first sample. */
  at(now: number): Offset | null {
    let best: Offset | null = null;
    for (const { offsetMs, errorMs, takenAt } of this.#samples) {
      const aged = errorMs + Math.max(0, now - takenAt) * drift;
      if (best === null || aged <= best.errorMs) best = { offsetMs, errorMs: aged };
    }
    return best;
  }

  /** Drops every sample, for when this side's monotonic clock cannot be trusted across a gap. */
  forget(): void {
    this.#samples = [];
  }
}
