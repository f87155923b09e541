import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { getAsset, getRawAsset, isSea } from 'node:sea';
import { UserError } from './lifecycle.ts';

/** The addon's name inside the executable, and beside it where it is laid there, as in the image. */
const addonName = 'uws.node';

/** Whether this process is the released executable, which carries its files inside itself. */
export function isExecutable(): boolean {
  return isSea();
}

/** A static file: from inside the executable, or from `folder`, where the build put it. Throws when there is none. */
export function readStaticFile(folder: string, name: string): Uint8Array {
  return isSea() ? new Uint8Array(getAsset(`static/${name}`)) : readFileSync(join(folder, name));
}

/**
 * The exports of the addon that the executable carries. The system loads it from a file alone: the one beside the
 * executable, or one that is there for no longer than that takes. Throws a `Failure` that names every place tried.
 */
export function loadCarriedAddon(): unknown {
  const addon = new Uint8Array(getRawAsset(addonName));
  const beside = join(dirname(process.execPath), addonName);
  if (isTheSame(beside, addon)) return open(beside);
  const refusals: string[] = [];
  for (const folder of new Set([tmpdir(), '/tmp', '/dev/shm', '/run'])) {
    try {
      return openFrom(folder, addon);
    } catch (error) {
      refusals.push(`${folder} (${reasonOf(error)})`);
    }
  }
  throw new UserError(
    `TMPDIR: name a folder that can be written and is not mounted noexec, to load the network part from; ` +
      `tried ${refusals.join(', ')}`,
  );
}

/** Whether that file is ours to trust: nobody else can have written it, and it is of this very version. */
function isTheSame(path: string, addon: Uint8Array): boolean {
  try {
    const { uid, mode } = statSync(path);
    const onlyItsOwnerWrites = (mode & 0o022) === 0;
    return onlyItsOwnerWrites && (uid === 0 || uid === process.getuid?.()) && readFileSync(path).equals(addon);
  } catch {
    return false;
  }
}

function openFrom(folder: string, addon: Uint8Array): unknown {
  const own = mkdtempSync(join(folder, 'clock-'));
  try {
    const path = join(own, addonName);
    writeFileSync(path, addon, { mode: 0o500, flag: 'wx' });
    return open(path);
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
}

function open(path: string): unknown {
  const module = { exports: {} };
  process.dlopen(module, path);
  return module.exports;
}

/** In a word, where it is one of the reasons that mounts and permissions make. */
function reasonOf(error: unknown): string {
  const { code = '', message } = error as NodeJS.ErrnoException;
  if (message.includes('failed to map segment')) return 'noexec';
  // The loader's own words, without the path that is gone already.
  if (code === 'ERR_DLOPEN_FAILED') return message.replace(/^\S+: /, '');
  const words: Record<string, string> = {
    EROFS: 'read-only',
    EACCES: 'not writable',
    ENOENT: 'not there',
    ENOSPC: 'full',
  };
  return words[code] ?? (code || message);
}
