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
    const account = await this.#accounts.get(validName(name));
    expectFound(name, account !== null);
    if (account?.sso !== undefined) {
      const reset = `'clock user sso ${name} --off' gives it a password again`;
      throw new UserError(`${name} signs in through another application and has no password here; ${reset}`, 1);
    }
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

  async sso(name: string, options: { off?: boolean }): Promise<void> {
    expectFound(name, await this.#accounts.setSso(validName(name), !options.off));
  }
}

function rowOf({ name, operator, disabled, sso, createdAt }: Account) {
  const row = { name, id: accountId(name), operator, disabled, sso: sso !== undefined };
  return { ...row, created: new Date(createdAt).toISOString() };
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
  if (problem !== null) throw new UserError(`${passwordStdin ? '--password-stdin: ' : ''}the password ${problem}`);
  return password;
}

function expectFound(name: string, isFound: boolean): void {
  if (!isFound) throw new UserError(`there is no account ${name}`, 1);
}
