/** A row of `GET /api/screens`: a screen, a player of a link, or a socket of an account or a token. */
export interface Entry {
  /** Unique in the roster. */
  key: string;
  /** The id that actions take. The players of a link share it. */
  id: string;
  kind: 'screen' | 'link' | 'session' | 'token';
  /** The account of a session, or the label of a token. */
  name: string;
  group: string | null;
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
  /** ISO time. */
  lastSeen: string | null;
  /** ISO time. */
  expires: string | null;
  /** The number of its open sockets. */
  connections: number;
}

/** The response of `GET /api/screens`. */
export interface RosterResponse {
  version: number;
  /** `entries` are all entries; false: those that changed. */
  isComplete: boolean;
  entries: readonly Entry[];
  /** The keys of removed entries. */
  removed: readonly string[];
}

/** The worst first. */
export const problemLabels = {
  away: 'Away',
  silent: 'Silent',
  stale: 'Stale',
  wrong: 'Wrong',
  'old-build': 'Old build',
};

const kindLabels = { screen: 'Screen', link: 'Link', session: 'Account', token: 'Token' };
const stateLabels = {
  live: 'Live',
  stale: 'Stale',
  connecting: 'Connecting',
  connected: 'Connected',
  silent: 'Silent',
  away: 'Away',
};

export function kindLabel({ kind }: Pick<Entry, 'kind'>): string {
  return kindLabels[kind];
}

/** The state in one or two words. A problem replaces it. */
export function stateLabel({ state, problem }: Pick<Entry, 'state' | 'problem'>): string {
  return problem === null ? stateLabels[state] : problemLabels[problem];
}

/** Whether the entry has settings: those of accounts and tokens have none, and the only action is to end the session. */
export function hasSettings({ kind }: Pick<Entry, 'kind'>): boolean {
  return kind === 'screen' || kind === 'link';
}
