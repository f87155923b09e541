import type { RosterEntry } from '../../operator-api.ts';
import { kindLabel, stateLabel } from './entry.ts';

export interface EntryFilter {
  /** Every word must occur in the entry, in any case and with or without accents. */
  words: string;
  /** `''`: all entries; `noGroup`: those without a group. */
  group: string;
  problemsOnly: boolean;
}

/** No group has this name. */
export const noGroup = '-';

/** A predicate for the entries that the filter shows. */
export function matcherOf({ words, group, problemsOnly }: EntryFilter): (entry: RosterEntry) => boolean {
  const wanted = plain(words)
    .split(/\s+/)
    .filter((word) => word !== '');
  return (entry) => {
    if (problemsOnly && entry.problem === null) return false;
    if (group !== '' && (entry.group ?? noGroup) !== group) return false;
    const text = wanted.length === 0 ? '' : textOf(entry);
    return wanted.every((word) => text.includes(word));
  };
}

/** The number of entries of each group, sorted by name; `noGroup` comes last. */
export function groupsOf(entries: readonly RosterEntry[]): [group: string, count: number][] {
  const counts = new Map<string, number>();
  for (const { group } of entries) counts.set(group ?? noGroup, (counts.get(group ?? noGroup) ?? 0) + 1);
  const rank = (group: string): string => (group === noGroup ? '~' : group);
  return [...counts].sort(([a], [b]) => (rank(a) < rank(b) ? -1 : 1));
}

/** Computed once for each version of an entry: a filter of 2,000 entries runs at each key press. */
const texts = new WeakMap<RosterEntry, string>();

function textOf(entry: RosterEntry): string {
  const cached = texts.get(entry);
  if (cached !== undefined) return cached;
  const { name, group, account, approvedBy, address, build, face } = entry;
  const parts = [name, group, account, approvedBy, address, build, face, kindLabel(entry), stateLabel(entry)];
  const text = plain(parts.filter((part) => part !== null).join('\n'));
  texts.set(entry, text);
  return text;
}

/** Without case and accents. */
function plain(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
}
