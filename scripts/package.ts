/** Builds `dist/clock`: Node, the server, the addon and the static files in one file that runs by itself. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pkgSea from '@yao-pkg/pkg/lib-es5/sea.js';
import { build } from 'esbuild';
import { addonFile } from './addon.ts';
import { root, serverBundle } from './server-bundle.ts';

const staticFolder = join(root, 'dist/static');
const executable = join(root, 'dist/clock');
const bytesAtMost = 125_000_000;

if (process.platform !== 'linux') throw new Error('the executable is built on Linux, for Linux');
if (!existsSync(staticFolder)) throw new Error(`there is no ${staticFolder}: run 'npm run build' first`);
const work = mkdtempSync(join(tmpdir(), 'clock-package-'));
try {
  const bundle = await bundleServer(join(work, 'clock.cjs'));
  const output = join(work, 'clock');
  await assemble(bundle, strippedNode(join(work, 'node')), output);
  // Moved into its place at once: the one that stands there may be running.
  copyFileSync(output, `${executable}.new`);
  renameSync(`${executable}.new`, executable);
} finally {
  rmSync(work, { recursive: true, force: true });
}
const { size } = statSync(executable);
if (size > bytesAtMost) throw new Error(`${executable} has ${size} bytes, more than ${bytesAtMost}`);
process.stdout.write(`${executable}: ${(size / 1e6).toFixed(1)} MB\n`);

async function bundleServer(outfile: string): Promise<string> {
  await build({
    ...serverBundle(),
    outfile,
    // SEA's main script is CommonJS. Not minified: a stack trace prints the line that threw.
    format: 'cjs',
    // Never reached in the executable, which loads the addon itself.
    external: ['uWebSockets.js'],
    define: { ...serverBundle().define, 'import.meta.url': '"file:///"' },
  });
  return outfile;
}

/** This very Node, without its symbols: a fifth less. After the blob is in, stripping would destroy it. */
function strippedNode(path: string): string {
  copyFileSync(process.execPath, path);
  execFileSync('strip', [path]);
  return path;
}

async function assemble(main: string, nodePath: string, output: string): Promise<void> {
  const statics = readdirSync(staticFolder).map((name) => [`static/${name}`, join(staticFolder, name)]);
  const seaConfig = {
    disableExperimentalSEAWarning: true,
    useSnapshot: false,
    useCodeCache: false,
    execArgv: ['--disable-warning=ExperimentalWarning'],
    // NODE_OPTIONS is for Node's users; this is a program of its own.
    execArgvExtension: 'none',
    assets: { ...Object.fromEntries(statics), 'uws.node': addonFile() },
  };
  const target = { nodeRange: 'node22', platform: 'linux' as const, arch: process.arch, output };
  await pkgSea.default(main, { nodePath, seaConfig, targets: [target] });
}
