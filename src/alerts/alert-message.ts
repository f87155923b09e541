import type { Change } from './watched-screens.ts';

const maxNames = 100;
const maxNamesInText = 5;

type NamedScreen = Omit<Change, 'kind'>;

/** The body of a request to the webhook. Instants are epoch ms of house time. */
export interface AlertBody {
  /** The same in each attempt to send this message. */
  id: string;
  at: number;
  /** The message for people, in one line. */
  text: string;
  dark: NamedScreen[];
  wrong: NamedScreen[];
  back: NamedScreen[];
  /** The number of screens that are not named, because the message names 100 at most. */
  more: number;
}

export function alertBody(id: string, at: number, changes: readonly Change[]): AlertBody {
  const named = changes.slice(0, maxNames);
  const of = (kind: Change['kind']): NamedScreen[] =>
    named.filter((change) => change.kind === kind).map(({ id, name, group, since }) => ({ id, name, group, since }));
  return {
    id,
    at,
    text: textOf(changes),
    dark: of('dark'),
    wrong: of('wrong'),
    back: of('back'),
    more: changes.length - named.length,
  };
}

const phrases = [
  ['dark', 'dark'],
  ['wrong', 'live but may be wrong'],
  ['back', 'back'],
] as const;

/** Such as `2 screens are dark: Hall, Lobby. 1 screen is back: Gate.` */
function textOf(changes: readonly Change[]): string {
  const sentences = phrases.flatMap(([kind, words]) => {
    const names = changes.filter((change) => change.kind === kind).map(({ name }) => name);
    if (names.length === 0) return [];
    const shown = names.slice(0, maxNamesInText).join(', ');
    const others = names.length > maxNamesInText ? ` and ${names.length - maxNamesInText} more` : '';
    return [`${names.length} ${names.length === 1 ? 'screen is' : 'screens are'} ${words}: ${shown}${others}.`];
  });
  return sentences.join(' ');
}
