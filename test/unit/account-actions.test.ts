import { describe, expect, test } from 'vitest';
import { AccountActions } from '../../src/auth/account-actions.ts';
import { Accounts } from '../../src/auth/accounts.ts';
import { Jwt } from '../../src/auth/jwt.ts';
import type { Passwords } from '../../src/auth/passwords.ts';
import { Sessions } from '../../src/auth/sessions.ts';
import { Tokens } from '../../src/auth/tokens.ts';
import { MemoryRecords } from '../support/memory-records.ts';
import { recordedLog } from '../support/recorded-log.ts';

async function installation(operators: readonly string[], readers: readonly string[] = []) {
  const time = { now: () => Date.UTC(2026, 10, 27), errorMs: 0, offsetMs: 0 };
  const records = new MemoryRecords(time.now);
  const jwt = new Jwt(() => ['a secret of these tests that has more than 32 bytes'], time.now);
  const sessions = new Sessions({ records, time, jwt });
  const passwords = { hash: async (password) => password, verify: async () => true } as Pick<
    Passwords,
    'hash' | 'verify'
  >;
  const accounts = new Accounts({ records, time, passwords: passwords as Passwords, sessions });
  const tokens = new Tokens({ records, time, jwt, sessions });
  for (const name of operators) await accounts.add(name, 'password', true);
  for (const name of readers) await accounts.add(name, 'password', false);
  const { log, lines } = recordedLog();
  const isDisabled = async (name: string) => (await accounts.get(name))?.disabled;
  return { accounts, tokens, actions: new AccountActions({ accounts, tokens, log }), lines, isDisabled };
}

describe('the actions on accounts', () => {
  test('disable and enable an account, with an audit line for each', async () => {
    const { actions, lines, isDisabled } = await installation(['ana'], ['Ben']);
    expect(await actions.run({ name: 'disable', id: 'ben' }, 'ana')).toBe('done');
    expect(await isDisabled('ben')).toBe(true);
    expect(await actions.run({ name: 'enable', id: 'ben' }, 'ana')).toBe('done');
    expect(await isDisabled('ben')).toBe(false);
    expect(lines).toMatchObject([
      { audit: 'disable', by: 'ana', account: 'ben' },
      { audit: 'enable', by: 'ana', account: 'ben' },
    ]);
  });

  test('do not disable the last enabled operator, and log nothing then', async () => {
    const { actions, lines, isDisabled } = await installation(['ana', 'cyd'], ['ben']);
    expect(await actions.run({ name: 'disable', id: 'cyd' }, 'ana')).toBe('done');
    expect(await actions.run({ name: 'disable', id: 'ana' }, 'ana')).toBe('last-operator');
    expect(await isDisabled('ana')).toBe(false);
    expect(lines).toHaveLength(1);
  });

  test('leave an operator if two disable each other at the same moment', async () => {
    const { actions, accounts } = await installation(['ana', 'cyd']);
    const results = await Promise.all([
      actions.run({ name: 'disable', id: 'cyd' }, 'ana'),
      actions.run({ name: 'disable', id: 'ana' }, 'cyd'),
    ]);
    expect(results).toContain('last-operator');
    expect((await accounts.list()).some(({ disabled }) => !disabled)).toBe(true);
  });

  test('revoke a token by its id, with an audit line that names it', async () => {
    const { actions, accounts, tokens, lines } = await installation(['ana']);
    const account = await accounts.get('ana');
    const token = await tokens.issue('ana', account ?? { securityStamp: '' }, 60_000, 'wall');
    expect(await actions.run({ name: 'revoke', id: token?.id ?? '' }, 'ana')).toBe('done');
    expect(await tokens.list()).toEqual([]);
    expect(lines).toMatchObject([{ audit: 'revoke', by: 'ana', token: token?.id, label: 'wall', account: 'ana' }]);
    expect(await actions.run({ name: 'revoke', id: token?.id ?? '' }, 'ana')).toBe('unknown-token');
  });

  test('refuse an unknown account', async () => {
    const { actions } = await installation(['ana']);
    expect(await actions.run({ name: 'disable', id: 'nobody' }, 'ana')).toBe('unknown-account');
    expect(await actions.run({ name: 'enable', id: 'nobody' }, 'ana')).toBe('unknown-account');
  });
});
