import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { getAsset, getRawAsset, isSea } from 'node:sea';
import { UserError } from './lifecycle.ts';

/**
 * The addon's name inside the executable, and in the executable's directory if it is installed there, as in the image.
 */
const addonName = 'uws.node';

/** Whether this process is the released executable, which contains its own files. */
export function isExecutable(): boolean {
  return isSea();
}

/** Reads a static file from the executable, or from `directory`, the build's output. Throws if it does not exist. */
export function readStaticFile(directory: string, name: string): Uint8Array {
  return isSea() ? new Uint8Array(getAsset(`static/${name}`)) : readFileSync(join(directory, name));
}

/**
 * Loads the addon that the executable contains and returns its exports. The system can load it only from a file: the
 * one in the executable's directory, or a temporary one. Throws a `UserError` that lists the directories it tried.
 */
export function loadBundledAddon(): unknown {
  const addon = new Uint8Array(getRawAsset(addonName));
  const installed = join(dirname(process.execPath), addonName);
  if (isTrustedCopy(installed, addon)) return open(installed);
  const failures: string[] = [];
  for (const directory of new Set([tmpdir(), '/tmp', '/dev/shm', '/run'])) {
    try {
      return openFrom(directory, addon);
    } catch (error) {
      failures.push(`${directory} (${reasonOf(error)})`);
    }
  }
  throw new UserError(
    `TMPDIR: set it to a writable directory that is not mounted noexec, to load the network library from; ` +
      `tried ${failures.join(', ')}`,
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

function openFrom(directory: string, addon: Uint8Array): unknown {
  const own = mkdtempSync(join(directory, 'clock-'));
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

/** A short reason for an error of a mount or a permission; the code or message of any other error. */
function reasonOf(error: unknown): string {
  const { code = '', message } = error as NodeJS.ErrnoException;
  if (message.includes('failed to map segment')) return 'noexec';
  // The loader's message, without the path of the deleted file.
  if (code === 'ERR_DLOPEN_FAILED') return message.replace(/^\S+: /, '');
  const reasons: Record<string, string> = {
    EROFS: 'read-only',
    EACCES: 'not writable',
    ENOENT: 'missing',
    ENOSPC: 'full',
  };
  return reasons[code] ?? (code || message);
}
