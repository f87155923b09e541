import { troubleLabels, type Entry } from './entry.ts';

const troubles = Object.keys(troubleLabels);
/** `Screen 9` comes before `Screen 10`. */
const collator = new Intl.Collator(undefined, { numeric: true });

/** Trouble first, the worst at the top; then by name. The order is total, so that rows do not change places for nothing. */
export function compareEntries(a: Entry, b: Entry): number {
  return troubleRank(a) - troubleRank(b) || collator.compare(a.name, b.name) || (a.key < b.key ? -1 : 1);
}

function troubleRank({ trouble }: Entry): number {
  return trouble === null ? troubles.length : troubles.indexOf(trouble);
}
