import type { Command } from 'commander';
import { channelNameProblem } from '../channels/channel-names.ts';
import { Channels, readerGroups, type Readers } from '../channels/channels.ts';
import { ChannelCommands } from '../commands/channels.ts';
import { UserError } from '../lifecycle.ts';
import type { BackendCommands } from './backend-commands.ts';

/** Adds `clock channels`. */
export function addChannels(program: Command, commands: BackendCommands): void {
  const channels = program
    .command('channels')
    .description('manage the channels that programs publish on')
    .helpCommand(false);
  const run = (command: Command, work: (channels: ChannelCommands) => Promise<void>): Promise<void> =>
    commands.run(command, ({ backend }) => work(new ChannelCommands(new Channels(backend))));

  const add = commands
    .add(channels, 'add <name>', 'add a channel', [
      '--readers <readers>',
      'who may read it: everyone who is signed in, or operators',
      'everyone',
    ])
    .action(async (name: string) => {
      checkName(name);
      const readers = readersOf(add.opts<{ readers: string }>().readers);
      await run(add, (channelCommands) => channelCommands.add(name, readers));
    });
  const list = commands
    .add(channels, 'list', 'list the channels', ['--json', 'print JSON'])
    .action(() => run(list, (channelCommands) => channelCommands.list(list.opts<{ json?: boolean }>().json ?? false)));
  const remove = commands
    .add(channels, 'remove <name>', 'remove a channel; its sockets stay open and receive nothing more of it')
    .action(async (name: string) => {
      checkName(name);
      await run(remove, (channelCommands) => channelCommands.remove(name));
    });
}

function checkName(name: string): void {
  const problem = channelNameProblem(name);
  if (problem !== null) throw new UserError(`NAME: ${JSON.stringify(name)} ${problem}`);
}

function readersOf(text: string): Readers {
  const readers = readerGroups.find((group) => group === text);
  if (readers === undefined) {
    throw new UserError(`--readers: ${JSON.stringify(text)} must be everyone or operators`);
  }
  return readers;
}
