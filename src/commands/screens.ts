import { UserError } from '../lifecycle.ts';
import type { Logger } from '../logger.ts';
import { linkKey } from '../screens/link-key.ts';
import { withoutKeys } from '../screens/names.ts';
import { parsePairingCode } from '../screens/pairing-code.ts';
import type { Pairing } from '../screens/pairing.ts';
import type { RosterView } from '../screens/roster-view.ts';
import type { ActionResult, ActionTarget, ScreenAction, ScreenActions } from '../screens/screen-actions.ts';
import type { Screens } from '../screens/screens.ts';
import { printList } from './print.ts';

/** The name of the operator in the log of actions. */
const host = 'host';

export interface ScreenCommandsOptions {
  screens: Screens;
  pairing: Pairing;
  actions: ScreenActions;
  rosterView: RosterView;
  /** The secrets that sign the keys of links. */
  secrets: () => readonly [string, ...string[]];
  log: Logger;
}

/** `clock pair` and the commands of `clock screens`. They throw a `UserError` if they cannot do what was asked. */
export class ScreenCommands {
  readonly #options: ScreenCommandsOptions;

  constructor(options: ScreenCommandsOptions) {
    this.#options = options;
  }

  async pair(text: string, name: string, group: string | null): Promise<void> {
    const { pairing, log } = this.#options;
    const code = parsePairingCode(text);
    if (code === null) {
      throw new UserError(
        `CODE: ${JSON.stringify(withoutKeys(text))} must be the code on the screen, such as BCDF-2345`,
      );
    }
    const result = await pairing.approve(code, { name, group, by: host });
    if (result === 'name-taken') throw nameTaken(name);
    if (result === 'unknown') throw new UserError(`no screen shows the code ${text}`, 1);
    if (result === 'expired') throw new UserError(`the code ${text} has expired; the screen shows a new one`, 1);
    if (result.state === 'approved') {
      throw new UserError(`this screen is already paired as ${result.name}, approved by ${result.by}`, 1);
    }
    log.info({ audit: 'pair', by: host, screen: result.screenId, name, group }, 'an operator acted');
  }

  /** Makes a link for each name that is free, and prints its two addresses. */
  async link(names: readonly string[], group: string | null, lifetimeMs: number, origin: string): Promise<void> {
    const { screens, secrets, log } = this.#options;
    // Before any link is made: without a secret none can be.
    const present = secrets();
    const [made, taken]: [string[], string[]] = [[], []];
    for (const name of names) {
      const id = await screens.addLink({ name, group, face: '' }, lifetimeMs);
      (id === null ? taken : made).push(name);
      if (id === null) continue;
      const key = linkKey(id, present);
      process.stdout.write(`${origin}/screen#${key}\n${origin}/embed#${key}\n`);
      log.info({ audit: 'link', by: host, screen: id, name, group }, 'an operator acted');
    }
    if (taken.length > 0) throw linksNotMade(taken, made);
  }

  async list(asJson: boolean): Promise<void> {
    const { entries } = await this.#options.rosterView.changesSince(null);
    const rows = entries.map(({ key: _key, ...row }) => row);
    if (asJson) return printList(rows, true);
    printList(
      rows.map(({ name, group, kind, state, problem, address, build, lastSeen, connections }) => ({
        name,
        group,
        kind,
        state,
        problem,
        address,
        build,
        lastSeen,
        connections,
      })),
      false,
    );
  }

  async act(action: ScreenAction, target: ActionTarget): Promise<void> {
    const problem = problemOf(await this.#options.actions.run(action, target, host), action, target);
    if (problem !== null) throw problem;
  }
}

function problemOf(result: ActionResult, action: ScreenAction, target: ActionTarget): UserError | null {
  switch (result) {
    case 'unknown':
      return new UserError(
        'id' in target
          ? `there is no screen or link ${withoutKeys(target.id)}`
          : `no screen is in the group ${target.group}`,
        1,
      );
    case 'name-taken':
      return nameTaken('value' in action ? String(action.value) : '');
    case 'not-possible':
      return new UserError('an account or a token can only be signed out: use revoke', 1);
    case 'done':
      return null;
  }
}

function linksNotMade(taken: readonly string[], made: readonly string[]): UserError {
  const [first = ''] = taken;
  if (taken.length === 1 && made.length === 0) return nameTaken(first);
  const others = made.length === 0 ? 'none' : made.join(', ');
  const reason = 'another screen or link has this name, or has it as its id';
  return new UserError(`no link was made for ${taken.join(', ')}: ${reason}; links were made for: ${others}`, 1);
}

function nameTaken(name: string): UserError {
  return new UserError(`another screen or link is named ${name}, or has it as its id`, 1);
}
