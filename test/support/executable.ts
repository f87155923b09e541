import { chmodSync, copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { updateDist } from './dist.ts';

const built = join(import.meta.dirname, '../../dist/clock');
const isRoot = process.getuid?.() === 0;

interface Environment {
  env?: Readonly<Record<string, string>>;
  /** Mounts an empty file system with these options on each directory. */
  mounts?: Readonly<Record<string, string>>;
}

/** A copy of the built executable in a new directory that every user can read; outside `/tmp`, on which tests mount. */
export class LoneExecutable implements Disposable {
  readonly directory = mkdtempSync('/var/tmp/clock-executable-');
  readonly path = join(this.directory, 'clock');

  constructor() {
    updateDist('package');
    chmodSync(this.directory, 0o755);
    copyFileSync(built, this.path);
  }

  /** The command that runs it in `/` with this environment alone; as uid 10001 if the tests run as root. */
  command({ env = {}, mounts = {} }: Environment = {}): string[] {
    const asAnother = isRoot ? ['/usr/bin/setpriv', '--reuid=10001', '--regid=10001', '--clear-groups'] : [];
    const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    const bare = ['/usr/bin/env', '--ignore-environment', '--chdir=/', ...variables, ...asAnother, this.path];
    if (Object.keys(mounts).length === 0) return bare;
    const script = Object.entries(mounts).map(
      ([directory, options]) => `mount -t tmpfs -o ${options} tmpfs ${directory}`,
    );
    const unshare = ['/usr/bin/unshare', ...(isRoot ? [] : ['--map-root-user']), '--mount'];
    return [...unshare, '/bin/sh', '-c', `${script.join(' && ')} && exec "$@"`, 'sh', ...bare];
  }

  /** Makes a new directory that uid 10001 can write to. */
  writableDirectory(): string {
    const directory = mkdtempSync(join(this.directory, 'data-'));
    chmodSync(directory, 0o777);
    return directory;
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}
