import type { Command } from 'commander';
import { channelNameProblem } from '../channels/channel-names.ts';
import { publish, readContent } from '../commands/publish.ts';
import { UserError } from '../lifecycle.ts';
import type { BackendCommands } from './backend-commands.ts';

/** Adds `clock publish`. */
export function addPublish(program: Command, commands: BackendCommands): void {
  const command = commands
    .add(program, 'publish <channel> <text>', 'publish a text on a channel; - reads it from standard input', [
      '--json',
      'the text is a JSON value',
    ])
    .action(async (channel: string, text: string) => {
      const problem = channelNameProblem(channel);
      if (problem !== null) throw new UserError(`CHANNEL: ${JSON.stringify(channel)} ${problem}`);
      const content = await readContent(text, command.opts<{ json?: boolean }>().json ?? false);
      await commands.run(command, ({ backend }) => publish(backend, channel, content));
    });
}
