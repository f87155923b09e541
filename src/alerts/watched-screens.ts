import type { Condition, ObservedScreen } from './condition.ts';

/** A condition that operators are notified of. */
export type NotifiedCondition = 'dark' | 'wrong';

/** A change that operators must be notified of. */
export interface Change {
  kind: NotifiedCondition | 'back';
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
  readonly #notified: Map<string, NotifiedCondition>;

  /** `notified`: by id, from an earlier leader. */
  constructor(afterMs: number, notified: Readonly<Record<string, NotifiedCondition>>) {
    this.#afterMs = afterMs;
    this.#notified = new Map(Object.entries(notified));
  }

  /** By id, to be stored for the next leader. */
  get notified(): Record<string, NotifiedCondition> {
    return Object.fromEntries(this.#notified);
  }

  /** Replaces the observed state of all screens. `now`: monotonic, ms. */
  observe(screens: readonly ObservedScreen[], now: number, houseTime: number): void {
    const ids = new Set(screens.map(({ id }) => id));
    for (const id of [...this.#watched.keys(), ...this.#notified.keys()]) {
      if (!ids.has(id)) this.#forget(id);
    }
    for (const screen of screens) {
      const before = this.#watched.get(screen.id);
      const isSame = before?.screen.condition === screen.condition;
      this.#watched.set(screen.id, isSame ? { ...before, screen } : { screen, changedAt: now, since: houseTime });
    }
  }

  /** The changes that operators have not been notified of, oldest first. */
  due(now: number): Change[] {
    return [...this.#watched.values()]
      .flatMap(({ screen: { id, name, group, condition }, changedAt, since }): Change[] => {
        const kind = now - changedAt < this.#afterMs ? null : changeTo(condition, this.#notified.get(id));
        return kind === null ? [] : [{ kind, id, name, group, since }];
      })
      .toSorted((one, other) => one.since - other.since);
  }

  markNotified(changes: readonly Pick<Change, 'kind' | 'id'>[]): void {
    for (const { kind, id } of changes) {
      if (kind === 'back') this.#notified.delete(id);
      else this.#notified.set(id, kind);
    }
  }

  #forget(id: string): void {
    this.#watched.delete(id);
    this.#notified.delete(id);
  }
}

function changeTo(condition: Condition, notified: NotifiedCondition | undefined): Change['kind'] | null {
  if (condition === 'unknown' || condition === notified) return null;
  if (condition === 'good') return notified === undefined ? null : 'back';
  return condition;
}
