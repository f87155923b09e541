import type { RosterEntry } from '../../operator-api.ts';
import { problemLabels } from './entry.ts';

const problems = Object.keys(problemLabels);
/** `Screen 9` comes before `Screen 10`. */
const collator = new Intl.Collator(undefined, { numeric: true });

/** Problems first, the worst at the top; then by name. The order is total, so that rows move only after a change. */
export function compareEntries(a: RosterEntry, b: RosterEntry): number {
  return problemRank(a) - problemRank(b) || collator.compare(a.name, b.name) || (a.key < b.key ? -1 : 1);
}

function problemRank({ problem }: RosterEntry): number {
  return problem === null ? problems.length : problems.indexOf(problem);
}
