import { existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const directories: string[] = [];

/** The wall clock of processes, which can be set while they run. Their monotonic clock is the real one. */
export class WallClock {
  readonly #file: string;
  readonly env: Record<string, string>;

  /** `setting`: an offset in seconds such as `+3600`, or `@` and the date at which the clock starts. */
  constructor(setting: string) {
    const directory = mkdtempSync(join(tmpdir(), 'clock-time-'));
    directories.push(directory);
    this.#file = join(directory, 'setting');
    this.set(setting);
    this.env = {
      LD_PRELOAD: faketimeLibrary(),
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    };
  }

  /** Removes the files of all wall clocks of this test file. */
  static removeAll(): void {
    for (const directory of directories) rmSync(directory, { recursive: true, force: true });
  }

  set(setting: string): void {
    // libfaketime reads the file at each reading of the clock, so it is replaced in one step.
    writeFileSync(`${this.#file}.new`, `${setting}\n`);
    renameSync(`${this.#file}.new`, this.#file);
  }
}

/** The path of Debian's libfaketime, which sets the wall clock of a single process. */
function faketimeLibrary(): string {
  const paths = ['x86_64', 'aarch64'].map((machine) => `/usr/lib/${machine}-linux-gnu/faketime/libfaketime.so.1`);
  const found = paths.find((path) => existsSync(path));
  if (found === undefined) throw new Error('libfaketime is missing: install it, as root: apt-get install libfaketime');
  return found;
}
