import { AccountActions, type AccountAction, type AccountActionResult } from '../auth/account-actions.ts';
import { accountId, type Account } from '../auth/accounts.ts';
import type { Token } from '../auth/tokens.ts';
import type { AccountRow, AccountsResponse, TokenRow } from '../operator-api.ts';
import { HttpError } from './http-error.ts';
import { json } from './http.ts';
import { operatorSession } from './operators.ts';
import { invalidRequest, parseFields } from './request-body.ts';
import type { Routes } from './router.ts';
import type { WebContext } from './web-context.ts';

const actionNames = ['disable', 'enable', 'revoke'] as const;

/** Accounts and tokens, for operators. */
export function accountApiRoutes(context: WebContext): Routes {
  const { csrf } = context;
  const actions = new AccountActions(context);

  return {
    '/api/accounts': {
      GET: async (request) => {
        await operatorSession(context, request);
        const { accounts, tokens } = await actions.list();
        const response: AccountsResponse = { accounts: accounts.map(accountRow), tokens: tokens.map(tokenRow) };
        return json(response);
      },
      POST: async (request) => {
        const { account } = await operatorSession(context, request);
        csrf.check(request);
        const problem = problemOf(await actions.run(parseAction(request.body), account));
        if (problem !== null) throw problem;
        return json({});
      },
    },
  };
}

function accountRow({ name, operator, disabled, sso, createdAt }: Account): AccountRow {
  const row = { id: accountId(name), name, operator, disabled, sso: sso !== undefined };
  return { ...row, created: isoTime(createdAt) };
}

function tokenRow({ id, label, account, createdAt, expiresAt }: Token): TokenRow {
  return { id, label, account, created: isoTime(createdAt), expires: isoTime(expiresAt) };
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

function parseAction(body: string): AccountAction {
  const { action, id } = parseFields(body);
  const name = actionNames.find((one) => one === action);
  if (name === undefined) throw invalidRequest('The action must be disable, enable or revoke.');
  if (typeof id !== 'string') throw invalidRequest('The id of the account or token is missing.');
  return { name, id };
}

function problemOf(result: AccountActionResult): HttpError | null {
  switch (result) {
    case 'unknown-account':
      return new HttpError('unknown-account', 'There is no such account.');
    case 'unknown-token':
      return new HttpError('unknown-token', 'There is no such token. It may have ended already.');
    case 'last-operator':
      return new HttpError(
        'last-operator',
        'This is the last enabled operator. Make another account an operator first.',
      );
    case 'done':
      return null;
  }
}
