/** A time zone of the IANA database. Formats instants as local time and date. */
export class Zone {
  readonly name: string;
  readonly #time: Intl.DateTimeFormat;
  readonly #date: Intl.DateTimeFormat;

  /** Throws a RangeError if `Intl` has no zone of this name. */
  constructor(name: string) {
    this.name = name;
    // Like %X in the C locale: hour, minute and second with two digits, midnight as 00:00:00.
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

/** The name of this host's zone; `UTC` if the host has none that `Intl` supports. */
export function hostZoneName(): string {
  // With an unusable TZ, `timeZone` is undefined, against its type.
  const name: string | undefined = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return name !== undefined && isZone(name) ? name : 'UTC';
}

/** Whether `Intl` has a zone of this name. */
export function isZone(name: string): boolean {
  try {
    return Boolean(new Intl.DateTimeFormat('en-GB', { timeZone: name }));
  } catch {
    return false;
  }
}
