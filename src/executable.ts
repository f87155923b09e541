import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { getAsset, getRawAsset, isSea } from 'node:sea';
import { UserError } from './lifecycle.ts';

/** The addon's name inside the executable, and in the executable's folder if it is installed there, as in the image. */
const addonName = 'uws.node';

/** Whether this process is the released executable, which contains its own files. */
export function isExecutable(): boolean {
  return isSea();
}

/** Reads a static file from the executable, or from `folder`, the build's output. Throws if it does not exist. */
export function readStaticFile(folder: string, name: string): Uint8Array {
  return isSea() ? new Uint8Array(getAsset(`static/${name}`)) : readFileSync(join(folder, name));
}

/**
 * Loads the addon that the executable contains and returns its exports. The system can load it only from a file: the
 * one in the executable's folder, or a temporary one. Throws a `UserError` that names every folder that was tried.
 */
export function loadCarriedAddon(): unknown {
  const addon = new Uint8Array(getRawAsset(addonName));
  const beside = join(dirname(process.execPath), addonName);
  if (isTrustedCopy(beside, addon)) return open(beside);
  const refusals: string[] = [];
  for (const folder of new Set([tmpdir(), '/tmp', '/dev/shm', '/run'])) {
    try {
      return openFrom(folder, addon);
    } catch (error) {
      refusals.push(`${folder} (${reasonOf(error)})`);
    }
  }
  throw new UserError(
    `TMPDIR: name a writable folder that is not mounted noexec; the network library is loaded from there; ` +
      `tried ${refusals.join(', ')}`,
  );
}

/** Whether a file is exactly this addon and only its owner, root or this user, can write it. */
function isTrustedCopy(path: string, addon: Uint8Array): boolean {
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

/** A word for the errors of mounts and permissions; the error itself for any other. */
function reasonOf(error: unknown): string {
  const { code = '', message } = error as NodeJS.ErrnoException;
  if (message.includes('failed to map segment')) return 'noexec';
  // The loader's message, without the path of the deleted file.
  if (code === 'ERR_DLOPEN_FAILED') return message.replace(/^\S+: /, '');
  const words: Record<string, string> = {
    EROFS: 'read-only',
    EACCES: 'not writable',
    ENOENT: 'missing',
    ENOSPC: 'full',
  };
  return words[code] ?? (code || message);
}
