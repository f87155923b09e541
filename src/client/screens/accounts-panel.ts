import type { AccountRow, AccountsResponse, TokenRow } from '../../operator-api.ts';
import { runInBackground } from '../../background.ts';
import { element } from '../browser.ts';
import type { ActionResult } from './action-dialog.ts';
import { type Api, ApiProblem } from './api.ts';
import { askToConfirm } from './confirm.ts';
import { button, dateText, isolated } from './dom.ts';
import type { Question } from './screen-action.ts';

type AccountActionName = 'disable' | 'enable' | 'revoke';

export interface AccountsPanelOptions {
  api: Api;
  /** The id of the operator's own account. */
  ownAccount: string;
  onResult: (result: ActionResult) => void;
}

/** The tab with accounts and tokens. Loads them whenever it is shown, and after each action. */
export class AccountsPanel {
  readonly #options: AccountsPanelOptions;

  constructor(options: AccountsPanelOptions) {
    this.#options = options;
  }

  async load(): Promise<void> {
    const { api, onResult } = this.#options;
    try {
      const { accounts, tokens } = await api.get<AccountsResponse>('/api/accounts');
      showRows('account-rows', accounts, (account) => this.#accountCells(account));
      showRows('token-rows', tokens, (token) => this.#tokenCells(token));
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      onResult({ isDone: false, text: error.message });
    }
  }

  #accountCells(account: AccountRow): Cell[] {
    const { id, name, operator, disabled, sso, created } = account;
    const change = disabled ? button('Enable', `Enable ${name}`) : button('Disable', `Disable ${name}`);
    const question = disabled ? null : disableQuestion(account, id === this.#options.ownAccount);
    change.addEventListener('click', () => {
      this.#act(disabled ? 'enable' : 'disable', id, question, `${disabled ? 'Enabled' : 'Disabled'}: ${name}.`);
    });
    return [
      ['Name', isolated(name)],
      ['Role', operator ? 'Operator' : 'Reader'],
      ['Sign-in', sso ? 'Shared (SSO)' : 'Password'],
      ['State', disabled ? 'Disabled' : 'Enabled'],
      ['Created', dateText(created)],
      ['', change],
    ];
  }

  #tokenCells({ id, label, account, created, expires }: TokenRow): Cell[] {
    const revoke = button('Revoke', `Revoke ${label}`);
    const text = 'The token ends. Its program needs a new one.';
    const question = { title: `Revoke the token ${label}?`, text, confirm: 'Revoke' };
    revoke.addEventListener('click', () => this.#act('revoke', id, question, `Revoked: ${label}.`));
    return [
      ['Label', isolated(label)],
      ['Account', isolated(account)],
      ['Created', dateText(created)],
      ['Expires', dateText(expires)],
      ['', revoke],
    ];
  }

  #act(action: AccountActionName, id: string, question: Question | null, done: string): void {
    runInBackground(this.#confirmAndPost(action, id, question, done));
  }

  async #confirmAndPost(action: AccountActionName, id: string, question: Question | null, done: string): Promise<void> {
    const { api, onResult } = this.#options;
    if (question !== null && !(await askToConfirm(question))) return;
    try {
      await api.post('/api/accounts', { action, id });
      onResult({ isDone: true, text: done });
      await this.load();
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      onResult({ isDone: false, text: error.message });
    }
  }
}

function disableQuestion({ name }: AccountRow, isOwn: boolean): Question {
  const own = isOwn
    ? ' This is your own account: you are signed out at once, and another operator must enable it.'
    : '';
  return {
    title: `Disable ${name}?`,
    text: `All its sessions and tokens end, and tokens do not return when it is enabled.${own}`,
    confirm: 'Disable',
  };
}

/** A label, which narrow windows show, and a value. */
type Cell = readonly [label: string, value: string | HTMLElement];

/** Replaces the rows of a table. A button that had the focus has it again if its row still exists. */
function showRows<Row extends { id: string }>(
  tableId: string,
  rows: readonly Row[],
  cells: (row: Row) => Cell[],
): void {
  const body = element(tableId);
  const focused = body.contains(document.activeElement) ? document.activeElement?.closest('tr') : null;
  const focusedId = focused?.dataset['id'];
  body.replaceChildren(...rows.map((row) => rowOf(row.id, cells(row))));
  if (focusedId === undefined) return;
  const again = [...body.children].find((row) => (row as HTMLElement).dataset['id'] === focusedId);
  again?.querySelector('button')?.focus();
}

function rowOf(id: string, cells: readonly Cell[]): HTMLElement {
  const row = document.createElement('tr');
  row.setAttribute('role', 'row');
  row.dataset['id'] = id;
  cells.forEach(([label, value], index) => {
    const cell = document.createElement(index === 0 ? 'th' : 'td');
    cell.setAttribute('role', index === 0 ? 'rowheader' : 'cell');
    cell.dataset['label'] = label;
    cell.append(value);
    row.append(cell);
  });
  return row;
}
