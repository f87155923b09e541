/**
 * Builds `dist/clock`: Node, the server, the addon and the static files in one executable. With `--arch arm64`, on
 * another architecture, `dist/arm64/clock`.
 */
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
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
import { arch, nodePackage, output, strip } from './target.ts';

const staticDirectory = join(dist, 'static');
const executable = join(output, 'clock');
const maxBytes = 125_000_000;

if (process.platform !== 'linux') throw new Error('the executable is built on Linux, for Linux');
if (!existsSync(staticDirectory)) throw new Error(`${staticDirectory} does not exist: run 'npm run build' first`);
const work = mkdtempSync(join(tmpdir(), 'clock-package-'));
try {
  const main = join(work, 'clock.cjs');
  const node = nodePackage(work);
  const packages = packagesInside(await bundleServer(main), node);
  await assemble(main, strippedNode(node, join(work, 'node')), join(work, 'clock'));
  mkdirSync(output, { recursive: true });
  // Replaced in one step, since the previous executable may be running.
  copyFileSync(join(work, 'clock'), `${executable}.new`);
  renameSync(`${executable}.new`, executable);
  // The image loads the addon from beside the executable, since nothing in it is writable.
  copyFileSync(addonFile(arch), join(output, 'uws.node'));
  writeFileSync(join(output, 'packages.json'), JSON.stringify(packages, null, 2));
  writeFileSync(join(output, 'THIRD-PARTY-LICENSES'), licenseTexts(packages));
} finally {
  rmSync(work, { recursive: true, force: true });
}
const { size } = statSync(executable);
if (size > maxBytes) throw new Error(`${executable} is larger than ${maxBytes} bytes: ${size}`);
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
    // uWebSockets.js is loaded from an asset instead, and supports-color is optional.
    external: ['uWebSockets.js', 'supports-color'],
    define: { ...shared.define, 'import.meta.url': '"file:///"' },
  });
  return metafile;
}

/** Copies Node without its symbols, a seventh of its size. Stripping it later would destroy the injected blob. */
function strippedNode(node: string, path: string): string {
  copyFileSync(join(node, 'bin/node'), path);
  execFileSync(strip, [path]);
  return path;
}

async function assemble(main: string, nodePath: string, file: string): Promise<void> {
  const statics = readdirSync(staticDirectory).map((name) => [`static/${name}`, join(staticDirectory, name)]);
  const seaConfig = {
    disableExperimentalSEAWarning: true,
    useSnapshot: false,
    useCodeCache: false,
    execArgv: ['--disable-warning=ExperimentalWarning'],
    // The executable ignores NODE_OPTIONS.
    execArgvExtension: 'none',
    assets: { ...Object.fromEntries(statics), 'uws.node': addonFile(arch) },
  };
  const target = { nodeRange: 'node22', platform: 'linux' as const, arch, output: file };
  // With `useLocalNode` this Node prepares the data, since that of the target may not run here.
  await pkgSea.default(main, { nodePath, useLocalNode: true, seaConfig, targets: [target] });
}
