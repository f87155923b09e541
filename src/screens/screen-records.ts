import type { Records } from '../backend/records.ts';
import { parseScreenMessage } from './screen-message.ts';
import type { Screens, StoredScreen } from './screens.ts';

/** All records are read again this often, since they also expire. */
const readAllEveryMs = 60_000;

export interface ScreenRecordsOptions {
  records: Pick<Records, 'subscribe'>;
  screens: Pick<Screens, 'list' | 'getMany'>;
  /** Monotonic ms. */
  monotonicNow: () => number;
}

/** A copy of the records of all screens and links. Messages between the processes say which of them to read again. */
export class ScreenRecords {
  readonly #options: ScreenRecordsOptions;
  readonly #outdated = new Set<string>();
  #byId = new Map<string, StoredScreen>();
  #readAllAt = -Infinity;
  #isUsed = false;
  /** Increases whenever a read of all records that is in flight may be outdated. */
  #generation = 0;

  constructor(options: ScreenRecordsOptions) {
    this.#options = options;
    options.records.subscribe({
      onMessage: (message) => {
        for (const id of parseScreenMessage(message).screens ?? []) this.markOutdated(id);
      },
      onGap: () => this.release(),
    });
  }

  /** The next `read` reads this record again. */
  markOutdated(id: string): void {
    if (this.#isUsed) this.#outdated.add(id);
  }

  /** By id. A record that did not change is the same object as in the last call. */
  async read(): Promise<ReadonlyMap<string, StoredScreen>> {
    const { screens, monotonicNow } = this.#options;
    const generation = this.#generation;
    this.#isUsed = true;
    const outdated = [...this.#outdated];
    this.#outdated.clear();
    const readsAll = monotonicNow() - this.#readAllAt > readAllEveryMs;
    try {
      if (readsAll) this.#replaceAll(await screens.list(), generation);
      else if (outdated.length > 0) this.#replace(outdated, await screens.getMany(outdated));
    } catch (error) {
      for (const id of outdated) this.#outdated.add(id);
      throw error;
    }
    return this.#byId;
  }

  /** Frees the memory; the next `read` reads all records. */
  release(): void {
    this.#byId = new Map();
    this.#readAllAt = -Infinity;
    this.#outdated.clear();
    this.#isUsed = false;
    this.#generation += 1;
  }

  #replaceAll(found: readonly StoredScreen[], generation: number): void {
    const previous = this.#byId;
    this.#byId = new Map(found.map((screen) => [screen.id, unchanged(previous.get(screen.id), screen)]));
    if (generation === this.#generation) this.#readAllAt = this.#options.monotonicNow();
  }

  #replace(outdated: readonly string[], found: readonly StoredScreen[]): void {
    for (const id of outdated) this.#byId.delete(id);
    for (const screen of found) this.#byId.set(screen.id, screen);
  }
}

function unchanged(previous: StoredScreen | undefined, screen: StoredScreen): StoredScreen {
  return previous !== undefined && JSON.stringify(previous) === JSON.stringify(screen) ? previous : screen;
}
