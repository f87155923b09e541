import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { configuredOrStoredSecrets } from '../../src/auth/secrets.ts';
import { optionTables } from '../../src/cli/tables.ts';
import { readOptions, type OptionTable } from '../../src/config.ts';
import { UserError } from '../../src/lifecycle.ts';
import { normalizeSecret, getOrCreateSecretFile, replaceSecretFile, writeSecretFile } from '../../src/secrets.ts';

const root = mkdtempSync(join(tmpdir(), 'clock-secrets-'));
afterAll(() => rmSync(root, { recursive: true }));

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(root, 'directory-'));
});

describe('normalizeSecret', () => {
  test.each([
    ['\ufeffword\r\n', 'word'],
    [' \t word\n\n', 'word'],
    ['two words', 'two words'],
    ['e\u0301', 'é'],
    ['\n', ''],
  ])('makes %j %j', (text, cleaned) => {
    expect(normalizeSecret(text)).toBe(cleaned);
  });

  test.each(['a\nb', 'a\u0000', '\u001b[A', 'a\u0085b', '\u007fa'])('refuses %j', (text) => {
    expect(normalizeSecret(text)).toBeNull();
  });

  const secrets = Object.values<OptionTable>(optionTables).flatMap((table) =>
    Object.values(table).flatMap(({ env: [variable], secret }) => (secret ? [[variable, table] as const] : [])),
  );
  test.each(secrets)('applies to %s', (variable, table) => {
    const path = join(directory, 'secret');
    writeFileSync(path, 'one line\nand another, which is long enough for all\n');
    for (const environment of [{ [variable]: readFileSync(path, 'utf8') }, { [`${variable}_FILE`]: path }]) {
      expect(() => readOptions(table, {}, environment)).toThrow(/its value must be one line/);
    }
  });
});

describe('a secret file', () => {
  test('is whole, has its mode, and leaves no temporary file', () => {
    const path = writeSecretFile(directory, 'secret', 'word', 0o444);
    expect(readFileSync(path, 'utf8')).toBe('word\n');
    expect(statSync(path).mode & 0o777).toBe(0o444);
    replaceSecretFile(directory, 'secret', 'another', 0o600);
    expect(readFileSync(path, 'utf8')).toBe('another\n');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(directory)).toEqual(['secret']);
  });

  test('is never overwritten by a new one', () => {
    const path = writeSecretFile(directory, 'secret', 'word', 0o600);
    expect(() => writeSecretFile(directory, 'secret', 'another', 0o600)).toThrow(`${path} already exists`);
    expect(readFileSync(path, 'utf8')).toBe('word\n');
    expect(readdirSync(directory)).toEqual(['secret']);
  });

  test('that cannot be written is one line with its path', () => {
    writeFileSync(join(directory, 'file'), '');
    const inFile = join(directory, 'file');
    expect(() => writeSecretFile(inFile, 'secret', 'word', 0o600)).toThrow(
      new UserError(`${inFile}/secret cannot be written (ENOTDIR)`),
    );
  });

  test('is the same for a process that was slower', () => {
    // While it makes its own, the other process stores one.
    const make = (): string => {
      writeSecretFile(directory, 'secret', 'of the other process', 0o600);
      return 'its own';
    };
    expect(getOrCreateSecretFile(directory, 'secret', make)).toBe('of the other process\n');
    expect(readdirSync(directory)).toEqual(['secret']);
  });
});

describe('the stored secret of clock all', () => {
  const redis = { settings: null, address: 'redis://127.0.0.1:6379/0' };

  test('is made once and stays the same', () => {
    const [first] = configuredOrStoredSecrets(undefined, redis, directory)();
    expect(Buffer.byteLength(first)).toBeGreaterThanOrEqual(32);
    expect(configuredOrStoredSecrets(undefined, redis, directory)()).toEqual([first]);
    expect(statSync(join(directory, 'secret')).mode & 0o777).toBe(0o600);
  });

  test.each([
    ['empty', '', 'is shorter than 32 bytes'],
    ['truncated', 'too-short\n', 'is shorter than 32 bytes'],
    ['binary', `${'x'.repeat(40)}\u0000y\n`, 'contains control characters'],
  ])('is refused with its path if it is %s, and not shown', (_, text, problem) => {
    const path = join(directory, 'secret');
    writeFileSync(path, text);
    const read = (): unknown => configuredOrStoredSecrets(undefined, redis, directory)();
    expect(read).toThrow(
      new UserError(`${path}: the stored secret ${problem}; remove it and start again, or set CLOCK_SECRET`),
    );
    expect(read).not.toThrow('too-short');
    expect(readFileSync(path, 'utf8')).toBe(text);
  });

  test('is refused with the address of the data file, too', () => {
    const embedded = { settings: { getOrCreate: () => 'too-short' }, address: '/data/clock.db' };
    expect(() => configuredOrStoredSecrets(undefined, embedded, directory)()).toThrow(
      /^\/data\/clock\.db: the stored secret/,
    );
  });

  test('is refused with its path if it cannot be read', () => {
    mkdirSync(join(directory, 'secret'));
    expect(() => configuredOrStoredSecrets(undefined, redis, directory)()).toThrow(
      new UserError(`${join(directory, 'secret')} cannot be read (EISDIR)`),
    );
  });
});
