import type { RosterEntry } from '../operator-api.ts';
import { problemOf, type RosterRow } from './roster-row.ts';
import { isScreenKind, type StoredScreen } from './screens.ts';

/** The data from which an entry is computed. */
export interface EntrySource {
  key: string;
  /** Null if there is no open socket. */
  row: RosterRow | null;
  /** Null for accounts and tokens. */
  screen: StoredScreen | null;
  connections: number;
  problem: RosterEntry['problem'];
}

/** The sources of all entries, by key. `onMissing` is called with each screen or link whose record is missing. */
export function entrySources(
  roster: ReadonlyMap<string, ReadonlyMap<string, RosterRow>>,
  screens: ReadonlyMap<string, StoredScreen>,
  now: number,
  onMissing: (id: string) => void,
): Map<string, EntrySource> {
  const sources = new Map<string, EntrySource>();
  const connected = new Set<string>();
  for (const [owner, rows] of roster) {
    for (const [rowKey, row] of rows) {
      const isScreen = isScreenKind(row.kind);
      const screen = isScreen ? (screens.get(row.id) ?? null) : null;
      if (isScreen && screen === null) {
        // The record was created or removed a moment ago.
        onMissing(row.id);
        continue;
      }
      connected.add(row.id);
      const key = row.kind === 'screen' ? row.id : `${owner.slice(0, 8)}-${rowKey}`;
      const other = sources.get(key);
      const newest = other?.row != null && other.row.since > row.since ? other.row : row;
      const connections = row.connections + (other?.connections ?? 0);
      sources.set(key, { key, row: newest, screen, connections, problem: problemOf(newest, now) });
    }
  }
  for (const [id, screen] of screens) {
    if (!connected.has(id)) sources.set(id, { key: id, row: null, screen, connections: 0, problem: 'away' });
  }
  return sources;
}

export function isSameSource(a: EntrySource, b: EntrySource): boolean {
  return a.row === b.row && a.screen === b.screen && a.connections === b.connections && a.problem === b.problem;
}

/** `now`: ISO time, formatted once for thousands of entries. */
export function entryOf({ key, row, screen, connections, problem }: EntrySource, now: string): RosterEntry {
  const { value } = screen ?? {};
  return {
    key,
    id: screen?.id ?? row?.id ?? key,
    kind: screen?.kind ?? row?.kind ?? 'session',
    name: value?.name ?? (row?.kind === 'token' ? row.recordId : row?.account) ?? '',
    group: value?.group ?? null,
    account: row?.account ?? null,
    approvedBy: screen?.kind === 'screen' ? screen.value.approvedBy : null,
    address: row?.address ?? null,
    build: row?.build ?? null,
    state: row?.state ?? 'away',
    problem,
    offsetMs: row?.offsetMs ?? null,
    errorMs: row?.errorMs ?? null,
    face: value?.face ?? '',
    lastSeen: lastSeen(row, screen, now),
    expires: isoTime(value?.expiresAt ?? null),
    connections,
  };
}

function lastSeen(row: RosterRow | null, screen: StoredScreen | null, now: string): string | null {
  if (row !== null) return row.state === 'silent' ? isoTime(row.seenAt) : now;
  if (screen === null) return null;
  const { value } = screen;
  return isoTime(value.lastSeenAt ?? ('renewedAt' in value && value.wasUsed ? value.renewedAt : null));
}

function isoTime(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}
