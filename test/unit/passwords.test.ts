import { describe, expect, test } from 'vitest';
import { passwordProblem, Passwords, TooBusy } from '../../src/auth/passwords.ts';

describe('a new password', () => {
  test.each([
    ['of 15 characters', 'fifteen letters'],
    ['of 128', `${'ab'.repeat(64)}`],
    ['counted in code points', '🕰'.repeat(14) + '!'],
    ['without upper case, digits or signs', 'just some words'],
  ])('may be one %s', (_, password) => {
    expect(passwordProblem(password, 'ana')).toBeNull();
  });

  test.each([
    ['shorter than 15 characters', 'fourteen chars'],
    ['longer than 128', 'ab'.repeat(64) + 'c'],
    ['short once it is composed', 'e\u0301'.repeat(14)],
    ['one character repeated', 'a'.repeat(20)],
    ['the name of its account', 'Ana.of.the.office'],
  ])('may not be %s', (_, password) => {
    expect(passwordProblem(password, 'ana.of.the.office')).toMatch(/^A password .*\.$/);
  });
});

describe('a password', () => {
  const passwords = new Passwords(1);

  test('is right when it is the hashed one, however its accents are composed', async () => {
    const hash = await passwords.hash('café au lait, s’il vous plaît');
    expect(hash).toMatch(/^scrypt\$16384\$8\$5\$/);
    expect(await passwords.verify('cafe\u0301 au lait, s’il vous plai\u0302t', hash)).toBe(true);
    expect(await passwords.verify('cafe au lait', hash)).toBe(false);
  });

  test('is hashed with a salt of its own', async () => {
    expect(await passwords.hash('a password twice')).not.toBe(await passwords.hash('a password twice'));
  });

  test('is wrong without a hash, and that takes a check as well', async () => {
    expect(await passwords.verify('any password', undefined)).toBe(false);
  });

  test('waits with eight others at most', async () => {
    const busy = new Passwords(1);
    const tries = Array.from({ length: 10 }, () => busy.hash('one of many passwords'));
    const results = await Promise.allSettled(tries);
    const refused = results.filter((result) => result.status === 'rejected');
    expect(refused.map(({ reason }) => reason instanceof TooBusy)).toEqual([true]);
  });
});
