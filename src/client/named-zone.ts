import { runInBackground } from '../background.ts';
import { type UtcOffsets, wallClockAt } from '../time/zone-offset.ts';
import type { ShownZone } from './face.ts';
import type { Schedule } from './schedule.ts';
import { Timer } from './timer.ts';

/** After a change of offset, the offsets are requested again at a random moment within this time. */
const refreshWithinMs = 3_600_000;
/** The longest backoff after the first failure, which doubles with each further one, and its upper limit. */
const retryMs = { first: 2_000, longest: 60_000 };

export interface NamedZoneOptions {
  /** The offsets of a zone; null if the server does not have it. Rejects without a response. */
  fetchOffsets: (name: string) => Promise<UtcOffsets | null>;
  schedule: Schedule;
  /** From 0 to 1, as `Math.random`. */
  random: () => number;
  /** Called when a request has succeeded or failed: the offsets and the status may have changed. */
  onChange: () => void;
}

/** A zone that the address of the page names, with the offsets that the server sent. */
export class NamedZone implements ShownZone {
  readonly name: string;
  readonly #options: NamedZoneOptions;
  readonly #timer: Timer;
  #offsets: UtcOffsets | null = null;
  #status: 'loading' | 'failing' | 'known' | 'unknown' = 'loading';
  #failures = 0;
  #isStopped = false;

  constructor(name: string, options: NamedZoneOptions) {
    this.name = name;
    this.#options = options;
    this.#timer = new Timer(options.schedule);
  }

  /** `failing`: the last request failed; `unknown`: the server has no zone of this name. */
  get status(): 'loading' | 'failing' | 'known' | 'unknown' {
    return this.#status;
  }

  /** Requests the offsets. Retries after a failure, with exponential backoff and jitter. */
  async load(): Promise<void> {
    const { fetchOffsets, random, onChange } = this.#options;
    this.#timer.clear();
    try {
      const offsets = await fetchOffsets(this.name);
      if (this.#isStopped) return;
      // A time that was read during the request may have planned another one.
      this.#timer.clear();
      this.#failures = 0;
      this.#status = offsets === null ? 'unknown' : 'known';
      this.#offsets = offsets;
    } catch {
      if (this.#isStopped) return;
      const withinMs = Math.min(retryMs.first * 2 ** this.#failures, retryMs.longest);
      this.#failures += 1;
      if (this.#offsets === null) this.#status = 'failing';
      this.#timer.set(withinMs / 2 + (random() * withinMs) / 2, () => runInBackground(this.load()));
    }
    onChange();
  }

  /** Requests and reports nothing more. */
  stop(): void {
    this.#isStopped = true;
    this.#timer.clear();
  }

  wallClockAt(instant: number): number | null {
    if (this.#offsets === null) return null;
    const next = this.#offsets.nextUtcOffset;
    if (next !== null && instant >= next.at && !this.#timer.isSet && !this.#isStopped) {
      this.#timer.set(this.#options.random() * refreshWithinMs, () => runInBackground(this.load()));
    }
    return wallClockAt(this.#offsets, instant);
  }
}
