import { randomBytes, randomInt } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolder } from './folders.ts';
import { UserError } from './lifecycle.ts';

/** 256 random bits: signs sessions and tokens. */
export function newSecret(): string {
  return randomBytes(32).toString('base64url');
}

/** 120 random bits, in groups that are easy to read aloud and to type. */
export function newPassword(): string {
  const letters = 'abcdefghjkmnpqrstuvwxyz23456789';
  const characters = Array.from({ length: 25 }, () => letters[randomInt(letters.length)]);
  return [0, 5, 10, 15, 20].map((start) => characters.slice(start, start + 5).join('')).join('-');
}

/** Writes a secret to a new file. Throws a `UserError` if the file exists or cannot be written. */
export function writeSecretFile(folder: string, name: string, text: string, mode: number): string {
  const path = join(folder, name);
  try {
    makeFolder(folder, 0o700);
    writeFileSync(path, `${text}\n`, { flag: 'wx', mode });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UserError(code === 'EEXIST' ? alreadyExists(path) : `${path} cannot be written (${code})`);
  }
  return path;
}

/** Writes a secret to a file and replaces an existing one. Throws a `UserError` if it cannot be written. */
export function replaceSecretFile(folder: string, name: string, text: string, mode: number): void {
  rmSync(join(folder, name), { force: true });
  writeSecretFile(folder, name, text, mode);
}

/** The secret in a file. If there is no file, stores the result of `make` in it. */
export function keptInFile(folder: string, name: string, make: () => string): string {
  const path = join(folder, name);
  if (!existsSync(path)) writeSecretFile(folder, name, make(), 0o600);
  return readFileSync(path, 'utf8').trimEnd();
}

/** The message about a secret file that is never overwritten. */
export function alreadyExists(path: string): string {
  return `${path} exists already; remove it first`;
}
