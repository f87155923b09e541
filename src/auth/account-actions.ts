import type { Logger } from '../logger.ts';
import { accountId, type Account, type Accounts } from './accounts.ts';
import type { Token, Tokens } from './tokens.ts';

/** What an operator does to an account, by its id, or to a token, by its id. */
export interface AccountAction {
  name: 'disable' | 'enable' | 'revoke';
  id: string;
}

/** `last-operator`: nobody could operate the installation from a browser afterwards. */
export type AccountActionResult = 'done' | 'unknown-account' | 'unknown-token' | 'last-operator';

export interface AccountActionsOptions {
  accounts: Pick<Accounts, 'get' | 'list' | 'disable' | 'enable'>;
  tokens: Pick<Tokens, 'list' | 'revoke'>;
  log: Logger;
}

/** Carries out what operators do to accounts and tokens, and logs each change. */
export class AccountActions {
  readonly #options: AccountActionsOptions;

  constructor(options: AccountActionsOptions) {
    this.#options = options;
  }

  /** All accounts, sorted by id, and the live tokens, sorted by label. */
  async list(): Promise<{ accounts: Account[]; tokens: Token[] }> {
    const [accounts, tokens] = await Promise.all([this.#options.accounts.list(), this.#options.tokens.list()]);
    return { accounts, tokens };
  }

  /** `by`: the operator's account. */
  async run({ name, id }: AccountAction, by: string): Promise<AccountActionResult> {
    if (name === 'revoke') return this.#revoke(id, by);
    const account = await this.#options.accounts.get(id);
    if (account === null) return 'unknown-account';
    return name === 'disable' ? this.#disable(account, by) : this.#enable(account, by);
  }

  async #disable(account: Account, by: string): Promise<AccountActionResult> {
    const { accounts } = this.#options;
    const id = accountId(account.name);
    if (account.operator && !(await this.#hasOtherOperator(id))) return 'last-operator';
    if (!(await accounts.disable(id))) return 'unknown-account';
    // Two operators may disable each other at the same moment.
    if (account.operator && !(await this.#hasOtherOperator(id))) {
      await accounts.enable(id);
      return 'last-operator';
    }
    this.#audit('disable', by, { account: id });
    return 'done';
  }

  async #enable(account: Account, by: string): Promise<AccountActionResult> {
    const id = accountId(account.name);
    if (!(await this.#options.accounts.enable(id))) return 'unknown-account';
    this.#audit('enable', by, { account: id });
    return 'done';
  }

  async #revoke(id: string, by: string): Promise<AccountActionResult> {
    const { tokens } = this.#options;
    const token = (await tokens.list()).find((one) => one.id === id);
    if (token === undefined || !(await tokens.revoke(id))) return 'unknown-token';
    this.#audit('revoke', by, { token: id, label: token.label, account: token.account });
    return 'done';
  }

  async #hasOtherOperator(id: string): Promise<boolean> {
    const accounts = await this.#options.accounts.list();
    return accounts.some(({ name, operator, disabled }) => operator && !disabled && accountId(name) !== id);
  }

  #audit(action: AccountAction['name'], by: string, target: object): void {
    this.#options.log.info({ audit: action, by, ...target }, 'an operator acted');
  }
}
