import type { RosterEntry } from '../../operator-api.ts';
import { problemLabels } from './entry.ts';

/** One line above the table: how many entries there are and what is wrong with them. */
export function summaryOf(entries: readonly RosterEntry[], shown: readonly RosterEntry[]): string {
  if (entries.length === 0) return 'No screen is paired or connected.';
  const parts = [
    shown.length === entries.length ? count(entries.length) : `${shown.length} of ${count(entries.length)}`,
  ];
  const counts: string[] = [];
  for (const [problem, label] of Object.entries(problemLabels)) {
    const affected = entries.filter((entry) => entry.problem === problem).length;
    if (affected > 0) counts.push(`${affected} ${label.toLowerCase()}`);
  }
  parts.push(counts.length === 0 ? 'no problems' : `problems: ${counts.join(', ')}`);
  return parts.join(' · ');
}

function count(number: number): string {
  return number === 1 ? '1 row' : `${number} rows`;
}
