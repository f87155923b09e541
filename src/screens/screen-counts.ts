import { ignoreUnavailable } from '../backend/backend.ts';
import type { Roster } from './roster.ts';
import type { RosterView } from './roster-view.ts';

/** A number of sockets, or of screens that are away. */
export interface ScreenCount {
  /** Empty for sockets without a group. */
  group: string;
  state: string;
  count: number;
}

/**
 * This process's sockets, and the screens and links that have no socket in any process, by group and state. During an
 * outage the groups are unknown, so there is nothing to count.
 */
export async function countScreens(
  roster: Pick<Roster, 'sockets'>,
  view: Pick<RosterView, 'screens'>,
): Promise<ScreenCount[]> {
  const found = await view.screens().catch(ignoreUnavailable);
  if (found === undefined) return [];
  const { records, connected } = found;
  const counts = new Map<string, ScreenCount>();
  const add = (group: string, state: string): void => {
    const key = `${group} ${state}`;
    const counted = counts.get(key) ?? { group, state, count: 0 };
    counted.count += 1;
    counts.set(key, counted);
  };
  for (const { id, state } of roster.sockets()) add(records.get(id)?.value.group ?? '', state);
  for (const [id, { value }] of records) if (!connected.has(id)) add(value.group ?? '', 'away');
  return [...counts.values()];
}
