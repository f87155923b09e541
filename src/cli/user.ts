import type { Command, OptionValues } from 'commander';
import { UserCommands } from '../commands/user.ts';
import type { OwnOption, BackendCommands } from './backend-commands.ts';

const json: OwnOption = ['--json', 'print JSON'];
const passwordStdin: OwnOption = ['--password-stdin', 'read the password from standard input'];

/** Adds `clock user`. */
export function addUser(program: Command, commands: BackendCommands): void {
  const user = program.command('user').description('manage the accounts').helpCommand(false);
  const add = (
    usage: string,
    description: string,
    run: (users: UserCommands, options: OptionValues, name: string) => Promise<void>,
    ...options: OwnOption[]
  ): void => {
    const command = commands.add(user, usage, description, ...options);
    command.action(() =>
      commands.run(command, ({ accounts }) =>
        run(new UserCommands(accounts), command.opts(), ...(command.args as [string])),
      ),
    );
  };
  add(
    'add <name>',
    'create an account',
    (users, options, name) => users.add(name, options),
    ['--operator', 'make it an operator account'],
    passwordStdin,
  );
  add('list', 'list the accounts', (users, options) => users.list(options), json);
  add(
    'passwd <name>',
    'set a new password and end all sessions and tokens of the account',
    (users, options, name) => users.passwd(name, options),
    passwordStdin,
  );
  add('disable <name>', 'refuse sign-ins and end all sessions and tokens of the account', (users, _, name) =>
    users.disable(name),
  );
  add('enable <name>', 'allow sign-ins again', (users, _, name) => users.enable(name));
  add('remove <name>', 'remove an account and end all its sessions and tokens', (users, _, name) => users.remove(name));
  add(
    'operator <name>',
    'make an account an operator account, or an ordinary one with --off',
    (users, options, name) => users.operator(name, options),
    ['--off', 'make it an ordinary account again'],
  );
  add(
    'sso <name>',
    'switch an account to the shared sign-in, and end its sessions and tokens',
    (users, options, name) => users.sso(name, options),
    ['--off', 'make it a local account again, which needs a password'],
  );
}
