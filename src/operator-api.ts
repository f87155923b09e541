import type { Show } from './protocol.ts';

// The responses that the server gives to the page `/screens`.

/** A row of the roster as operators see it: a screen, a player of a link, or a socket of an account or a token. */
export interface RosterEntry {
  /** Unique in the roster. */
  key: string;
  /** The id that actions take. The players of a link share it. */
  id: string;
  kind: 'screen' | 'link' | 'session' | 'token';
  /** The account of a session, or the label of a token. */
  name: string;
  group: string | null;
  /** The id of the account; null for screens and links. */
  account: string | null;
  approvedBy: string | null;
  address: string | null;
  build: string | null;
  state: 'live' | 'stale' | 'connecting' | 'connected' | 'silent' | 'away';
  problem: 'away' | 'silent' | 'stale' | 'wrong' | 'old-build' | null;
  offsetMs: number | null;
  errorMs: number | null;
  /** The query of its face; empty for the default one. */
  face: string;
  /** ISO time of its last message, at most 45 s ago if it is neither silent nor away; null if unknown. */
  lastSeen: string | null;
  /** ISO time of the end of its record if it is not used; null for accounts and tokens. */
  expires: string | null;
  /** The number of its open sockets in all processes. */
  connections: number;
}

/** The response of `GET /api/screens`. */
export interface RosterUpdate {
  /** House time, whole ms. A client passes it to any web process to get the changes since then. */
  version: number;
  /** `entries` are all entries; false: those that changed. */
  isComplete: boolean;
  entries: readonly RosterEntry[];
  /** The keys of removed entries. */
  removed: readonly string[];
}

/** What is shown for a target. Of `group` and `screen` at most one is not null. Instants are epoch ms of house time. */
export interface Shown {
  group: string | null;
  /** The id of a screen or link. */
  screen: string | null;
  show: Show;
  endsAt: number | null;
}

/** The response of `GET /api/show`. */
export interface ShowsResponse {
  /** House time, epoch ms. */
  now: number;
  /** Null before the first message. */
  zone: string | null;
  shows: readonly Shown[];
}

/** An account. Instants are ISO times. */
export interface AccountRow {
  id: string;
  name: string;
  operator: boolean;
  disabled: boolean;
  /** Whether the person signs in through another application. */
  sso: boolean;
  created: string;
}

/** A live token. Instants are ISO times. */
export interface TokenRow {
  id: string;
  label: string;
  account: string;
  created: string;
  expires: string;
}

/** The response of `GET /api/accounts`. */
export interface AccountsResponse {
  accounts: readonly AccountRow[];
  tokens: readonly TokenRow[];
}
