import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../lifecycle.ts';
import { alreadyExists, newPassword, newSecret, writeSecretFile } from '../secrets.ts';

/** Prints a new secret and a new admin password, or writes them to files that the user of a container can read. */
export function generateSecrets(directory: string | undefined): void {
  const made = { secret: newSecret(), 'admin-password': newPassword() };
  if (directory === undefined) {
    process.stdout.write(`CLOCK_SECRET=${made.secret}\nCLOCK_ADMIN_PASSWORD=${made['admin-password']}\n`);
    return;
  }
  try {
    writeSecrets(directory, made);
  } catch (error) {
    throw error instanceof UserError ? new UserError(`--write: ${error.message}`) : error;
  }
}

function writeSecrets(directory: string, made: Record<string, string>): void {
  if (directory.trim() === '') throw new UserError('the name of the directory is blank');
  if (existsSync(directory) && (statSync(directory).mode & 0o077) !== 0) {
    throw new UserError(`other users can open ${directory}; name a new directory, or run chmod 700 on it first`);
  }
  const existing = Object.keys(made).find((name) => existsSync(join(directory, name)));
  if (existing !== undefined) throw new UserError(alreadyExists(join(directory, existing)));
  for (const [name, text] of Object.entries(made)) {
    // A mounted file keeps its owner and mode, and the user of the image must be able to read it. The directory
    // protects it.
    process.stdout.write(`${writeSecretFile(directory, name, text, 0o444)}\n`);
  }
}
