import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A program that runs beside the test with a directory of its own, which `stop` deletes. */
export class BrowserProcess {
  readonly directory: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  #errors = '';

  constructor(
    file: string,
    args: (directory: string) => readonly string[],
    env: Readonly<Record<string, string>> = {},
  ) {
    this.directory = mkdtempSync(join(tmpdir(), 'clock-browser-'));
    const { PATH } = process.env;
    const settings = {
      PATH,
      LANG: 'C.UTF-8',
      TZ: 'UTC',
      HOME: this.directory,
      XDG_RUNTIME_DIR: this.directory,
      ...env,
    };
    this.#child = spawn(file, args(this.directory), { env: settings, stdio: ['ignore', 'ignore', 'pipe'] });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#errors += text));
    this.#child.on('error', (error) => (this.#errors += error.message));
    this.#ended = once(this.#child, 'close').catch(() => {});
  }

  /** Throws what the program printed if it has ended. */
  assertRunning(): void {
    if (this.#child.exitCode === null && this.#child.signalCode === null && this.#child.pid !== undefined) return;
    throw new Error(`${this.#child.spawnfile} ended: ${this.#errors}`);
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 5 });
  }
}
