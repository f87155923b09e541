/** A time zone of the IANA database, and how instants read in it. */
export class Zone {
  readonly name: string;
  readonly #time: Intl.DateTimeFormat;
  readonly #date: Intl.DateTimeFormat;

  /** Throws a RangeError when `Intl` does not know the name. */
  constructor(name: string) {
    this.name = name;
    // %X of the C locale: two-digit hour, minute and second, and never 24:00:00.
    this.#time = new Intl.DateTimeFormat('en-GB', { timeZone: name, timeStyle: 'medium', hourCycle: 'h23' });
    this.#date = new Intl.DateTimeFormat('sv-SE', { timeZone: name, dateStyle: 'short' });
  }

  /** `15:03:27`. */
  timeOf(instant: number): string {
    return this.#time.format(instant);
  }

  /** `2026-11-25`. */
  dateOf(instant: number): string {
    return this.#date.format(instant);
  }
}

/** Whether `Intl` knows a zone by this name. */
export function isZone(name: string): boolean {
  try {
    return Boolean(new Intl.DateTimeFormat('en-GB', { timeZone: name }));
  } catch {
    return false;
  }
}
