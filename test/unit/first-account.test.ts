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
  const given = { records, accounts, password: () => password, log, ...options };
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

  test('is not created again when an operator removes it', async () => {
    const { accounts, service, finishHash } = firstAccount();
    finishHash();
    await service.start();
    await accounts.remove('admin');
    await vi.advanceTimersByTimeAsync(1);
    expect(await names(accounts)).toEqual([]);
  });

  test('leaves the name to a person of another application who has it, with a warning and without a password', async () => {
    const givePassword = vi.fn(() => password);
    const { accounts, records, service, lines } = firstAccount({ password: givePassword });
    await records.create('account', 'admin', { name: 'admin', sso: { origin: null } });
    await service.start();
    expect(givePassword).not.toHaveBeenCalled();
    expect(service.isSettled).toBe(true);
    expect(await names(accounts)).toEqual(['admin']);
    expect(lines.map(({ msg }) => msg)).toEqual([
      expect.stringContaining('and admin signs in through another application'),
    ]);
  });
});
