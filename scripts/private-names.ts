import { readFile } from 'node:fs/promises';
import type { Plugin } from 'esbuild';

/** The prefix of the property that replaces a private name; to be passed to esbuild's `mangleProps`. */
export const privatePrefix = /^_private_/;

/** `#name` where it is declared at the beginning of a line, or accessed. A `#` in a text is neither. */
const privateName = /(^ *(?:(?:static|readonly|async|get|set) )*\*?|\.)#(?=[A-Za-z])/gm;

/**
 * Turns private names into properties. Old browsers do not know them, and what esbuild writes instead, a WeakMap for
 * each, costs time at every access and 1 kB in the bundle.
 */
export const privateNames: Plugin = {
  name: 'private-names',
  setup(build) {
    build.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const contents = (await readFile(path, 'utf8')).replace(privateName, '$1_private_');
      return { contents, loader: 'ts' };
    });
  },
};
