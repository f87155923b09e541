import { accountId, accountNamePattern, type Account, type Accounts } from '../auth/accounts.ts';
import { passwordProblem } from '../auth/passwords.ts';
import { UserError } from '../lifecycle.ts';
import { printList } from './print.ts';
import { askNewPassword } from './prompt.ts';

/** What `clock user` does. Each throws a `Failure` that says why it did not. */
export class UserCommands {
  readonly #accounts: Accounts;

  constructor(accounts: Accounts) {
    this.#accounts = accounts;
  }

  async add(name: string, options: { operator?: boolean; passwordStdin?: boolean }): Promise<void> {
    if ((await this.#accounts.get(checkedName(name))) !== null)
      throw new UserError(`there is an account ${name} already`, 1);
    const password = await checkedPassword(name, options);
    const added = await this.#accounts.add(name, password, options.operator ?? false);
    if (!added) throw new UserError(`there is an account ${name} already`, 1);
  }

  async list(options: { json?: boolean }): Promise<void> {
    const accounts = await this.#accounts.list();
    printList(accounts.map(listed), options.json ?? false);
  }

  async passwd(name: string, options: { passwordStdin?: boolean }): Promise<void> {
    await this.#existing(name);
    const password = await checkedPassword(name, options);
    known(name, await this.#accounts.setPassword(name, password));
  }

  async disable(name: string): Promise<void> {
    known(name, await this.#accounts.disable(checkedName(name)));
  }

  async enable(name: string): Promise<void> {
    known(name, await this.#accounts.enable(checkedName(name)));
  }

  async remove(name: string): Promise<void> {
    known(name, await this.#accounts.remove(checkedName(name)));
  }

  async operator(name: string, options: { off?: boolean }): Promise<void> {
    known(name, await this.#accounts.setOperator(checkedName(name), !options.off));
  }

  async #existing(name: string): Promise<void> {
    known(name, (await this.#accounts.get(checkedName(name))) !== null);
  }
}

function listed({ name, operator, disabled, createdAt }: Account) {
  return { name, id: accountId(name), operator, disabled, created: new Date(createdAt).toISOString() };
}

function checkedName(name: string): string {
  if (!accountNamePattern.test(name)) {
    throw new UserError(`NAME: ${JSON.stringify(name)} must be 1 to 64 of letters, digits and @.+-_`);
  }
  return name;
}

async function checkedPassword(name: string, { passwordStdin = false }: { passwordStdin?: boolean }): Promise<string> {
  const password = await askNewPassword(passwordStdin);
  const problem = passwordProblem(password, name);
  if (problem !== null) throw new UserError(problem);
  return password;
}

function known(name: string, done: boolean): void {
  if (!done) throw new UserError(`there is no account ${name}`, 1);
}
