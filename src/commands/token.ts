import { accountId, type Accounts } from '../auth/accounts.ts';
import type { Tokens } from '../auth/tokens.ts';
import { UserError } from '../lifecycle.ts';
import { printList } from './print.ts';

/** The commands of `clock token`. They throw a `UserError` if they fail. */
export class TokenCommands {
  readonly #accounts: Accounts;
  readonly #tokens: Tokens;

  constructor(accounts: Accounts, tokens: Tokens) {
    this.#accounts = accounts;
    this.#tokens = tokens;
  }

  /** Prints the token alone on standard output. It cannot be shown again. */
  async issue(
    name: string,
    lifetimeMs: number,
    label: string | undefined,
    publishes: readonly string[],
  ): Promise<void> {
    const account = await this.#accounts.get(name);
    if (account === null) throw new UserError(`there is no account ${name}`, 1);
    if (account.disabled) throw new UserError(`the account ${name} is disabled`, 1);
    const token = await this.#tokens.issue(accountId(name), account, lifetimeMs, label, publishes);
    if (token === null)
      throw new UserError(
        `--name: a live token named ${label} already exists; choose another name or revoke that token`,
        1,
      );
    if (!(await this.#accounts.canStillSignIn(account))) {
      await this.#tokens.revoke(token.id);
      throw new UserError(`the account ${name} was changed at the same time; try again`, 1);
    }
    process.stdout.write(`${token.text}\n`);
  }

  async list(options: { json?: boolean }): Promise<void> {
    const rows = (await this.#tokens.list()).map(({ id, label, account, createdAt, expiresAt, publishes }) => ({
      id,
      label,
      account,
      created: new Date(createdAt).toISOString(),
      expires: new Date(expiresAt).toISOString(),
      publishes,
    }));
    printList(rows, options.json ?? false);
  }

  async revoke(idOrLabel: string): Promise<void> {
    if (!(await this.#tokens.revoke(idOrLabel))) throw new UserError(`there is no token ${idOrLabel}`, 1);
  }
}
