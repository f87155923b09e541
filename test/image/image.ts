import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** The configuration of an image in Docker's format. */
interface ImageConfig {
  User: string;
  Env: string[];
  Entrypoint: string[];
  Cmd: string[];
  WorkingDir: string;
  ExposedPorts: Record<string, object>;
  Healthcheck: { Test: string[] };
  Labels: Record<string, string>;
}

/** The image that `build.sh` builds, and the bare Debian that it is based on. */
export class Image implements Disposable {
  readonly config: ImageConfig;
  readonly rootfs: string;
  readonly bareDebian: string;
  readonly #directory: string;

  constructor() {
    this.#directory = mkdtempSync('/var/tmp/clock-image-');
    execFileSync(join(import.meta.dirname, 'build.sh'), [this.#directory], { stdio: 'inherit' });
    this.config = JSON.parse(readFileSync(join(this.#directory, 'config.json'), 'utf8')).Docker.config;
    this.rootfs = realpathSync(join(this.#directory, 'rootfs'));
    this.bareDebian = join(this.#directory, 'base');
    for (const mountPoint of ['proc', 'dev']) mkdirSync(join(this.rootfs, mountPoint), { recursive: true });
  }

  /** Runs with the image's user and environment, a read-only root and no capabilities, as a restricted pod does. */
  restrictedCommand(env: Readonly<Record<string, string>> = {}): string[] {
    const [uid = '', gid = ''] = this.config.User.split(':');
    const mounts = [
      `mount --bind ${this.rootfs} ${this.rootfs}`,
      `mount -t tmpfs -o uid=${uid},gid=${gid},mode=700 tmpfs ${this.rootfs}/data`,
      `mount -t proc -o ro proc ${this.rootfs}/proc`,
      `mount --bind /dev ${this.rootfs}/dev`,
      `mount -o remount,bind,ro ${this.rootfs}`,
      `mount -t tmpfs -o ro tmpfs ${this.rootfs}/tmp`,
    ];
    const unshare = ['setpriv', '--no-new-privs', 'unshare', '--mount', 'sh', '-c'];
    const environment = ['env', '--ignore-environment', ...this.config.Env, ...variables(env)];
    const chroot = ['/usr/bin/unshare', `--root=${this.rootfs}`, `--wd=${this.config.WorkingDir}`];
    const user = [`--setgid=${gid}`, `--setuid=${uid}`];
    const script = `${mounts.join(' && ')} && exec "$@"`;
    return [...unshare, script, 'sh', ...environment, ...chroot, ...user, ...this.config.Entrypoint];
  }

  /** Runs with `buildah run`, which takes user and environment from the image. */
  buildahCommand(env: Readonly<Record<string, string>> = {}): string[] {
    const store = ['--root', join(this.#directory, 'storage'), '--runroot', join(this.#directory, 'run')];
    const run = ['run', '--isolation', 'chroot', '--cap-drop', 'all'];
    const settings = variables(env).flatMap((variable) => ['--env', variable]);
    const name = ['clock-test-run', '--', ...this.config.Entrypoint];
    return ['buildah', ...store, '--storage-driver', 'vfs', ...run, ...settings, ...name];
  }

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

function variables(env: Readonly<Record<string, string>>): string[] {
  return Object.entries(env).map(([name, value]) => `${name}=${value}`);
}
