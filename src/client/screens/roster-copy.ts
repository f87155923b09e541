import type { RosterEntry, RosterUpdate } from '../../operator-api.ts';

export interface RosterDifference {
  /** New and changed entries. */
  changed: RosterEntry[];
  removed: string[];
}

/** The page's copy of the roster. */
export class RosterCopy {
  readonly #entries = new Map<string, RosterEntry>();
  /** The version of the last response; null before the first. To be sent with the next request. */
  version: number | null = null;

  /** In no particular order. */
  get entries(): RosterEntry[] {
    return [...this.#entries.values()];
  }

  get(key: string): RosterEntry | undefined {
    return this.#entries.get(key);
  }

  /** The entries of all screens and links of a group, by id: a link with several players counts once. */
  membersOf(group: string): Map<string, RosterEntry> {
    const members = new Map<string, RosterEntry>();
    for (const entry of this.#entries.values()) if (entry.group === group) members.set(entry.id, entry);
    return members;
  }

  /** Applies an answer. An entry that the server repeats without a change is not in the difference. */
  apply({ version, isComplete, entries, removed }: RosterUpdate): RosterDifference {
    this.version = version;
    const changed = entries.filter((entry) => !isSame(this.#entries.get(entry.key), entry));
    for (const entry of changed) this.#entries.set(entry.key, entry);
    const gone = isComplete ? this.#missingFrom(entries) : removed;
    return { changed, removed: gone.filter((key) => this.#entries.delete(key)) };
  }

  #missingFrom(entries: readonly RosterEntry[]): string[] {
    const keys = new Set(entries.map(({ key }) => key));
    return [...this.#entries.keys()].filter((key) => !keys.has(key));
  }
}

/** `lastSeen` of a connected screen is the time of the answer, which is not shown. */
function isSame(before: RosterEntry | undefined, after: RosterEntry): boolean {
  return before !== undefined && comparable(before) === comparable(after);
}

function comparable(entry: RosterEntry): string {
  const isShown = entry.state === 'silent' || entry.state === 'away';
  return JSON.stringify({ ...entry, lastSeen: isShown ? entry.lastSeen : null });
}
