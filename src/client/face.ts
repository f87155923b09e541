import type { ScreenState, Tick } from '../protocol.ts';

/** What a face needs of an element. */
interface TextElement {
  textContent: string | null;
}

export interface FaceElements {
  root: { readonly dataset: Record<string, string | undefined> };
  display: TextElement & { ariaLabel: string | null };
  state: TextElement;
}

/** Writes the time and the state to the page, each only when it changes. */
export class Face {
  readonly #elements: FaceElements;
  #state: ScreenState = 'connecting';
  #shown: Tick | null = null;

  constructor(elements: FaceElements) {
    this.#elements = elements;
  }

  /** Shows a tick, unless a newer one was shown: `seq` tells, since a text and even `at` may go back. */
  show(tick: Tick): void {
    if (this.#shown !== null && tick.seq <= this.#shown.seq) return;
    this.#shown = tick;
    write(this.#elements.display, tick.text);
    this.#describe();
  }

  become(state: ScreenState): void {
    this.#state = state;
    this.#elements.root.dataset['state'] = state;
    this.#describe();
  }

  /** Says where the shown time holds. */
  place(zone: string): void {
    const label = `Time in ${zone}`;
    if (this.#elements.display.ariaLabel !== label) this.#elements.display.ariaLabel = label;
  }

  #describe(): void {
    write(this.#elements.state, describe(this.#state, this.#shown?.text ?? null));
  }
}

function describe(state: ScreenState, held: string | null): string {
  const since = held === null ? 'no time yet' : `stopped at ${held}`;
  return { connecting: 'Connecting', live: 'Live', stale: `Stale: ${since}`, 'signed-out': `Signed out: ${since}` }[
    state
  ];
}

// A live region is read out again when it is written again, even with the same words.
function write(element: TextElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
