import type { RosterEntry } from '../../operator-api.ts';
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

export function kindLabel({ kind }: Pick<RosterEntry, 'kind'>): string {
  return kindLabels[kind];
}

/** The state in one or two words. A problem replaces it. */
export function stateLabel({ state, problem }: Pick<RosterEntry, 'state' | 'problem'>): string {
  return problem === null ? stateLabels[state] : problemLabels[problem];
}

/** Whether the entry has settings: those of accounts and tokens have none, and the only action is to end the session. */
export function hasSettings({ kind }: Pick<RosterEntry, 'kind'>): boolean {
  return kind === 'screen' || kind === 'link';
}
