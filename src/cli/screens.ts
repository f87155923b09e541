import type { Command } from 'commander';
import { confirmOnTerminal } from '../commands/prompt.ts';
import { ScreenCommands } from '../commands/screens.ts';
import { readOptions, type Environment } from '../config.ts';
import { durationBetween } from '../option-parsers.ts';
import { UserError } from '../lifecycle.ts';
import { auditLogger } from '../logger.ts';
import { ScreenActions, type ActionTarget, type ScreenAction } from '../screens/screen-actions.ts';
import { Pairing } from '../screens/pairing.ts';
import { RosterView } from '../screens/roster-view.ts';
import { withoutKeys } from '../screens/names.ts';
import { InvalidAction, parseAction } from '../screens/parse-screen-action.ts';
import { Screens } from '../screens/screens.ts';
import { addOptions, flagsOf } from './options.ts';
import type { OwnOption, BackendCommands } from './backend-commands.ts';
import { ownValue } from './own-value.ts';
import { linkTable } from './tables.ts';

const parseLifetime = durationBetween(1_000, 3_650 * 86_400_000, '365d');
const groupOption: OwnOption = ['--group <group>', 'instead of one screen, all screens of this group'];

/** Adds `clock pair`. */
export function addPair(program: Command, backendCommands: BackendCommands): void {
  const pair = backendCommands
    .add(
      program,
      'pair <code>',
      'approve the code that a screen shows at /screen',
      ['--name <name>', 'the name of the screen (required)'],
      ['--group <group>', 'its group'],
    )
    .action(async (code: string) => {
      const { name, group } = pair.opts<{ name?: string; group?: string }>();
      if (name === undefined) throw new UserError('--name: missing; name the screen');
      const [given, givenGroup] = [nameOf(name, '--name'), groupOf(group)];
      await run(backendCommands, pair, (screens) => screens.pair(code, given, givenGroup));
    });
}

/** Adds `clock screens`. */
export function addScreens(program: Command, backendCommands: BackendCommands, environment: Environment): void {
  const screens = program.command('screens').description('list and control screens and links').helpCommand(false);
  addLink(screens, backendCommands, environment);

  const list = backendCommands
    .add(screens, 'list', 'list the screens and links, and every open socket', ['--json', 'print JSON'])
    .action(() =>
      run(backendCommands, list, (commands) => commands.list(list.opts<{ json?: boolean }>().json ?? false)),
    );

  /** An action on one screen or a group, with or without a value. */
  const addAction = (
    usage: string,
    description: string,
    actionOf: (value: string | undefined) => ScreenAction,
  ): void => {
    const command = backendCommands
      .add(screens, usage, description, groupOption)
      .action(async (...given: unknown[]) => {
        const [first, second] = given as [string | undefined, string | undefined];
        const { group } = command.opts<{ group?: string }>();
        const takesQuery = usage.includes('[query]');
        const [id, value] =
          group !== undefined && takesQuery ? [second, first] : [first, takesQuery ? second : undefined];
        const [target, action] = [targetOf(id, group), actionOf(value)];
        await run(backendCommands, command, (commands) => commands.act(action, target));
      });
  };
  addAction('identify [name-or-id]', 'show the name on the screen for a moment', () => ({ name: 'identify' }));
  addAction('reload [name-or-id]', 'reload the page; the pages of a group reload one after another', () => ({
    name: 'reload',
  }));
  addAction('face [name-or-id] [query]', "set the face, such as 'face=analog'; '' for the default", (value) =>
    checked('face', value),
  );

  const rename = backendCommands
    .add(screens, 'rename <name-or-id> <new-name>', 'give a screen or a link another name')
    .action(async (id: string, name: string) => {
      const action = { name: 'rename', value: nameOf(name, 'NEW-NAME') } as const;
      await run(backendCommands, rename, (commands) => commands.act(action, { id }));
    });

  const group = backendCommands
    .add(
      screens,
      'group [name-or-id] [new-group]',
      'put a screen into a group, or rename a group',
      ['--group <group>', 'instead of one screen, all screens of this group'],
      ['--none', 'take it out of its group'],
    )
    .action(async (first: string | undefined, second: string | undefined) => {
      const { group: old, none = false } = group.opts<{ group?: string; none?: boolean }>();
      const [id, value] = old === undefined ? [first, second] : [second, first];
      if ((value === undefined) !== none) throw new UserError('NEW-GROUP: give a group, or --none');
      const action = { name: 'group', value: groupOf(value, 'NEW-GROUP') } as const;
      const target = targetOf(id, old);
      await run(backendCommands, group, (commands) => commands.act(action, target));
    });

  const revoke = backendCommands
    .add(screens, 'revoke [name-or-id]', 'end a screen or a link and close its sockets', groupOption, [
      '--yes',
      'do not ask before all of a group are ended',
    ])
    .action(async (id: string | undefined) => {
      const { group: name, yes = false } = revoke.opts<{ group?: string; yes?: boolean }>();
      const target = targetOf(id, name);
      if (name !== undefined && !yes) await confirmOnTerminal(`End all screens and links of the group ${name}?`);
      await run(backendCommands, revoke, (commands) => commands.act({ name: 'revoke' }, target));
    });
}

function addLink(screens: Command, backendCommands: BackendCommands, environment: Environment): void {
  const link = addOptions(
    backendCommands.add(
      screens,
      'link <name...>',
      'make links for players that cannot be paired, and print two addresses for each',
      ['--group <group>', 'their group'],
      ['--expires <duration>', 'their lifetime, used or not', '365d'],
    ),
    linkTable,
  ).action(async (names: string[]) => {
    const { group, expires } = link.opts<{ group?: string; expires: string }>();
    const { publicUrl } = readOptions(linkTable, flagsOf(link, linkTable), environment);
    if (publicUrl === undefined) {
      throw new UserError(
        '--public-url: missing; set it to the origin of the clock, such as https://clock.example.org',
      );
    }
    const given = names.map((name) => nameOf(name, 'NAME'));
    const [givenGroup, lifetimeMs] = [groupOf(group), ownValue('--expires', expires, parseLifetime)];
    await run(backendCommands, link, (commands) => commands.link(given, givenGroup, lifetimeMs, publicUrl));
  });
}

function run(
  backendCommands: BackendCommands,
  command: Command,
  work: (commands: ScreenCommands) => Promise<void>,
): Promise<void> {
  return backendCommands.run(command, async ({ backend, sessions, secrets }) => {
    const { records, limiter, time } = backend;
    const log = auditLogger();
    const screens = new Screens({ records, time });
    const pairing = new Pairing({ records, limiter, time, screens });
    const actions = new ScreenActions({ backend, screens, sessions, log });
    const rosterView = new RosterView({ backend, screens });
    await work(new ScreenCommands({ screens, pairing, actions, rosterView, secrets, log }));
  });
}

function targetOf(id: string | undefined, group: string | undefined): ActionTarget {
  if (group !== undefined && id !== undefined) throw new UserError('--group: not possible together with one screen');
  if (group !== undefined) return { group };
  if (id === undefined) throw new UserError('give the name or id of a screen, or --group');
  return { id };
}

/** The action with a valid value. Throws a `UserError` that names the value. */
function checked(name: 'rename' | 'group' | 'face', value: string | undefined, label = 'QUERY'): ScreenAction {
  if (value === undefined) throw new UserError(`${label}: missing`);
  try {
    return parseAction(name, value);
  } catch (error) {
    if (!(error instanceof InvalidAction)) throw error;
    throw new UserError(`${label}: ${JSON.stringify(withoutKeys(value))}: ${error.message}`);
  }
}

function nameOf(text: string, label: string): string {
  const action = checked('rename', text, label);
  return 'value' in action ? String(action.value) : text;
}

function groupOf(text: string | undefined, label = '--group'): string | null {
  if (text === undefined) return null;
  if (text === '') throw new UserError(`${label}: "" must be the name of a group`);
  const action = checked('group', text, label);
  return 'value' in action ? action.value : null;
}
