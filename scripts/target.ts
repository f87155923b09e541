/** What the executable is built for: Linux on `--arch`, by default on the architecture of this machine. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { dist, root } from './server-bundle.ts';

const { values, positionals } = parseArgs({
  options: { arch: { type: 'string', default: process.arch } },
  allowPositionals: true,
});
const isNative = values.arch === process.arch;
const gnuNames: Record<string, string> = { arm64: 'aarch64', x64: 'x86_64' };

export const { arch } = values;
/** The arguments besides options. */
export const args: readonly string[] = positionals;
/** The directory of the executable and of what belongs to it. */
export const output = isNative ? dist : join(dist, arch);
/** Of the binutils for the target; on Debian in the package binutils-aarch64-linux-gnu. */
export const strip = isNative ? 'strip' : `${gnuNames[arch]}-linux-gnu-strip`;

/** The directory of the npm package with Node for the target: the installed one, or a copy in `directory`. */
export function nodePackage(directory: string): string {
  if (isNative) return dirname(dirname(process.execPath));
  const name = `node-linux-${arch}`;
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const { version, integrity } = lock.packages[`node_modules/${name}`] ?? {};
  // The version of Node that writes the data inside an executable must be the one that reads it.
  if (version !== process.versions.node) throw new Error(`package-lock.json has no ${name} ${process.versions.node}`);
  const pack = ['pack', '--silent', `--pack-destination=${directory}`, `${name}@${version}`];
  const tarball = join(directory, execFileSync('npm', pack, { cwd: root, encoding: 'utf8' }).trim());
  const hash = createHash('sha512').update(readFileSync(tarball)).digest('base64');
  if (`sha512-${hash}` !== integrity) throw new Error(`${name} ${version} is not the one of package-lock.json`);
  execFileSync('tar', ['--extract', `--file=${tarball}`, `--directory=${directory}`]);
  return join(directory, 'package');
}
