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
    else if (this.#above >= minPollsAboveLimit) this.#reason = 'deviation';
    // After a silence, the first answer must not end the alarm if the second one may raise it again.
    else if (this.#above === 0) this.#reason = null;
    return this.#reason !== before;
  }
}
