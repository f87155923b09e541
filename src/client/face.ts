import type { ScreenState } from '../protocol.ts';
import { timeText } from '../time/zone-offset.ts';
import { setText, type TextElement } from './set-text.ts';

export interface FaceElements {
  root: { readonly dataset: Record<string, string | undefined> };
  display: TextElement & { setAttribute(name: 'aria-label', value: string): void };
  state: TextElement;
  /** The maximum error of the shown time. */
  error: TextElement;
}

/** A zone whose time is shown. */
export interface ShownZone {
  readonly name: string;
  /** What a wall clock of the zone reads, as the epoch ms at which UTC reads the same; null if that is unknown. */
  wallClockAt(instant: number): number | null;
}

/** One second, in the zones of a face. Wall clocks are epoch ms at which UTC reads the same. */
export interface ShownTime {
  /** The beginning of the second, epoch ms. */
  instant: number;
  wallClock: number;
  /** Of the second zone; null without one, and while its offset is unknown. */
  secondWallClock: number | null;
}

/** Replaces the plain digits of a face. The face writes `#display`; the view draws everything around it. */
export interface FaceView {
  /** The text of `#display`. */
  textOf(wallClock: number): string;
  /** Null: no time is shown. */
  draw(time: ShownTime | null): void;
}

/** What `#display` shows without a time. */
export const dashes = '‒‒:‒‒:‒‒';

/** Writes time, state and error to the page, each only when it changes. */
export class Face {
  /** What a page that is not live shows: the last time, or dashes. */
  stale: 'hold' | 'dash' = 'hold';
  readonly #elements: FaceElements;
  #view: FaceView | null = null;
  #state: ScreenState = 'connecting';
  #zone: ShownZone | null = null;
  #secondZone: ShownZone | null = null;
  #shown: ShownTime | null = null;

  constructor(elements: FaceElements) {
    this.#elements = elements;
  }

  /**
   * Shows the second that begins at an instant of house time, in any state. False if the offset of the zone is unknown:
   * then the face keeps what it showed before.
   */
  show(instant: number): boolean {
    const wallClock = this.#zone && this.#zone.wallClockAt(instant);
    if (wallClock === null) return false;
    const time = { instant, wallClock, secondWallClock: this.#secondZone && this.#secondZone.wallClockAt(instant) };
    this.#write(time);
    this.#shown = time;
    this.#describe();
    return true;
  }

  setState(state: ScreenState): void {
    this.#state = state;
    this.#elements.root.dataset['state'] = state;
    this.#describe();
    this.#drawAgain();
  }

  /** Sets the zone of the time and that of the second line; null while one is unknown or not wanted. */
  setZones(zone: ShownZone | null, secondZone: ShownZone | null): void {
    this.#zone = zone;
    this.#secondZone = secondZone;
    this.#elements.display.setAttribute('aria-label', zone === null ? 'Time' : `Time in ${zone.name}`);
    const shown = this.#shown;
    this.#shown = null;
    if (shown !== null) this.show(shown.instant);
    this.#describe();
    this.#drawAgain();
  }

  /** Sets the maximum error of the shown time, ms; null if there is none to state. */
  setError(errorMs: number | null): void {
    setText(this.#elements.error, errorMs === null ? '' : `± ${Math.ceil(errorMs)} ms`);
  }

  setView(view: FaceView): void {
    this.#view = view;
    this.#drawAgain();
  }

  /** The shown time and the state as a sentence for a screen reader. */
  describe(): string {
    return `${this.#shown === null ? 'No time' : this.#textOf(this.#shown)}, ${this.#elements.state.textContent}`;
  }

  /** Draws the last time again, or dashes if it must not be held. */
  #drawAgain(): void {
    const isHeld = this.#state === 'live' || this.stale === 'hold';
    this.#write(isHeld ? this.#shown : null);
  }

  #write(time: ShownTime | null): void {
    setText(this.#elements.display, time === null ? dashes : this.#textOf(time));
    if (this.#view !== null) this.#view.draw(time);
  }

  #textOf({ wallClock }: ShownTime): string {
    return this.#view === null ? timeText(wallClock) : this.#view.textOf(wallClock);
  }

  #describe(): void {
    const since = this.#shown === null ? 'no signal' : `stopped at ${timeText(this.#shown.wallClock)}`;
    const words = {
      connecting: 'Connecting',
      live: 'Live',
      stale: `Stale: ${since}`,
      'signed-out': `Signed out: ${since}`,
    };
    setText(this.#elements.state, words[this.#state]);
  }
}

// A screen reader reads a live region out again when it is written again, even with the same words.
