import type { Condition, ObservedScreen } from './condition.ts';

/** What operators were told last of a screen that was not good. */
export type Told = 'dark' | 'wrong';

/** A change that operators have to be told. */
export interface Change {
  kind: Told | 'back';
  id: string;
  name: string;
  group: string | null;
  /** When the screen came into this condition, epoch ms of house time. */
  since: number;
}

interface Watched {
  screen: ObservedScreen;
  /** Monotonic, ms. */
  changedAt: number;
  /** Epoch ms of house time. */
  since: number;
}

/** Decides which screens have been dark, wrong or back for long enough. */
export class WatchedScreens {
  readonly #afterMs: number;
  readonly #watched = new Map<string, Watched>();
  readonly #told: Map<string, Told>;

  /** `told`: by id, from an earlier leader. */
  constructor(afterMs: number, told: Readonly<Record<string, Told>>) {
    this.#afterMs = afterMs;
    this.#told = new Map(Object.entries(told));
  }

  /** By id, to be stored for the next leader. */
  get told(): Record<string, Told> {
    return Object.fromEntries(this.#told);
  }

  /** Replaces what is known of all screens. `now`: monotonic, ms. */
  observe(screens: readonly ObservedScreen[], now: number, houseTime: number): void {
    const ids = new Set(screens.map(({ id }) => id));
    for (const id of [...this.#watched.keys(), ...this.#told.keys()]) {
      if (!ids.has(id)) this.#forget(id);
    }
    for (const screen of screens) {
      const before = this.#watched.get(screen.id);
      const isSame = before?.screen.condition === screen.condition;
      this.#watched.set(screen.id, isSame ? { ...before, screen } : { screen, changedAt: now, since: houseTime });
    }
  }

  /** The changes that operators have not been told, oldest first. */
  due(now: number): Change[] {
    return [...this.#watched.values()]
      .flatMap(({ screen: { id, name, group, condition }, changedAt, since }): Change[] => {
        const kind = now - changedAt < this.#afterMs ? null : changeTo(condition, this.#told.get(id));
        return kind === null ? [] : [{ kind, id, name, group, since }];
      })
      .toSorted((one, other) => one.since - other.since);
  }

  markTold(changes: readonly Pick<Change, 'kind' | 'id'>[]): void {
    for (const { kind, id } of changes) {
      if (kind === 'back') this.#told.delete(id);
      else this.#told.set(id, kind);
    }
  }

  #forget(id: string): void {
    this.#watched.delete(id);
    this.#told.delete(id);
  }
}

function changeTo(condition: Condition, told: Told | undefined): Change['kind'] | null {
  if (condition === 'unknown' || condition === told) return null;
  if (condition === 'good') return told === undefined ? null : 'back';
  return condition;
}
