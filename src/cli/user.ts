import type { Command, OptionValues } from 'commander';
import { UserCommands } from '../commands/user.ts';
import type { StoreCommands } from './store.ts';

/** Adds `clock user`. */
export function addUser(program: Command, stores: StoreCommands): void {
  const user = program.command('user').description('manage the accounts');
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
  add('add <name>', 'create an account', (users, options, name) => users.add(name, options))
    .option('--operator', 'make it an operator account')
    .option('--password-stdin', 'read the password from standard input');
  add('list', 'list the accounts', (users, options) => users.list(options)).option('--json', 'print JSON');
  add('passwd <name>', 'set a new password; ends all sessions and tokens of the account', (users, options, name) =>
    users.passwd(name, options),
  ).option('--password-stdin', 'read the password from standard input');
  add('disable <name>', 'refuse sign-ins; ends all sessions and tokens of the account', (users, _, name) =>
    users.disable(name),
  );
  add('enable <name>', 'allow sign-ins again', (users, _, name) => users.enable(name));
  add('remove <name>', 'remove an account; ends all its sessions and tokens', (users, _, name) => users.remove(name));
  add('operator <name>', 'make an account an operator account', (users, options, name) =>
    users.operator(name, options),
  ).option('--off', 'make it a plain account');
}
