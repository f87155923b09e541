import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

const root = join(import.meta.dirname, '../..');
const dist = join(root, 'dist');
const sources = ['src', 'static', 'scripts', 'package.json', 'package-lock.json'];
const outputs = { build: ['clock.js', 'static/assets.json'], package: ['clock'] };

/** A script of `scripts/` that writes to `dist/`. */
export type DistScript = keyof typeof outputs;

/** vitest's global setup of the projects that run `dist/`: rebuilds it before the tests and before each rerun. */
export function setup(project: TestProject): void {
  updateDist('build');
  project.onTestsRerun(() => updateDist('build'));
}

/** Runs the script if its output is missing or older than the sources. Throws if the script fails. */
export function updateDist(script: DistScript): void {
  if (!isStale(script)) return;
  mkdirSync(dist, { recursive: true });
  // The lock is shared with other test runs and workers. The Node of node_modules runs TypeScript.
  const command = [join(root, 'node_modules/.bin/node'), join(import.meta.dirname, 'update-dist.ts'), script];
  execFileSync('flock', [dist, ...command], { stdio: ['ignore', 'ignore', 'inherit'] });
}

export function isStale(script: DistScript): boolean {
  const builtAt = Math.min(...outputs[script].map((name) => modifiedAt(join(dist, name))));
  return sources.some((name) => newestIn(join(root, name)) > builtAt);
}

/** The last change in a file or directory, deleted files included, since they change their directory. */
function newestIn(path: string): number {
  const children = statSync(path).isDirectory() ? readdirSync(path, { recursive: true, encoding: 'utf8' }) : [];
  return Math.max(modifiedAt(path), ...children.map((name) => modifiedAt(join(path, name))));
}

/** 0 for a file that does not exist. */
function modifiedAt(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
