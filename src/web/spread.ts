import { runInBackground } from '../background.ts';
import { Unavailable, type Backend } from '../backend/backend.ts';
import type { Service } from '../lifecycle.ts';
import type { Roster } from '../screens/roster.ts';
import type { Housekeeping } from './housekeeping.ts';

const minMs = 500;
const maxMs = 8_000;
const msPerSocket = 0.7;

export interface SpreadOptions {
  backend: Pick<Backend, 'reportConnections'>;
  /** Identifies this process among those that report. */
  owner: string;
  connections: () => number;
  roster: Pick<Roster, 'changes' | 'confirm'>;
  housekeeping: Pick<Housekeeping, 'add'>;
}

/**
 * The period over which screens distribute their reconnects after an outage, ms; it grows with the number of sockets of
 * the installation. Reports the sockets of this process about once a second.
 */
export class Spread implements Service {
  readonly name = 'spread';
  readonly #options: SpreadOptions;
  #stopReports = (): void => {};
  #isReporting = false;
  #ms = minMs;

  constructor(options: SpreadOptions) {
    this.#options = options;
  }

  get ms(): number {
    return this.#ms;
  }

  async start(): Promise<void> {
    await this.#report();
    this.#stopReports = this.#options.housekeeping.add(() => runInBackground(this.#report()));
  }

  async stop(): Promise<void> {
    this.#stopReports();
  }

  async #report(): Promise<void> {
    // Two reports at once would each have the same previous one.
    if (this.#isReporting) return;
    const { backend, owner, connections, roster } = this.#options;
    this.#isReporting = true;
    try {
      const { total, rosterVersion } = await backend.reportConnections(owner, connections(), roster.changes());
      roster.confirm(rosterVersion);
      this.#ms = Math.round(Math.min(maxMs, Math.max(minMs, total * msPerSocket)));
    } catch (error) {
      // During an outage the last total stays in use.
      if (!(error instanceof Unavailable)) throw error;
    } finally {
      this.#isReporting = false;
    }
  }
}
