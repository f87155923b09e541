import type { CredentialKind } from '../auth/jwt.ts';

/**
 * `live`, `stale`, `connecting`: as the page reported. `connected`: it has not reported a status. `silent`: it sent
 * nothing for 45 s.
 */
export type SocketState = 'live' | 'stale' | 'connecting' | 'connected' | 'silent';

/** What a web process reports about a socket, or about the sockets of a paired screen. Instants are epoch ms. */
export interface RosterRow {
  kind: CredentialKind;
  /** The id of the screen or the link; the `jti` of a session or a token. */
  id: string;
  /** The id of the account; missing for screens and links. */
  account?: string;
  /** The id of the record of a session or a token; missing for screens and links. */
  recordId?: string;
  address: string;
  state: SocketState;
  /** Null before any status. */
  build: string | null;
  /** `build` is not that of the web process. */
  isOldBuild?: true;
  offsetMs: number | null;
  errorMs: number | null;
  differs?: true;
  /** When the newest socket was opened. */
  since: number;
  /** When it last sent a message, as of the last change of the row. */
  seenAt: number;
  /** The number of sockets in this process. */
  connections: number;
}

export type RowProblem = 'silent' | 'stale' | 'wrong' | 'old-build';

/** Above this error bound a live screen is wrong, ms: the difference to another screen beside it would be visible. */
const maxErrorMs = 100;
/**
 * Above this error bound a screen is reported to the webhook, ms. A message interrupts a person, so it takes more than a
 * row on `/screens`.
 */
export const alertErrorMs = 250;
/** A page that is older than the server loads the new one by itself within this time. */
const oldBuildAllowedForMs = 600_000;

/** The problem that needs an operator's attention; null if there is none. */
export function problemOf(row: RosterRow, now: number): RowProblem | null {
  if (row.state === 'silent' || row.state === 'stale') return row.state;
  if (isWrong(row)) return 'wrong';
  return row.isOldBuild && now - row.since > oldBuildAllowedForMs ? 'old-build' : null;
}

interface Claim {
  state: SocketState;
  errorMs: number | null;
  differs?: boolean;
}

/** Whether a page claims to show the time although its error is unknown or too large. */
export function isWrong({ state, errorMs, differs }: Claim): boolean {
  return state === 'live' && (errorMs === null || errorMs > maxErrorMs || differs === true);
}

/** Whether a number differs enough to report it again: by a tenth and 1 ms, or across the limit of `wrong` or of alerts. */
export function isMaterialChange(before: number | null, after: number | null): boolean {
  if (before === null || after === null) return before !== after;
  if ([maxErrorMs, alertErrorMs].some((limit) => before > limit !== after > limit)) return true;
  return Math.abs(after - before) > Math.max(1, Math.abs(before) / 10);
}
