import type { Logger } from '../../logger.ts';
import { HostTime, type HouseTime } from '../../time/house-time.ts';
import {
  Unavailable,
  type Backend,
  type DurabilityProblem,
  type LastTick,
  type Limiter,
  type Outage,
} from '../backend.ts';
import { ConnectionCounts } from './connection-counts.ts';
import { DataFile } from './data-file.ts';
import { EmbeddedLimiter } from './limiter.ts';
import { EmbeddedRecords } from './records.ts';
import { EmbeddedSettings } from './settings.ts';
import { EmbeddedTicks } from './ticks.ts';

export interface EmbeddedBackendOptions {
  dataDir: string;
  /** The channels whose ticks `subscribe` delivers. */
  channels: readonly string[];
  log: Logger;
  /** Whether this process serves the data. At most one process does; any number of others may work on it. */
  exclusive: boolean;
}

/** How often the writes of other processes are polled, ms. */
const pollEveryMs = 250;
/** How often the last ticks are saved, ms. A failure shows that the file cannot be written. */
const saveEveryMs = 1_000;
const lastTicksSetting = 'last-ticks';

/** Runs an installation in one process and stores its lasting data in a file. */
export class EmbeddedBackend implements Backend {
  readonly name = 'data file';
  readonly address: string;
  readonly time: HouseTime = new HostTime();
  readonly ticks: EmbeddedTicks;
  readonly records: EmbeddedRecords;
  readonly limiter: Limiter = new EmbeddedLimiter();
  readonly settings: EmbeddedSettings;
  readonly #options: EmbeddedBackendOptions;
  readonly #file: DataFile;
  readonly #connections = new ConnectionCounts();
  readonly #timers: NodeJS.Timeout[] = [];
  #outage: Outage | null = 'starting';

  constructor(options: EmbeddedBackendOptions) {
    this.#options = options;
    this.#file = new DataFile(options.dataDir);
    this.address = this.#file.path;
    this.ticks = new EmbeddedTicks(this.time, options.channels, options.log);
    this.records = new EmbeddedRecords(this.#file, this.time, options.log);
    this.settings = new EmbeddedSettings(this.#file);
  }

  get outage(): Outage | null {
    return this.#outage;
  }

  async start(): Promise<void> {
    const { exclusive } = this.#options;
    this.#file.open(exclusive);
    this.records.markAsRead();
    this.ticks.restore(JSON.parse(this.settings.get(lastTicksSetting) ?? '[]') as [string, LastTick][]);
    this.#outage = null;
    this.#every(pollEveryMs, () => this.#poll());
    if (exclusive) this.#every(saveEveryMs, () => this.#saveLastTicks());
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers.splice(0)) clearInterval(timer);
    if (this.#options.exclusive && this.#outage !== 'starting') this.#saveLastTicks();
    this.#file.close();
    this.#outage = 'starting';
  }

  async reportConnections(owner: string, count: number): Promise<number> {
    return this.#connections.report(owner, count, this.time.now());
  }

  async checkDurability(): Promise<DurabilityProblem[]> {
    return [];
  }

  #every(ms: number, step: () => void): void {
    this.#timers.push(setInterval(step, ms).unref());
  }

  #poll(): void {
    try {
      this.records.poll();
    } catch (error) {
      // The next poll reads it. Only writes decide whether there is an outage.
      if (!(error instanceof Unavailable)) throw error;
    }
  }

  #saveLastTicks(): void {
    const { log } = this.#options;
    try {
      this.settings.put(lastTicksSetting, JSON.stringify([...this.ticks.lastTicks]));
      if (this.#outage !== null) log.info({ address: this.address }, 'data can be written again');
      this.#outage = null;
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      if (this.#outage === null) log.error({ address: this.address, err: error.cause }, 'data cannot be written');
      this.#outage = error.outage;
    }
  }
}
