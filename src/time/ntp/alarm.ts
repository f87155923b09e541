/** `deviation`: house time may differ from UTC by more than is allowed. `silence`: no usable response for 30 minutes. */
export type AlarmReason = 'deviation' | 'silence';

const minPollsAboveLimit = 2;
const silentAfterMs = 30 * 60_000;

/** The result of a poll of all servers. */
export interface PollResult {
  /** Monotonic, ms. */
  now: number;
  /** Whether there was a usable response. */
  isAnswered: boolean;
  /** The maximum deviation of house time from UTC, ms; null while it is unknown. */
  utcErrorMs: number | null;
}

/** Decides whether there is an alarm, by the results of the polls. */
export class Alarm {
  readonly #alarmMs: number;
  #answeredAt: number;
  #above = 0;
  #reason: AlarmReason | null = null;

  /** `startedAt`: monotonic, ms. */
  constructor(alarmMs: number, startedAt: number) {
    this.#alarmMs = alarmMs;
    this.#answeredAt = startedAt;
  }

  get reason(): AlarmReason | null {
    return this.#reason;
  }

  /** Returns whether the reason changed. */
  onResult({ now, isAnswered, utcErrorMs }: PollResult): boolean {
    if (isAnswered) this.#answeredAt = now;
    this.#above = utcErrorMs !== null && utcErrorMs > this.#alarmMs ? this.#above + 1 : 0;
    const before = this.#reason;
    if (now - this.#answeredAt >= silentAfterMs) this.#reason = 'silence';
    // An alarm, also that of silence, only ends with a poll that is not above the limit.
    else this.#reason = this.#above >= (before === null ? minPollsAboveLimit : 1) ? 'deviation' : null;
    return this.#reason !== before;
  }
}
