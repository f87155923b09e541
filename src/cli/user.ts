import type { Command, OptionValues } from 'commander';
import { UserCommands } from '../commands/user.ts';
import type { OwnOption, StoreCommands } from './store.ts';

const json: OwnOption = ['--json', 'print JSON'];
const passwordStdin: OwnOption = ['--password-stdin', 'read the password from standard input'];

/** Adds `clock user`. */
export function addUser(program: Command, stores: StoreCommands): void {
  const user = program.command('user').description('manage the accounts').helpCommand(false);
  const add = (
    usage: string,
    description: string,
    run: (users: UserCommands, options: OptionValues, name: string) => Promise<void>,
    ...options: OwnOption[]
  ): void => {
    const command = stores.add(user, usage, description, ...options);
    command.action(() =>
      stores.run(command, ({ accounts }) =>
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
    'set a new password; ends all sessions and tokens of the account',
    (users, options, name) => users.passwd(name, options),
    passwordStdin,
  );
  add('disable <name>', 'refuse sign-ins; ends all sessions and tokens of the account', (users, _, name) =>
    users.disable(name),
  );
  add('enable <name>', 'allow sign-ins again', (users, _, name) => users.enable(name));
  add('remove <name>', 'remove an account; ends all its sessions and tokens', (users, _, name) => users.remove(name));
  add(
    'operator <name>',
    'make an account an operator account',
    (users, options, name) => users.operator(name, options),
    ['--off', 'make it a plain account'],
  );
}
