import type { ScreenState } from '../protocol.ts';
import { Zone } from '../time/zone.ts';

/** What a face needs of an element. */
interface TextElement {
  textContent: string | null;
}

export interface FaceElements {
  root: { readonly dataset: Record<string, string | undefined> };
  display: TextElement & { ariaLabel: string | null };
  state: TextElement;
  /** How far the shown time may be wrong. */
  error: TextElement;
}

/** What else shows the time, in the way that the address asks for. */
export interface Dial {
  /** The text of `#display`. */
  textOf(instant: number): string;
  /** Shows what stands beside the text; null: no time is claimed or held. */
  draw(instant: number | null): void;
  /** The installation's zone. */
  place(zone: string): void;
}

/** Stands where a time would. */
export const dashes = '‒‒:‒‒:‒‒';

/** Writes the time and the state to the page, each only when it changes. */
export class Face {
  /** What a page shows that is not live: the last time that it claimed, or none. */
  staleIs: 'hold' | 'dash' = 'hold';
  readonly #elements: FaceElements;
  #dial: Dial | null = null;
  #state: ScreenState = 'connecting';
  #zone: Zone | null = null;
  #shown: number | null = null;

  constructor(elements: FaceElements) {
    this.#elements = elements;
  }

  /** Shows the second that begins at an instant of house time. */
  show(instant: number): void {
    this.#shown = instant;
    this.#draw();
    this.#describe();
  }

  become(state: ScreenState): void {
    this.#state = state;
    this.#elements.root.dataset['state'] = state;
    this.#draw();
    this.#describe();
  }

  /** Takes the zone of the shown time; one that this browser does not know shows no time. */
  place(zone: string): void {
    if (zone === this.#zone?.name) return;
    try {
      this.#zone = new Zone(zone);
    } catch {
      this.#zone = null;
    }
    this.#dial?.place(zone);
    this.#elements.display.ariaLabel = `Time in ${zone}`;
    this.#draw();
  }

  /** Says how far the shown time may be wrong, ms; null while there is none. */
  doubt(errorMs: number | null): void {
    write(this.#elements.error, errorMs === null ? '' : `± ${Math.ceil(errorMs)} ms`);
  }

  /** Puts a dial in the place of the plain text. */
  wear(dial: Dial): void {
    this.#dial = dial;
    if (this.#zone !== null) dial.place(this.#zone.name);
    this.#draw();
  }

  /** The time that is shown, in words for whom it is read to. */
  read(): string {
    return `${this.#shown === null ? 'No time' : this.#textOf(this.#shown)}, ${this.#elements.state.textContent}`;
  }

  #draw(): void {
    const isShown = this.#state === 'live' || this.staleIs === 'hold';
    const shown = isShown ? this.#shown : null;
    write(this.#elements.display, shown === null ? dashes : this.#textOf(shown));
    this.#dial?.draw(shown);
  }

  #textOf(instant: number): string {
    return this.#dial?.textOf(instant) ?? this.#zone?.timeOf(instant) ?? dashes;
  }

  #describe(): void {
    write(this.#elements.state, this.#words());
  }

  #words(): string {
    const held = this.#shown === null || this.#zone === null ? null : this.#zone.timeOf(this.#shown);
    const since = held === null ? 'no signal' : `stopped at ${held}`;
    return { connecting: 'Connecting', live: 'Live', stale: `Stale: ${since}`, 'signed-out': `Signed out: ${since}` }[
      this.#state
    ];
  }
}

// A live region is read out again when it is written again, even with the same words.
function write(element: TextElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
