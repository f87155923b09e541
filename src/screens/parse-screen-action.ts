import type { ActionTarget, ScreenAction } from './screen-actions.ts';
import { groupRule, nameRule, parseGroup, parseScreenName } from './names.ts';

const maxFaceBytes = 1_024;

/** An action that is not valid. The message is one sentence for a person. */
export class InvalidAction extends Error {
  override readonly name = 'InvalidAction';
}

/** The action of that name. Throws `InvalidAction` for an unknown name or a wrong value. */
export function parseAction(name: unknown, value: unknown): ScreenAction {
  switch (name) {
    case 'identify':
    case 'reload':
    case 'revoke':
      return { name };
    case 'rename':
      return { name, value: parseName(value) };
    case 'group':
      return { name, value: value === null || value === '' ? null : parseGroupName(value) };
    case 'face':
      return { name, value: parseFace(value) };
    default:
      throw new InvalidAction('The action must be identify, rename, group, face, reload or revoke.');
  }
}

/** The target of an action. Throws `InvalidAction` unless exactly one of the two is a text. */
export function parseTarget(id: unknown, group: unknown): ActionTarget {
  if (typeof id === 'string' && group === undefined) return { id };
  if (typeof group === 'string' && id === undefined) return { group };
  throw new InvalidAction('Name one screen by its id, or a group.');
}

function parseName(value: unknown): string {
  const name = typeof value === 'string' ? parseScreenName(value) : null;
  if (name !== null) return name;
  throw new InvalidAction(nameRule);
}

function parseGroupName(value: unknown): string {
  const group = typeof value === 'string' ? parseGroup(value) : null;
  if (group !== null) return group;
  throw new InvalidAction(groupRule);
}

function parseFace(value: unknown): string {
  const query = typeof value === 'string' ? value.replace(/^\?/, '') : null;
  const isText = query?.isWellFormed() === true && !/[\p{Cc}\p{Zl}\p{Zp}#]/u.test(query);
  if (query !== null && isText && Buffer.byteLength(query) <= maxFaceBytes) return query;
  throw new InvalidAction(
    `A face is a query such as face=analog&seconds=off, of at most ${maxFaceBytes} bytes, without the # and what follows.`,
  );
}
