/** The esbuild options that the bundle of the checkout and the executable share. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BuildOptions } from 'esbuild';

export const root = join(import.meta.dirname, '..');
export const dist = join(root, 'dist');
export const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
export const commit = process.env['BUILD_COMMIT'] || git('rev-parse', '--short=7', 'HEAD') || 'unknown';

/** esbuild's options for the server. They define version, commit and build date. */
export function serverBundle(): BuildOptions {
  const date = process.env['BUILD_DATE'] || git('log', '-1', '--format=%cI') || new Date().toISOString();
  return {
    entryPoints: [join(root, 'src/main.ts')],
    bundle: true,
    platform: 'node',
    target: 'node22',
    legalComments: 'none',
    define: { CLOCK_BUILD: JSON.stringify({ version, commit, date: date.slice(0, 10) }) },
  };
}

function git(...args: string[]): string | undefined {
  try {
    return execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return undefined;
  }
}
