import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fchmodSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { makeDirectory } from './directories.ts';
import { UserError } from './lifecycle.ts';

/** The minimum length of a signing secret. */
export const minSecretBytes = 32;

/** A new secret that signs sessions and tokens: 256 random bits. */
export function newSecret(): string {
  return randomBytes(32).toString('base64url');
}

/** A new password: 120 random bits, in groups that are easy to read aloud and to type. */
export function newPassword(): string {
  const letters = 'abcdefghjkmnpqrstuvwxyz23456789';
  const characters = Array.from({ length: 25 }, () => letters[randomInt(letters.length)]);
  return [0, 5, 10, 15, 20].map((start) => characters.slice(start, start + 5).join('')).join('-');
}

/**
 * Normalizes a secret or password from any source: to NFC, without a byte order mark, white space and line breaks at
 * either end. Returns null if it contains a control character.
 */
export function normalizeSecret(text: string): string | null {
  // `trim` also removes U+FEFF, the byte order mark.
  const cleaned = text.trim().normalize('NFC');
  return /\p{Cc}/u.test(cleaned) ? null : cleaned;
}

/**
 * Writes a secret to a new file; a crash or a full disk leaves none. Throws a `UserError` if the file exists or cannot
 * be written. Returns its path.
 */
export function writeSecretFile(directory: string, name: string, text: string, mode: number): string {
  const path = join(directory, name);
  if (!createSecretFile(directory, name, text, mode)) throw new UserError(alreadyExists(path));
  return path;
}

/** Writes a secret to a file and replaces an existing one. Throws a `UserError` if it cannot be written. */
export function replaceSecretFile(directory: string, name: string, text: string, mode: number): void {
  writeAtomically(directory, name, text, mode, renameSync);
}

/**
 * The secret in a file. If there is no file, stores the result of `make` in it; of two processes that do so at once,
 * both get the same secret. Throws a `UserError` if the file cannot be read or written.
 */
export function getOrCreateSecretFile(directory: string, name: string, make: () => string): string {
  const path = join(directory, name);
  if (!existsSync(path)) createSecretFile(directory, name, make(), 0o600);
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UserError(`${path} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

/** The message about a secret file that is never overwritten. */
export function alreadyExists(path: string): string {
  return `${path} already exists; remove it first`;
}

/** Returns false if the file exists. */
function createSecretFile(directory: string, name: string, text: string, mode: number): boolean {
  let isCreated = true;
  writeAtomically(directory, name, text, mode, (temporary, path) => {
    try {
      linkSync(temporary, path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      isCreated = false;
    }
  });
  return isCreated;
}

/** Writes the whole file under a temporary name; `publish` then moves or links it to its final path. */
function writeAtomically(
  directory: string,
  name: string,
  text: string,
  mode: number,
  publish: (temporary: string, path: string) => void,
): void {
  const path = join(directory, name);
  const temporary = join(directory, `.${name}.${randomUUID()}`);
  try {
    makeDirectory(directory, 0o700);
    const file = openSync(temporary, 'wx', 0o600);
    try {
      writeAndClose(file, text, mode);
      publish(temporary, path);
    } finally {
      rmSync(temporary, { force: true });
    }
  } catch (error) {
    throw new UserError(`${path} cannot be written (${(error as NodeJS.ErrnoException).code})`);
  }
}

function writeAndClose(file: number, text: string, mode: number): void {
  try {
    writeFileSync(file, `${text}\n`);
    // Unlike the mode of `openSync`, this mode is not reduced by the umask.
    fchmodSync(file, mode);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
