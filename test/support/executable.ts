import { chmodSync, copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const built = join(import.meta.dirname, '../../dist/clock');
const isRoot = process.getuid?.() === 0;

/** What `clock` is called as when another user calls it with nothing around it, each folder named by what it is. */
export interface Surroundings {
  env?: Readonly<Record<string, string>>;
  /** Folders on which an empty file system is mounted, with these options. */
  mounts?: Readonly<Record<string, string>>;
}

/**
 * The built executable alone in a fresh folder that every user can read. Not in `/tmp`: tests mount something else
 * there.
 */
export class LoneExecutable implements Disposable {
  readonly folder = mkdtempSync('/var/tmp/clock-executable-');
  readonly path = join(this.folder, 'clock');

  constructor() {
    if (!existsSync(built)) throw new Error(`there is no ${built}: run 'npm run package' first`);
    chmodSync(this.folder, 0o755);
    copyFileSync(built, this.path);
  }

  /** Calls it with no environment but what is given, in `/`, and as uid 10001 (as ourselves when we are not root). */
  command({ env = {}, mounts = {} }: Surroundings = {}): string[] {
    const asAnother = isRoot ? ['/usr/bin/setpriv', '--reuid=10001', '--regid=10001', '--clear-groups'] : [];
    const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    const bare = ['/usr/bin/env', '--ignore-environment', '--chdir=/', ...variables, ...asAnother, this.path];
    if (Object.keys(mounts).length === 0) return bare;
    const script = Object.entries(mounts).map(([folder, options]) => `mount -t tmpfs -o ${options} tmpfs ${folder}`);
    const unshare = ['/usr/bin/unshare', ...(isRoot ? [] : ['--map-root-user']), '--mount'];
    return [...unshare, '/bin/sh', '-c', `${script.join(' && ')} && exec "$@"`, 'sh', ...bare];
  }

  /** A fresh folder that uid 10001 can write, inside its own. */
  writableFolder(): string {
    const folder = mkdtempSync(join(this.folder, 'data-'));
    chmodSync(folder, 0o777);
    return folder;
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
