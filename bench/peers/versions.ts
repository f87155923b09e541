import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');

/** The version of an installed npm package. `directory` contains node_modules. */
export function npmVersion(name: string, directory = root): string {
  return JSON.parse(readFileSync(join(directory, 'node_modules', name, 'package.json'), 'utf8')).version;
}

/** The upstream version of an installed Debian package. Throws an error that names a missing one. */
export function debianVersion(name: string): string {
  try {
    const version = execFileSync('dpkg-query', ['-W', '-f', '${Version}', name], { encoding: 'utf8', stdio: 'pipe' });
    return version.replace(/^\d+:/, '').replace(/[+-].*/, '');
  } catch {
    throw new Error(`the Debian package ${name} is not installed`);
  }
}
