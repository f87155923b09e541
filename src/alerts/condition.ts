import type { EntrySource } from '../screens/roster-entry.ts';
import { alertErrorMs, type RosterRow } from '../screens/roster-row.ts';
import type { ScreenKind } from '../screens/screens.ts';

/**
 * `dark`: it does not show the present time. `wrong`: it claims a time that may be wrong. `unknown`: it has not reported
 * what it shows.
 */
export type Condition = 'dark' | 'wrong' | 'good' | 'unknown';

/** A paired screen or a link as alerts see it. */
export interface ObservedScreen {
  id: string;
  name: string;
  group: string | null;
  condition: Condition;
}

/** The screens and links with a record. The players of a link count as one: a link is dark only if it has none. */
export function observedScreens(sources: Iterable<EntrySource>): ObservedScreen[] {
  const observed = new Map<string, ObservedScreen>();
  for (const { screen, row } of sources) {
    if (screen === null) continue;
    const { id, kind, value } = screen;
    const condition = conditionOf(kind, row);
    const other = observed.get(id)?.condition;
    const isWrong = condition === 'wrong' || other === 'wrong';
    observed.set(id, { id, name: value.name, group: value.group, condition: isWrong ? 'wrong' : condition });
  }
  return [...observed.values()];
}

function conditionOf(kind: ScreenKind, row: RosterRow | null): Condition {
  if (row === null) return 'dark';
  if (row.state === 'live') return (row.errorMs ?? 0) > alertErrorMs || row.differs === true ? 'wrong' : 'good';
  // Players of a link come and go, and each shows its own state.
  if (kind === 'link') return 'good';
  return row.state === 'connected' ? 'unknown' : 'dark';
}
