import { accountId, accountNamePattern, type Account, type Accounts } from '../auth/accounts.ts';
import { passwordProblem } from '../auth/passwords.ts';
import { UserError } from '../lifecycle.ts';
import { printList } from './print.ts';
import { promptNewPassword } from './prompt.ts';

/** The commands of `clock user`. They throw a `UserError` if they fail. */
export class UserCommands {
  readonly #accounts: Accounts;

  constructor(accounts: Accounts) {
    this.#accounts = accounts;
  }

  async add(name: string, options: { operator?: boolean; passwordStdin?: boolean }): Promise<void> {
    if ((await this.#accounts.get(validName(name))) !== null)
      throw new UserError(`there is an account ${name} already`, 1);
    const password = await readNewPassword(name, options);
    const added = await this.#accounts.add(name, password, options.operator ?? false);
    if (!added) throw new UserError(`there is an account ${name} already`, 1);
  }

  async list(options: { json?: boolean }): Promise<void> {
    const accounts = await this.#accounts.list();
    printList(accounts.map(rowOf), options.json ?? false);
  }

  async passwd(name: string, options: { passwordStdin?: boolean }): Promise<void> {
    await this.#expectExisting(name);
    const password = await readNewPassword(name, options);
    expectFound(name, await this.#accounts.setPassword(name, password));
  }

  async disable(name: string): Promise<void> {
    expectFound(name, await this.#accounts.disable(validName(name)));
  }

  async enable(name: string): Promise<void> {
    expectFound(name, await this.#accounts.enable(validName(name)));
  }

  async remove(name: string): Promise<void> {
    expectFound(name, await this.#accounts.remove(validName(name)));
  }

  async operator(name: string, options: { off?: boolean }): Promise<void> {
    expectFound(name, await this.#accounts.setOperator(validName(name), !options.off));
  }

  async #expectExisting(name: string): Promise<void> {
    expectFound(name, (await this.#accounts.get(validName(name))) !== null);
  }
}

function rowOf({ name, operator, disabled, createdAt }: Account) {
  return { name, id: accountId(name), operator, disabled, created: new Date(createdAt).toISOString() };
}

function validName(name: string): string {
  if (!accountNamePattern.test(name)) {
    throw new UserError(`NAME: ${JSON.stringify(name)} must be 1 to 64 characters: letters, digits and @.+-_`);
  }
  return name;
}

async function readNewPassword(name: string, { passwordStdin = false }: { passwordStdin?: boolean }): Promise<string> {
  const password = await promptNewPassword(passwordStdin);
  const problem = passwordProblem(password, name);
  if (problem !== null) throw new UserError(`the password ${problem}`);
  return password;
}

function expectFound(name: string, isFound: boolean): void {
  if (!isFound) throw new UserError(`there is no account ${name}`, 1);
}
