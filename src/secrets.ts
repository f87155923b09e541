import { randomBytes, randomInt } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolder } from './folders.ts';
import { UserError } from './lifecycle.ts';

/** 256 random bits: signs sessions and tokens. */
export function newSecret(): string {
  return randomBytes(32).toString('base64url');
}

/** 120 random bits in groups that can be read aloud and typed. */
export function newPassword(): string {
  const letters = 'abcdefghjkmnpqrstuvwxyz23456789';
  const characters = Array.from({ length: 25 }, () => letters[randomInt(letters.length)]);
  return [0, 5, 10, 15, 20].map((start) => characters.slice(start, start + 5).join('')).join('-');
}

/** Writes a secret to a new file. Throws a `Failure` when there is one already, or the folder cannot be written. */
export function writeSecretFile(folder: string, name: string, text: string, mode: number): string {
  const path = join(folder, name);
  try {
    makeFolder(folder, 0o700);
    writeFileSync(path, `${text}\n`, { flag: 'wx', mode });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UserError(
      code === 'EEXIST' ? `${path} is there already: remove it first` : `${path} cannot be written (${code})`,
    );
  }
  return path;
}

/** Writes a secret to a file in place of what was there. Throws a `Failure` when the folder cannot be written. */
export function replaceSecretFile(folder: string, name: string, text: string, mode: number): void {
  rmSync(join(folder, name), { force: true });
  writeSecretFile(folder, name, text, mode);
}

/** The secret that stands in a file; made, and kept, when there is none. */
export function keptInFile(folder: string, name: string, make: () => string): string {
  const path = join(folder, name);
  if (!existsSync(path)) writeSecretFile(folder, name, make(), 0o600);
  return readFileSync(path, 'utf8').trimEnd();
}
