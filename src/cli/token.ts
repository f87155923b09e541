import type { Command } from 'commander';
import { scopeProblem } from '../channels/channel-names.ts';
import { TokenCommands } from '../commands/token.ts';
import { BadValue, durationBetween } from '../option-parsers.ts';
import { UserError } from '../lifecycle.ts';
import type { BackendCommands } from './backend-commands.ts';
import { ownValue } from './own-value.ts';

/** Adds `clock token`. */
export function addToken(program: Command, commands: BackendCommands): void {
  const token = program
    .command('token')
    .description('manage bearer tokens for programs that read the clock or publish')
    .helpCommand(false);
  const run = (command: Command, work: (tokens: TokenCommands) => Promise<void>): Promise<void> =>
    commands.run(command, ({ accounts, tokens }) => work(new TokenCommands(accounts, tokens)));

  const issue = commands
    .add(
      token,
      'issue <account>',
      'issue a token and print it; it cannot be shown again',
      ['--name <label>', 'its name in lists, unique among the live tokens (default: its id)'],
      ['--expires <duration>', 'its lifetime, at most 365d', '90d'],
      ['--publish <channels>', 'the channels that it may publish on, separated by commas (default: none)'],
    )
    .action(async (account: string) => {
      const { name, expires, publish } = issue.opts<{ name?: string; expires: string; publish?: string }>();
      const lifetimeMs = ownValue('--expires', expires, parseLifetime);
      checkLabel(name);
      const publishes = parseScopes(publish);
      await run(issue, (tokens) => tokens.issue(account, lifetimeMs, name, publishes));
    });
  const list = commands
    .add(token, 'list', 'list the live tokens', ['--json', 'print JSON'])
    .action(() => run(list, (tokens) => tokens.list(list.opts())));
  const revoke = commands
    .add(token, 'revoke <id-or-label>', 'revoke a token and close its sockets')
    .action((idOrLabel: string) => run(revoke, (tokens) => tokens.revoke(idOrLabel)));
}

function parseLifetime(text: string): number {
  if (!/^\d+[smhd]$/.test(text)) throw new BadValue('a number with s, m, h or d, at most 365d');
  return durationBetween(1_000, 365 * 86_400_000, '90d')(text);
}

function parseScopes(text: string | undefined): string[] {
  const names = text?.split(',').map((name) => name.trim()) ?? [];
  for (const name of names) {
    const problem = scopeProblem(name);
    if (problem !== null) throw new UserError(`--publish: ${JSON.stringify(name)} ${problem}`);
  }
  return [...new Set(names)];
}

function checkLabel(label: string | undefined): void {
  if (label === undefined) return;
  if (!/^[^\p{C}]{1,64}$/u.test(label) || label.trim() === '') {
    throw new UserError(
      `--name: ${JSON.stringify(label)} must be 1 to 64 characters, not all blank, and none of them a control character`,
    );
  }
}
