import type { Logger } from '../../logger.ts';
import { HostTime, type HouseTime } from '../../time/house-time.ts';
import { Unavailable, type Backend, type Durability, type LastTick, type Limiter, type Outage } from '../backend.ts';
import { ConnectionCounts } from './connection-counts.ts';
import { DataFile } from './data-file.ts';
import { EmbeddedLimiter } from './limiter.ts';
import { EmbeddedRecords } from './records.ts';
import { EmbeddedSettings } from './settings.ts';
import { EmbeddedTicks } from './ticks.ts';

export { databaseFile } from './data-file.ts';

export interface EmbeddedBackendOptions {
  dataDir: string;
  /** The channels that `subscribe` hands on. */
  channels: readonly string[];
  log: Logger;
  /** Whether this process serves the data: one can, while any number work on it. */
  exclusive: boolean;
}

/** How often it looks for what other processes wrote. */
const lookEveryMs = 250;
/** How often the last ticks are written down; it is also how it is known that the file can be written. */
const saveEveryMs = 1_000;
const lastTicksSetting = 'last-ticks';

/** Keeps an installation inside one process, and what lasts of it in a file. */
export class EmbeddedBackend implements Backend {
  readonly name = 'data file';
  readonly address: string;
  readonly time: HouseTime = new HostTime();
  readonly ticks: EmbeddedTicks;
  readonly records: EmbeddedRecords;
  readonly limiter: Limiter = new EmbeddedLimiter();
  readonly #options: EmbeddedBackendOptions;
  readonly #file: DataFile;
  readonly settings: EmbeddedSettings;
  readonly #census = new ConnectionCounts();
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
    this.records.begin();
    this.ticks.restore(JSON.parse(this.settings.get(lastTicksSetting) ?? '[]') as [string, LastTick][]);
    this.#outage = null;
    this.#every(lookEveryMs, () => this.#look());
    if (exclusive) this.#every(saveEveryMs, () => this.#saveLastTicks());
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers.splice(0)) clearInterval(timer);
    if (this.#options.exclusive && this.#outage !== 'starting') this.#saveLastTicks();
    this.#file.close();
    this.#outage = 'starting';
  }

  async reportConnections(owner: string, sockets: number): Promise<number> {
    return this.#census.report(owner, sockets, this.time.now());
  }

  /** SQLite writes to disk and evicts nothing. */
  async checkDurability(): Promise<Durability> {
    return { persistence: null, eviction: null };
  }

  #every(ms: number, step: () => void): void {
    this.#timers.push(setInterval(step, ms).unref());
  }

  #look(): void {
    try {
      this.records.look();
    } catch (error) {
      // The next look will tell; whether the file is well is told by writing to it.
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
