import type { Command } from 'commander';
import { InvalidContent } from '../channels/content.ts';
import { maxShowMs, minShowMs, parseLabel, parseMessage, parseWarnings, timeOfDay } from '../channels/show.ts';
import { Shows } from '../channels/shows.ts';
import { listShows, type ShowListOptions } from '../commands/show-list.ts';
import { ShowCommands, type ShowCommandsOptions, type ShowRequest, type TargetName } from '../commands/show.ts';
import { UserError } from '../lifecycle.ts';
import { auditLogger } from '../logger.ts';
import { durationBetween } from '../option-parsers.ts';
import { parseGroup } from '../screens/names.ts';
import { Screens } from '../screens/screens.ts';
import type { BackendCommands } from './backend-commands.ts';
import { ownValue } from './own-value.ts';

/** The values of the options, as typed. */
interface ShowFlags {
  message?: string;
  countdown?: string;
  until?: string;
  countUp?: boolean;
  label?: string;
  warn?: string;
  for?: string;
  group?: string;
  screen?: string;
  clear?: boolean;
  extend?: string;
  list?: boolean;
  json?: boolean;
}

const parseDuration = durationBetween(minShowMs, maxShowMs, '90s, 25m or 2h');

/** Adds `clock show`. */
export function addShow(program: Command, commands: BackendCommands): void {
  const command = commands
    .add(
      program,
      'show',
      'show a message or a countdown on every screen, on those of a group, or on one',
      ['--message <text>', 'a message'],
      ['--countdown <duration>', 'a countdown, such as 25m; it counts over after zero'],
      ['--until <time>', 'a countdown to the next 15:00 or 15:00:30 in the zone of the clock'],
      ['--count-up', 'count up from now'],
      ['--label <text>', 'the text beside the countdown'],
      ['--warn <durations>', 'the remaining times at which the countdown warns, such as 5m,1m'],
      ['--for <duration>', 'end it after this time (default: the next change)'],
      ['--group <group>', 'only the screens of this group'],
      ['--screen <name-or-id>', 'only this screen or link'],
      ['--extend <duration>', 'add this time to the countdown that is shown'],
      ['--clear', 'show nothing but the time again'],
      ['--list', 'list what is shown now'],
      ['--json', 'with --list: print JSON'],
    )
    .action(async () => {
      const given = command.opts<ShowFlags>();
      const work = workOf(given);
      await commands.run(command, ({ backend }) => {
        const { records, time } = backend;
        return work({ backend, time, shows: new Shows(backend), screens: new Screens({ records, time }) });
      });
    });
}

type Services = Omit<ShowCommandsOptions & ShowListOptions, 'log'>;

/** What the command does. */
function workOf(given: ShowFlags): (services: Services) => Promise<void> {
  const request = requestOf(given);
  if (request === 'list') return (services) => listShows(services, given.json ?? false);
  const target = targetOf(given);
  return (services) => new ShowCommands({ ...services, log: auditLogger() }).run(request, target);
}

function targetOf({ group, screen }: ShowFlags): TargetName {
  if (group !== undefined && screen !== undefined) throw new UserError('--screen: not possible together with --group');
  if (screen !== undefined) return { screen };
  if (group === undefined) return 'everybody';
  if (parseGroup(group) !== null) return { group };
  throw new UserError(
    `--group: ${JSON.stringify(group)} must be 1 to 32 lower-case letters, digits, hyphens or underscores`,
  );
}

function requestOf(given: ShowFlags): ShowRequest | 'list' {
  const { message, clear = false, list = false, extend } = given;
  const counts = [given.countdown, given.until, given.countUp].filter((count) => count !== undefined);
  const isContent = message !== undefined || counts.length > 0;
  if (Number(isContent) + Number(clear) + Number(list) + Number(extend !== undefined) !== 1) {
    const content = 'what to show (--message, --countdown, --until or --count-up)';
    throw new UserError(`give ${content}, or --extend, or --clear, or --list`);
  }
  if (counts.length > 1) throw new UserError('--countdown, --until, --count-up: give only one of them');
  if (!isContent) refuse(given, 'for', 'label', 'warn');
  if (counts.length === 0) refuse(given, 'label');
  if (given.countdown === undefined && given.until === undefined) refuse(given, 'warn');
  refuse(given, ...(list ? (['group', 'screen'] as const) : (['json'] as const)));
  if (list) return 'list';
  if (clear) return { clear };
  if (extend !== undefined) return { extendMs: durationOf(extend, '--extend') };
  return {
    message: message === undefined ? undefined : contentOf(message, '--message', parseMessage),
    countdown: countdownOf(given),
    lifetimeMs: given.for === undefined ? undefined : durationOf(given.for, '--for'),
  };
}

function countdownOf({ countdown, until, countUp, label, warn }: ShowFlags): object | undefined {
  const details = {
    label: label === undefined ? undefined : contentOf(label, '--label', parseLabel),
    warnAt: warn === undefined ? undefined : contentOf(warn, '--warn', warningsOf),
  };
  if (countdown !== undefined) return { remainingMs: durationOf(countdown, '--countdown'), ...details };
  if (until !== undefined) return { untilTime: contentOf(until, '--until', timeOfDay), ...details };
  return countUp === true ? { elapsedMs: 0, ...details } : undefined;
}

function refuse(given: ShowFlags, ...names: ('for' | 'label' | 'warn' | 'group' | 'screen' | 'json')[]): void {
  const name = names.find((one) => given[one] !== undefined);
  if (name !== undefined) throw new UserError(`--${name}: not possible with these options; see clock show --help`);
}

function warningsOf(text: string): number[] {
  return parseWarnings(text.split(',').map((duration) => durationOf(duration.trim(), '--warn')));
}

function contentOf<T>(text: string, option: string, parse: (text: string) => T): T {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof InvalidContent)) throw error;
    throw new UserError(`${option}: ${JSON.stringify(text)}: ${error.message}`);
  }
}

function durationOf(text: string, option: string): number {
  return ownValue(option, text, parseDuration);
}
