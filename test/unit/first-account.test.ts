import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Accounts } from '../../src/auth/accounts.ts';
import { FirstAccount, type FirstPassword } from '../../src/auth/first-account.ts';
import type { Passwords } from '../../src/auth/passwords.ts';
import type { Sessions } from '../../src/auth/sessions.ts';
import { MemoryRecords } from '../support/memory-records.ts';
import { recordedLog } from '../support/recorded-log.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** A first account over records in memory. Its password is hashed when the test calls `finishHash`. */
function firstAccount(password: FirstPassword = { text: 'the first password' }) {
  const records = new MemoryRecords(() => 0);
  const hashed = Promise.withResolvers<string>();
  const passwords = { hash: () => hashed.promise } as unknown as Passwords;
  const time = { now: () => 0, errorMs: 0, offsetMs: 0 };
  const accounts = new Accounts({ records, time, passwords, sessions: {} as Sessions });
  const { log, lines } = recordedLog();
  const service = new FirstAccount({ records, accounts, password: () => password, log });
  return { records, accounts, service, lines, finishHash: () => hashed.resolve('the hash') };
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
    const records = new MemoryRecords(() => 0);
    const time = { now: () => 0, errorMs: 0, offsetMs: 0 };
    const accounts = new Accounts({ records, time, passwords: {} as Passwords, sessions: {} as Sessions });
    const { log, lines } = recordedLog();
    const service = new FirstAccount({ records, accounts, password: undefined, log });
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
});
