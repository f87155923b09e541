import type { Settings } from '../backend.ts';
import type { DataFile } from './data-file.ts';

/** Settings in the data file. */
export class EmbeddedSettings implements Settings {
  readonly #file: DataFile;

  constructor(file: DataFile) {
    this.#file = file;
  }

  get(name: string): string | null {
    const row = this.#file.get('SELECT value FROM setting WHERE name = ?', name);
    return row === undefined ? null : String(row['value']);
  }

  put(name: string, value: string): void {
    this.#file.run('INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)', name, value);
  }

  delete(name: string): void {
    this.#file.run('DELETE FROM setting WHERE name = ?', name);
  }

  getOrCreate(name: string, make: () => string): string {
    const stored = this.get(name);
    if (stored !== null) return stored;
    // Another process may have inserted the value since; then its value counts.
    this.#file.run('INSERT OR IGNORE INTO setting (name, value) VALUES (?, ?)', name, make());
    return String(this.get(name));
  }

  /** Writes a value and deletes it again. Throws `Unavailable` if the file cannot be written. */
  test(): void {
    this.put('self-test', '');
    this.delete('self-test');
  }
}
