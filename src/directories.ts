import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Creates a directory and its missing parents, each with `mode`. Throws the error of the system. Node's option
 * `recursive` loops forever if the system reports an existing parent as missing, as /proc does.
 */
export function makeDirectory(path: string, mode: number): void {
  if (existsSync(path)) return;
  makeDirectory(dirname(path), mode);
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    // Another process may have created it after the check.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
