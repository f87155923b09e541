import type { Command, OptionValues } from 'commander';
import { UserCommands } from '../commands/user.ts';
import type { StoreCommands } from './store.ts';

/** Adds `clock user`: the commands for the accounts. */
export function addUser(program: Command, stores: StoreCommands): void {
  const user = program.command('user').description('the accounts');
  const add = (
    usage: string,
    description: string,
    run: (users: UserCommands, options: OptionValues, name: string) => Promise<void>,
  ): Command => {
    const command = stores.add(user, usage, description);
    return command.action(() =>
      stores.run(command, ({ accounts }) =>
        run(new UserCommands(accounts), command.opts(), ...(command.args as [string])),
      ),
    );
  };
  add('add <name>', 'make an account', (users, options, name) => users.add(name, options))
    .option('--operator', 'make it an operator')
    .option('--password-stdin', 'read the password from standard input');
  add('list', 'show the accounts', (users, options) => users.list(options)).option('--json', 'as JSON');
  add('passwd <name>', 'set another password; ends sessions and tokens', (users, options, name) =>
    users.passwd(name, options),
  ).option('--password-stdin', 'read the password from standard input');
  add('disable <name>', 'let nobody in; ends sessions and tokens', (users, _, name) => users.disable(name));
  add('enable <name>', 'let them in again', (users, _, name) => users.enable(name));
  add('remove <name>', 'remove the account; ends sessions and tokens', (users, _, name) => users.remove(name));
  add('operator <name>', 'make an account an operator', (users, options, name) => users.operator(name, options)).option(
    '--off',
    'make it a plain account again',
  );
}
