import { fieldsOf, type Shows, type ShowTarget } from '../channels/shows.ts';
import type { Screens } from './screens.ts';

/**
 * A screen or link as a target, by its name or id; null if there is none. The id of one that has ended is a target while
 * something is set for it, so that it can be cleared.
 */
export async function screenTarget(
  nameOrId: string,
  { screens, shows }: { screens: Pick<Screens, 'find'>; shows: Pick<Shows, 'list'> },
): Promise<ShowTarget | null> {
  const found = await screens.find(nameOrId);
  if (found !== null) return { screen: found.id };
  const isSet = (await shows.list()).some(({ target }) => fieldsOf(target).screen === nameOrId);
  return isSet ? { screen: nameOrId } : null;
}
