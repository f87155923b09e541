import type { Sessions } from '../auth/sessions.ts';
import type { Backend } from '../backend/backend.ts';
import type { Logger } from '../logger.ts';
import { slotOf } from '../channels/shows.ts';
import type { Command } from '../protocol.ts';
import type { RosterRow } from './roster-row.ts';
import type { AddressedCommand, ScreenMessage } from './screen-message.ts';
import { isScreenKind, type Screens, type ScreenSettings, type StoredScreen } from './screens.ts';

/** What an operator does to a screen or to a group. The values are valid: see `parse-screen-action.ts`. */
export type ScreenAction =
  | { name: 'identify' }
  | { name: 'reload' }
  | { name: 'revoke' }
  | { name: 'rename'; value: string }
  /** Null for no group. */
  | { name: 'group'; value: string | null }
  | { name: 'face'; value: string };

/** `id`: of a screen or a link, or its name; or the `jti` of an open session or token. */
export type ActionTarget = { id: string } | { group: string };

/** `not-possible`: the action does not exist for this target. */
export type ActionResult = 'done' | 'unknown' | 'name-taken' | 'not-possible';

/**
 * How many screens of a group change at the same time, with one message for all of them. Each change waits for several
 * answers of the backend, so one after the other a large group takes minutes. All at once, they would delay the ticks.
 */
const maxScreensPerStep = 50;

export interface ScreenActionsOptions {
  backend: Pick<Backend, 'records' | 'publications' | 'readRoster'>;
  screens: Pick<Screens, 'find' | 'list' | 'rename' | 'set' | 'remove'>;
  sessions: Pick<Sessions, 'end'>;
  log: Logger;
}

/** Carries out the actions of operators: changes the records, and sends commands to the sockets of all processes. */
export class ScreenActions {
  readonly #options: ScreenActionsOptions;

  constructor(options: ScreenActionsOptions) {
    this.#options = options;
  }

  /** `by`: the operator's account, or `host` for a command on the host. */
  async run(action: ScreenAction, target: ActionTarget, by: string): Promise<ActionResult> {
    if ('group' in target) return this.#runForGroup(action, target.group, by);
    const screen = await this.#options.screens.find(target.id);
    if (screen === null) return this.#runForSession(action, target.id, by);
    if (action.name !== 'rename') {
      await this.#runFor(action, [screen], by, false);
      return 'done';
    }
    const result = await this.#options.screens.rename(screen, action.value);
    if (result !== 'renamed') return result === 'missing' ? 'unknown' : result;
    await this.#publish([screen.id], [commandFor(action, screen, { ...screen.value, name: action.value })]);
    this.#audit(action, by, { screen: screen.id });
    return 'done';
  }

  async #runForGroup(action: ScreenAction, group: string, by: string): Promise<ActionResult> {
    if (action.name === 'rename') return 'not-possible';
    const members = (await this.#options.screens.list()).filter(({ value }) => value.group === group);
    if (members.length === 0) return 'unknown';
    await this.#runFor(action, members, by, true);
    return 'done';
  }

  async #runFor(
    action: Exclude<ScreenAction, { name: 'rename' }>,
    screens: readonly StoredScreen[],
    by: string,
    isGroup: boolean,
  ): Promise<void> {
    const isSpread = isGroup && action.name === 'reload';
    const isSetting = action.name === 'group' || action.name === 'face';
    for (let start = 0; start < screens.length; start += maxScreensPerStep) {
      const some = screens.slice(start, start + maxScreensPerStep);
      const results = await Promise.allSettled(
        some.map(async (screen) => {
          const command = await this.#apply(action, screen);
          if (command !== 'missing') this.#audit(action, by, { screen: screen.id });
          return { id: screen.id, command };
        }),
      );
      const done = results.flatMap((result) => {
        if (result.status === 'rejected') return [];
        const { id, command } = result.value;
        return command === 'missing' ? [] : { id, command };
      });
      await this.#publish(
        isSetting ? done.map(({ id }) => id) : [],
        done.flatMap(({ command }) => (command === null ? [] : isSpread ? { ...command, isSpread } : command)),
      );
      // The screens that were changed have got their commands.
      const failed = results.find((result) => result.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
    }
  }

  /** Changes the record. Returns the command for the screen's sockets, which is null if they were closed instead. */
  async #apply(
    action: Exclude<ScreenAction, { name: 'rename' }>,
    screen: StoredScreen,
  ): Promise<AddressedCommand | null | 'missing'> {
    const { backend, screens } = this.#options;
    if (action.name === 'revoke') {
      await screens.remove(screen);
      await backend.publications.forget([slotOf({ screen: screen.id })]);
      return null;
    }
    if (action.name === 'identify' || action.name === 'reload') return commandFor(action, screen, screen.value);
    const changes = action.name === 'group' ? { group: action.value } : { face: action.value };
    const previous = await screens.set(screen, changes);
    return previous === null ? 'missing' : commandFor(action, screen, { ...previous, ...changes });
  }

  /** Ends the session or token of an open socket. */
  async #runForSession(action: ScreenAction, jti: string, by: string): Promise<ActionResult> {
    const roster = (await this.#options.backend.readRoster()) as ReadonlyMap<string, ReadonlyMap<string, RosterRow>>;
    for (const rows of roster.values()) {
      for (const { id, kind, recordId, account } of rows.values()) {
        if (id !== jti || recordId === undefined || isScreenKind(kind)) continue;
        if (action.name !== 'revoke') return 'not-possible';
        await this.#options.sessions.end(kind, [{ recordId, jti }]);
        this.#audit(action, by, { [kind]: jti, account });
        return 'done';
      }
    }
    return 'unknown';
  }

  async #publish(screens: readonly string[], commands: readonly AddressedCommand[]): Promise<void> {
    if (screens.length + commands.length === 0) return;
    const message: ScreenMessage = { screens, commands };
    await this.#options.backend.records.publish(JSON.stringify(message));
  }

  #audit(action: ScreenAction, by: string, target: object): void {
    const value = 'value' in action ? { [action.name === 'rename' ? 'name' : action.name]: action.value } : {};
    this.#options.log.info({ audit: action.name, by, ...target, ...value }, 'an operator acted');
  }
}

/** The command for the screen's sockets after an action. `settings`: those of the screen after it. */
function commandFor(
  { name }: ScreenAction,
  { value: { jti } }: StoredScreen,
  settings: ScreenSettings,
): AddressedCommand {
  return { to: [jti], command: commandOf(name, settings) };
}

function commandOf(name: ScreenAction['name'], settings: ScreenSettings): Command {
  switch (name) {
    case 'identify':
      return { name: 'identify', text: settings.name };
    case 'face':
      return { name: 'face', query: settings.face };
    case 'rename':
    case 'group':
      return { name: 'rename', screen: settings.name, group: settings.group };
    default:
      return { name: 'reload' };
  }
}
