import type { Logger } from '../../logger.ts';
import { alignedInterval } from '../../time/aligned-interval.ts';
import { HostTime, type HouseTime } from '../../time/house-time.ts';
import {
  Unavailable,
  type Backend,
  type ConnectionReport,
  type DurabilityProblem,
  type Outage,
  type Roster,
  type RosterChanges,
  type SelfTestResult,
} from '../backend.ts';
import type { Limiter } from '../limiter.ts';
import type { LastTick } from '../ticks.ts';
import { DataFile } from './data-file.ts';
import { EmbeddedLimiter } from './limiter.ts';
import { EmbeddedPublications } from './publications.ts';
import { EmbeddedRecords } from './records.ts';
import { RosterExchange } from './roster-exchange.ts';
import { EmbeddedRoster } from './roster.ts';
import { EmbeddedSettings } from './settings.ts';
import { EmbeddedTicks } from './ticks.ts';

export interface EmbeddedBackendOptions {
  dataDir: string;
  /** The channels whose ticks `subscribe` delivers. */
  channels: readonly string[];
  log: Logger;
  /** Whether this process serves the data. At most one process does; any number of others may access it. */
  exclusive: boolean;
}

/** How often the writes of other processes are polled, ms. */
const pollEveryMs = 250;
/** How often the last ticks are saved, ms. Storage such as an SD card wears out with each write. */
const saveEveryMs = 60_000;
/** How often the backend checks whether the last ticks must be saved, and retries a failed write, ms. */
const checkSaveEveryMs = 1_000;
const lastTicksSetting = 'last-ticks';

/** Runs an installation in one process and stores its lasting data in a file. */
export class EmbeddedBackend implements Backend {
  readonly name = 'data file';
  readonly address: string;
  readonly time: HouseTime = new HostTime();
  readonly ticks: EmbeddedTicks;
  readonly publications: EmbeddedPublications;
  readonly records: EmbeddedRecords;
  readonly limiter: Limiter = new EmbeddedLimiter();
  readonly settings: EmbeddedSettings;
  readonly #options: EmbeddedBackendOptions;
  readonly #file: DataFile;
  readonly #roster = new EmbeddedRoster();
  readonly #rosterExchange: RosterExchange;
  readonly #endIntervals: (() => void)[] = [];
  #outage: Outage | null = 'starting';
  #outageReason: string | null = null;
  #savedAtMs = -Infinity;
  #savedZonesAndIntervals = '';

  constructor(options: EmbeddedBackendOptions) {
    this.#options = options;
    this.#file = new DataFile(options.dataDir, (failure) => this.#onFailure(failure));
    this.address = this.#file.path;
    this.ticks = new EmbeddedTicks(this.time, options.channels, options.log);
    this.publications = new EmbeddedPublications(this.#file, this.time, options.log);
    this.records = new EmbeddedRecords(this.#file, this.time, options.log);
    this.settings = new EmbeddedSettings(this.#file);
    this.#rosterExchange = new RosterExchange(this.records, this.settings);
    if (options.exclusive) this.#rosterExchange.serve(() => this.#roster.read(this.time.now()));
  }

  get outage(): Outage | null {
    return this.#outage;
  }

  get outageReason(): string | null {
    return this.#outageReason;
  }

  async start(): Promise<void> {
    const { exclusive } = this.#options;
    this.#file.open(exclusive);
    this.records.markAsRead();
    this.publications.markAsRead();
    this.ticks.restore(JSON.parse(this.settings.get(lastTicksSetting) ?? '[]') as [string, LastTick][]);
    this.#outage = null;
    this.#every(pollEveryMs, () => {
      this.publications.poll();
      this.records.poll();
    });
    if (exclusive) this.#every(checkSaveEveryMs, () => this.#saveIfDue());
  }

  async stop(): Promise<void> {
    for (const end of this.#endIntervals.splice(0)) end();
    if (this.#options.exclusive && this.#outage !== 'starting') this.#attempt(() => this.#saveLastTicks());
    this.#file.close();
    this.#outage = 'starting';
    this.#outageReason = null;
  }

  async reportConnections(owner: string, count: number, changes: RosterChanges): Promise<ConnectionReport> {
    return this.#roster.report(owner, count, changes, this.time.now());
  }

  async readRoster(): Promise<Roster> {
    return this.#options.exclusive ? this.#roster.read(this.time.now()) : this.#rosterExchange.request();
  }

  async checkDurability(): Promise<DurabilityProblem[]> {
    return [];
  }

  async selfTest(): Promise<SelfTestResult[]> {
    try {
      this.settings.test();
      return [{ name: 'write', problem: null }];
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      return [{ name: 'write', problem: error.reason ?? error.outage }];
    }
  }

  #every(ms: number, step: () => void): void {
    this.#endIntervals.push(alignedInterval(() => this.#attempt(step), ms));
  }

  /** Runs a step whose caller handles no errors. */
  #attempt(step: () => void): void {
    try {
      step();
    } catch (error) {
      // `#onFailure` has already handled a failure of the file.
      if (error instanceof Unavailable) return;
      this.#options.log.error({ err: error }, 'unexpected error in the embedded backend');
    }
  }

  /**
   * Saves the last ticks every minute, and at once after a change of a zone or interval, which a restarted process
   * needs. During an outage it retries at each call.
   */
  #saveIfDue(): void {
    const isDue = performance.now() - this.#savedAtMs >= saveEveryMs;
    if (isDue || this.#outage !== null || this.#zonesAndIntervals() !== this.#savedZonesAndIntervals)
      this.#saveLastTicks();
  }

  #saveLastTicks(): void {
    const { log } = this.#options;
    const zonesAndIntervals = this.#zonesAndIntervals();
    this.settings.put(lastTicksSetting, JSON.stringify([...this.ticks.lastTicks]));
    this.#savedAtMs = performance.now();
    this.#savedZonesAndIntervals = zonesAndIntervals;
    if (this.#outage !== null) log.info({ address: this.address }, 'data can be written again');
    this.#outage = null;
    this.#outageReason = null;
  }

  /** The zone and the interval of each channel. Web and page take them from the last tick. */
  #zonesAndIntervals(): string {
    return JSON.stringify([...this.ticks.lastTicks].map(([channel, { zone, everyMs }]) => [channel, zone, everyMs]));
  }

  #onFailure(failure: Unavailable): void {
    const { log, exclusive } = this.#options;
    // A command reports the failure itself and ends.
    if (!exclusive || this.#outage === 'starting') return;
    if (this.#outage === null) log.error({ address: this.address, err: failure.cause }, 'data cannot be written');
    this.#outage = failure.outage;
    this.#outageReason = failure.reason;
  }
}
