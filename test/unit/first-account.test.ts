import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Accounts } from '../../src/auth/accounts.ts';
import { FirstAccount, type FirstAccountOptions, type FirstPassword } from '../../src/auth/first-account.ts';
import { TooBusy, type Passwords } from '../../src/auth/passwords.ts';
import type { Sessions } from '../../src/auth/sessions.ts';
import { MemoryRecords } from '../support/memory-records.ts';
import { recordedLog } from '../support/recorded-log.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const password: FirstPassword = { text: 'the first password' };

/** A first account over records in memory. Its password is hashed when the test calls `finishHash`. */
function firstAccount(options: Partial<FirstAccountOptions> = {}) {
  const records = new MemoryRecords(() => 0);
  const hashed = Promise.withResolvers<string>();
  const passwords = { hash: vi.fn(() => hashed.promise) };
  const time = { now: () => 0, errorMs: 0, offsetMs: 0 };
  const accounts = new Accounts({
    records,
    time,
    passwords: passwords as unknown as Passwords,
    sessions: {} as Sessions,
  });
  const { log, lines } = recordedLog();
  const given = { records, accounts, password: () => password, hasSharedSignIn: false, log, ...options };
  const service = new FirstAccount(given);
  return { records, accounts, service, lines, passwords, finishHash: () => hashed.resolve('the hash') };
}

async function names(accounts: Accounts): Promise<string[]> {
  return (await accounts.list()).map(({ name }) => name);
}

describe('FirstAccount', () => {
  test('is settled once the account is created, not before', async () => {
    const { accounts, service, finishHash } = firstAccount();
    const started = service.start();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(service.isSettled).toBe(false);
    finishHash();
    await started;
    expect(service.isSettled).toBe(true);
    expect(await names(accounts)).toEqual(['admin']);
  });

  test('is settled at once if there is an account', async () => {
    const { accounts, records, service } = firstAccount();
    await records.create('account', 'ana', { name: 'ana' });
    await service.start();
    expect(service.isSettled).toBe(true);
    expect(await names(accounts)).toEqual(['ana']);
  });

  test('is settled without an account if no password is configured, with a warning', async () => {
    const { service, lines } = firstAccount({ password: undefined });
    await service.start();
    expect(service.isSettled).toBe(true);
    expect(lines.map(({ msg }) => msg)).toEqual([expect.stringContaining('there is no local account')]);
  });

  test('starts during an outage, and is settled after its end', async () => {
    const { accounts, records, service, finishHash } = firstAccount();
    finishHash();
    records.isAway = true;
    await service.start();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(service.isSettled).toBe(false);
    records.isAway = false;
    await vi.advanceTimersByTimeAsync(500);
    expect(service.isSettled).toBe(true);
    expect(await names(accounts)).toEqual(['admin']);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('is created once fewer passwords are being checked', async () => {
    const { accounts, passwords, service, finishHash } = firstAccount();
    finishHash();
    passwords.hash.mockRejectedValueOnce(new TooBusy('too many'));
    await service.start();
    expect(service.isSettled).toBe(false);
    await vi.advanceTimersByTimeAsync(500);
    expect(service.isSettled).toBe(true);
    expect(await names(accounts)).toEqual(['admin']);
  });

  test('leaves no timer when it is stopped during an outage', async () => {
    const { records, service } = firstAccount();
    records.isAway = true;
    await service.start();
    expect(vi.getTimerCount()).toBe(1);
    await service.stop();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('creates the account again after the data was replaced', async () => {
    const { accounts, records, service, finishHash } = firstAccount();
    finishHash();
    await service.start();
    await records.delete('account', 'admin');
    records.reportGap({ replaced: false });
    await vi.advanceTimersByTimeAsync(1);
    expect(await names(accounts)).toEqual([]);
    records.reportGap({ replaced: true });
    await vi.advanceTimersByTimeAsync(1);
    expect(await names(accounts)).toEqual(['admin']);
  });

  test('is not created again when an operator removes it, without a shared sign-in', async () => {
    const { accounts, service, finishHash } = firstAccount();
    finishHash();
    await service.start();
    await accounts.remove('admin');
    await vi.advanceTimersByTimeAsync(1);
    expect(await names(accounts)).toEqual([]);
  });

  describe('with a shared sign-in', () => {
    /** A started one, beside the account `grace` of the other application. */
    async function started(options: Partial<FirstAccountOptions> = {}) {
      const world = firstAccount({ hasSharedSignIn: true, ...options });
      world.finishHash();
      await world.records.create('account', 'grace', { name: 'grace', sso: { origin: null } });
      await world.service.start();
      return world;
    }

    test('is created again when the last local account is removed, not before', async () => {
      const { accounts, service } = await started();
      await accounts.add('ana', 'the password of ana', false);
      await accounts.remove('admin');
      await vi.advanceTimersByTimeAsync(1);
      expect(await names(accounts)).toEqual(['ana', 'grace']);
      await accounts.remove('ana');
      expect(service.isSettled).toBe(true);
      await vi.advanceTimersByTimeAsync(1);
      expect(await names(accounts)).toEqual(['admin', 'grace']);
    });

    test('is created when the last local account becomes one of the other application', async () => {
      const { accounts, records, service, finishHash } = firstAccount({ hasSharedSignIn: true });
      finishHash();
      await records.create('account', 'ana', { name: 'ana' });
      await service.start();
      await accounts.setSso('ana', true);
      await vi.advanceTimersByTimeAsync(1);
      expect(await names(accounts)).toEqual(['admin', 'ana']);
    });

    test('is created after a gap in which the message of the removal was lost', async () => {
      const { accounts, records } = await started();
      await records.delete('account', 'admin');
      records.reportGap();
      await vi.advanceTimersByTimeAsync(1);
      expect(await names(accounts)).toEqual(['admin', 'grace']);
    });

    test('leaves the name to a person who has it, with one warning and without a password', async () => {
      const givePassword = vi.fn(() => password);
      const { accounts, records, lines } = await started({ password: givePassword });
      givePassword.mockClear();
      await accounts.setSso('admin', true);
      records.reportGap();
      await vi.advanceTimersByTimeAsync(1);
      expect(givePassword).not.toHaveBeenCalled();
      const warnings = lines.map(({ msg }) => msg).filter((msg) => msg.startsWith('there is no local account'));
      expect(warnings).toEqual([expect.stringContaining('and admin signs in through another application')]);
      await accounts.remove('admin');
      await vi.advanceTimersByTimeAsync(1);
      const local = (await accounts.list()).filter(({ sso }) => sso === undefined);
      expect(local.map(({ name }) => name)).toEqual(['admin']);
    });
  });
});
