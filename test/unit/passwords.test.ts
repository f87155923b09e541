import { lookup } from 'node:dns/promises';
import { describe, expect, test } from 'vitest';
import { hashConcurrency, passwordProblem, Passwords, TooBusy } from '../../src/auth/passwords.ts';

describe('passwordProblem', () => {
  test.each([
    ['15 characters', 'fifteen letters'],
    ['128 characters', 'ab'.repeat(64)],
    ['15 code points', '🕰'.repeat(14) + '!'],
    ['lower-case letters only', 'just some words'],
  ])('allows %s', (_, password) => {
    expect(passwordProblem(password, 'ana')).toBeNull();
  });

  test.each([
    ['fewer than 15 characters', 'fourteen chars'],
    ['more than 128 characters', 'ab'.repeat(64) + 'c'],
    ['fewer than 15 characters after composition', 'e\u0301'.repeat(14)],
    ['one character repeated', 'a'.repeat(20)],
    ['a line end within it', 'fifteen letters\nand more'],
    ['fewer than 15 characters without the blanks around it', '   fourteen chars   '],
    ['the name of the account', ' Ana.of.the.office'],
  ])('refuses %s', (_, password) => {
    expect(passwordProblem(password, 'ana.of.the.office')).toMatch(/^must .*[a-z]$/);
  });
});

describe('hashConcurrency', () => {
  test.each([
    [1, 1, 1],
    [2, 1, 1],
    [3, 1, 2],
    [4, 1, 3],
    [64, 1, 3],
    [4, 2, 1],
    [8, 2, 3],
    [8, 3, 2],
    [8, 8, 1],
    [2, 256, 1],
  ])('with %i cores and %i processes is %i, so that a core and a thread of each pool stay free', (...given) => {
    const [cores, processes, concurrency] = given;
    expect(hashConcurrency(cores, processes)).toBe(concurrency);
  });
});

describe('Passwords', () => {
  const passwords = new Passwords(1);

  test('verifies the hashed password, whether its accents are composed or not', async () => {
    const hash = await passwords.hash('café au lait, s’il vous plaît');
    expect(hash).toMatch(/^scrypt\$16384\$8\$5\$/);
    expect(await passwords.verify('cafe\u0301 au lait, s’il vous plai\u0302t', hash)).toBe(true);
    expect(await passwords.verify('cafe au lait', hash)).toBe(false);
  });

  test('ignores a byte order mark, blanks and line ends around the password', async () => {
    const hash = await passwords.hash('\ufeffa password with a line end\r\n\n');
    expect(await passwords.verify(' a password with a line end\t', hash)).toBe(true);
    expect(await passwords.verify('a password\nwith a line end', hash)).toBe(false);
  });

  test('uses a new salt for each hash', async () => {
    expect(await passwords.hash('a password twice')).not.toBe(await passwords.hash('a password twice'));
  });

  test('rejects any password without a hash', async () => {
    expect(await passwords.verify('any password', undefined)).toBe(false);
  });

  test('leave a thread of the pool free for name lookups, however many hashes wait', async () => {
    const many = new Passwords(hashConcurrency(64, 1));
    const finished: string[] = [];
    const hashes = Array.from({ length: 6 }, async () => {
      await many.hash('one of many passwords');
      finished.push('hash');
    });
    await lookup('localhost').catch(() => {});
    finished.push('lookup');
    await Promise.all(hashes);
    expect(finished[0]).toBe('lookup');
  });

  test('lets eight wait and refuses the next, also for an unknown name, which is treated as before afterwards', async () => {
    const busy = new Passwords(1);
    const attempts = Array.from({ length: 9 }, () => busy.hash('one of many passwords'));
    await expect(busy.hash('one more password')).rejects.toThrow(TooBusy);
    await expect(busy.verify('any password', undefined)).rejects.toThrow(TooBusy);
    await Promise.all(attempts);
    expect(await busy.verify('any password', undefined)).toBe(false);
  });
});
