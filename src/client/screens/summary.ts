import { stateLabel, type Entry } from './entry.ts';

/** One line above the table: how many entries there are and what is wrong with them. */
export function summaryOf(entries: readonly Entry[], shown: readonly Entry[]): string {
  if (entries.length === 0) return 'No screen is paired or connected.';
  const parts = [
    shown.length === entries.length ? count(entries.length) : `${shown.length} of ${count(entries.length)}`,
  ];
  const troubles = new Map<string, number>();
  for (const entry of entries) {
    if (entry.trouble === null) continue;
    const label = stateLabel(entry).toLowerCase();
    troubles.set(label, (troubles.get(label) ?? 0) + 1);
  }
  if (troubles.size === 0) parts.push('no trouble');
  else parts.push(`trouble: ${[...troubles].map(([label, number]) => `${number} ${label}`).join(', ')}`);
  return parts.join(' · ');
}

function count(number: number): string {
  return number === 1 ? '1 row' : `${number} rows`;
}
