import type { RosterEntry } from '../../operator-api.ts';
import { readAppearance } from '../appearance.ts';

export type ScreenActionName = 'identify' | 'reload' | 'rename' | 'group' | 'face' | 'revoke';

/** What an action is applied to. `count`: the number of screens and links in the group. */
export type Target = { entry: RosterEntry } | { group: string; count: number };

export interface Question {
  title: string;
  text: string;
  /** The label of the button that goes on. */
  confirm: string;
}

/** The body of `POST /api/screens`. */
export function requestOf(action: ScreenActionName, target: Target, value: string): object {
  const addressee = 'entry' in target ? { id: target.entry.id } : { group: target.group };
  return { action, ...addressee, value };
}

export function nameOf(target: Target): string {
  return 'entry' in target ? target.entry.name : `group ${target.group}`;
}

/** What to ask before an action that cannot be undone; null for others. */
export function questionFor(action: ScreenActionName, target: Target, value: string): Question | null {
  if (action === 'revoke') return 'entry' in target ? signOutQuestion(target.entry) : groupSignOutQuestion(target);
  if ('entry' in target || (action !== 'group' && action !== 'face')) return null;
  const members = countOf(target.count);
  return action === 'group'
    ? {
        title: value === '' ? `Dissolve the group ${target.group}?` : `Move the group ${target.group} to ${value}?`,
        text: `This changes ${members}. If they join others, the page cannot separate them again.`,
        confirm: value === '' ? 'Dissolve' : 'Move',
      }
    : {
        title: `Set the face of the group ${target.group}?`,
        text: `This replaces the faces of ${members}, which may differ.`,
        confirm: 'Set face',
      };
}

/** For the status line after the action succeeded: what was done, and what screens will ignore of a face. */
export function doneText(action: ScreenActionName, target: Target, value: string): string {
  const name = nameOf(target);
  switch (action) {
    case 'identify':
      return `Identify: ${name} shows its name now.`;
    case 'reload':
      return `Reload: ${name} loads its page again.`;
    case 'rename':
      return `Renamed: ${name} is now ${value.trim()}.`;
    case 'group':
      return value === '' ? `Removed from its group: ${name}.` : `Moved: ${name} is now in group ${value}.`;
    case 'face':
      if (value === '') return `Default face: ${name}.`;
      return [`Face set: ${name}`, ...readAppearance(value).warnings].map((sentence) => `${sentence}.`).join(' ');
    case 'revoke':
      return `Signed out: ${name}.`;
  }
}

function signOutQuestion({ kind, name }: RosterEntry): Question {
  const title = `Sign out ${name}?`;
  const confirm = 'Sign out';
  switch (kind) {
    case 'screen':
      return {
        title,
        text: 'The screen shows a pairing code. To show the time, it must be paired again.',
        confirm,
      };
    case 'link':
      return { title, text: 'The link ends for all its players. They need a new link.', confirm };
    case 'token':
      return { title, text: 'The token ends. Its program needs a new one.', confirm };
    case 'session':
      return { title, text: 'This session of the account ends in its browser. The person can sign in again.', confirm };
  }
}

function groupSignOutQuestion({ group, count }: { group: string; count: number }): Question {
  const text = `This ends ${countOf(count)}. Each screen must be paired again, and each link replaced.`;
  return { title: `Sign out the whole group ${group}?`, text, confirm: 'Sign out all' };
}

function countOf(count: number): string {
  return count === 1 ? '1 screen or link' : `${count} screens and links`;
}
