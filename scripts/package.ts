/** Builds `dist/clock`: Node, the server, the addon and the static files in one file that runs by itself. */
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pkgSea from '@yao-pkg/pkg/lib-es5/sea.js';
import { build, type Metafile } from 'esbuild';
import { addonFile } from './addon.ts';
import { licenseTexts, packagesInside } from './contents.ts';
import { dist, root, serverBundle } from './server-bundle.ts';

const staticFolder = join(dist, 'static');
const executable = join(dist, 'clock');
const bytesAtMost = 125_000_000;

if (process.platform !== 'linux') throw new Error('the executable is built on Linux, for Linux');
if (!existsSync(staticFolder)) throw new Error(`there is no ${staticFolder}: run 'npm run build' first`);
const work = mkdtempSync(join(tmpdir(), 'clock-package-'));
try {
  const main = join(work, 'clock.cjs');
  const packages = packagesInside(await bundleServer(main));
  await assemble(main, strippedNode(join(work, 'node')), join(work, 'clock'));
  // Moved into its place at once: the one that stands there may be running.
  copyFileSync(join(work, 'clock'), `${executable}.new`);
  renameSync(`${executable}.new`, executable);
  // For where it shall be loaded from beside the executable: the image has no place to put it down.
  copyFileSync(addonFile(), join(dist, 'uws.node'));
  writeFileSync(join(dist, 'packages.json'), JSON.stringify(packages, null, 2));
  writeFileSync(join(dist, 'THIRD-PARTY-LICENSES'), licenseTexts(packages));
} finally {
  rmSync(work, { recursive: true, force: true });
}
const { size } = statSync(executable);
if (size > bytesAtMost) throw new Error(`${executable} has ${size} bytes, more than ${bytesAtMost}`);
process.stdout.write(`${executable}: ${(size / 1e6).toFixed(1)} MB\n`);

async function bundleServer(outfile: string): Promise<Metafile> {
  const shared = serverBundle();
  const { metafile } = await build({
    ...shared,
    outfile,
    metafile: true,
    absWorkingDir: root,
    // SEA's main script is CommonJS. Not minified: a stack trace prints the line that threw.
    format: 'cjs',
    // The first is never reached, since the addon is loaded from inside; the second colours what nobody reads.
    external: ['uWebSockets.js', 'supports-color'],
    define: { ...shared.define, 'import.meta.url': '"file:///"' },
  });
  return metafile;
}

/** This very Node, without its symbols: a seventh less. Done before the blob is in, which it would destroy. */
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
