/** Lists the packages that the executable contains, for its licence texts and its bill of materials. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Metafile } from 'esbuild';
import { addonFile } from './addon.ts';
import { root } from './server-bundle.ts';

export interface Package {
  name: string;
  version: string;
  license: string;
  /** Absolute, or relative to the root of the checkout. */
  directory: string;
}

/** The packages that esbuild bundled, uWebSockets.js and Node, whose directory is `node`, sorted by name. */
export function packagesInside(metafile: Metafile, node: string): Package[] {
  const bundled = Object.keys(metafile.inputs).map(
    (path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(path)?.[0],
  );
  const addon = dirname(dirname(dirname(addonFile()))).slice(root.length + 1);
  const directories = new Set([...bundled.filter((directory) => directory !== undefined), addon, node]);
  return [...directories]
    .map((directory) => {
      const { name, version, license } = JSON.parse(readFileSync(resolve(root, directory, 'package.json'), 'utf8'));
      return { name, version, license, directory };
    })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** Concatenates the full licence texts. Throws if a package has none. */
export function licenseTexts(packages: readonly Package[]): string {
  return packages
    .map(({ name, version, license, directory }) => {
      const file = readdirSync(resolve(root, directory)).find((entry) => /^(licen[sc]e|copying)/i.test(entry));
      if (file === undefined) throw new Error(`${name} has no licence file in ${directory}`);
      const text = readFileSync(resolve(root, directory, file), 'utf8').trim();
      return `${'='.repeat(80)}\n${name} ${version} (${license})\n${'='.repeat(80)}\n\n${text}\n`;
    })
    .join('\n');
}
