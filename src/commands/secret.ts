import { chmodSync, existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../lifecycle.ts';
import { newPassword, newSecret, writeSecretFile } from '../secrets.ts';

/** Prints a new secret and admin password, or writes them to files that a container's own user can read. */
export function makeSecrets(folder: string | undefined): void {
  const made = { secret: newSecret(), 'admin-password': newPassword() };
  if (folder === undefined) {
    process.stdout.write(`CLOCK_SECRET=${made.secret}\nCLOCK_ADMIN_PASSWORD=${made['admin-password']}\n`);
    return;
  }
  if (existsSync(folder) && (statSync(folder).mode & 0o077) !== 0) {
    throw new UserError(`--write: others may enter ${folder}: name a new folder, or chmod 700 it first`);
  }
  const there = Object.keys(made).find((name) => existsSync(join(folder, name)));
  if (there !== undefined) throw new UserError(`${join(folder, there)} is there already: remove it first`);
  for (const [name, text] of Object.entries(made)) {
    // A mounted file keeps its owner and mode, and the image's user must read it; the folder keeps everybody else out.
    const path = writeSecretFile(folder, name, text, 0o444);
    chmodSync(path, 0o444);
    process.stdout.write(`${path}\n`);
  }
}
