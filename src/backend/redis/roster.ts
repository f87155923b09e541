import { connectionReportLifetimeMs, type ConnectionReport, type Roster, type RosterChanges } from '../backend.ts';
import type { HouseTime } from '../../time/house-time.ts';
import type { HealthCheck } from './health-check.ts';
import type { Keys } from './keys.ts';
import type { ReconnectingConnection } from './reconnecting-connection.ts';

/** What was read is released if it is not read again for this long. */
const cachedForMs = 60_000;

type Rows = Map<string, object>;
interface CachedRows {
  version: number;
  rows: Rows;
}
type ChangedRows = Record<string, string | null>;

/** The roster in Redis. A reader stores the rows of each process, and then reads the list of their changes. */
export class RedisRoster {
  readonly #commands: ReconnectingConnection;
  readonly #healthCheck: Pick<HealthCheck, 'runAsCheck'>;
  readonly #keys: Keys;
  readonly #time: HouseTime;
  #cached = new Map<string, CachedRows>();
  #reading: Promise<Roster> | null = null;
  /** Monotonic ms. */
  #readAt = -Infinity;

  constructor(commands: ReconnectingConnection, healthCheck: HealthCheck, keys: Keys, time: HouseTime) {
    this.#commands = commands;
    this.#healthCheck = healthCheck;
    this.#keys = keys;
    this.#time = time;
  }

  async report(owner: string, count: number, { after, rows }: RosterChanges): Promise<ConnectionReport> {
    if (performance.now() - this.#readAt > cachedForMs) this.#cached.clear();
    const { connections, ofHealthCheck } = this.#keys;
    const keys = [connections, this.#keys.roster(owner), this.#keys.rosterChanges(owner), ...ofHealthCheck] as const;
    const texts: ChangedRows = {};
    for (const [key, row] of Object.entries(rows)) texts[key] = row === null ? null : JSON.stringify(row);
    const [total, version] = await this.#healthCheck.runAsCheck((client) =>
      client.reportConnections(...keys, owner, count, after, JSON.stringify(texts)),
    );
    return { total, rosterVersion: Number(version) };
  }

  read(): Promise<Roster> {
    this.#reading ??= this.#read().finally(() => (this.#reading = null));
    return this.#reading;
  }

  async #read(): Promise<Roster> {
    this.#readAt = performance.now();
    const reports = await this.#commands.run((client) => client.hgetall(this.#keys.connections));
    const now = this.#time.now();
    const current = new Map<string, CachedRows>();
    for (const [owner, report] of Object.entries(reports)) {
      const [, at, version = 0] = report.split(':').map(Number);
      if (at === undefined || Math.abs(now - at) > connectionReportLifetimeMs) continue;
      const known = this.#cached.get(owner) ?? { version: 0, rows: new Map() };
      const isChanged = version !== 0 && version !== known.version;
      current.set(owner, isChanged ? await this.#readChanges(owner, known, version) : known);
    }
    this.#cached = current;
    return new Map([...current].map(([owner, { rows }]) => [owner, rows]));
  }

  async #readChanges(owner: string, known: CachedRows, version: number): Promise<CachedRows> {
    const missing = known.version === 0 ? 0 : version - known.version;
    const list =
      missing > 0
        ? await this.#commands.run((client) => client.lrange(this.#keys.rosterChanges(owner), -missing, -1))
        : [];
    // A report during the read shifts the list, and a replacement of all rows is not in it.
    const isComplete = list.length > 0 && list.every((entry, n) => versionOf(entry) === known.version + 1 + n);
    if (!isComplete) return this.#readAll(owner);
    for (const entry of list) apply(known.rows, JSON.parse(entry.slice(entry.indexOf(' '))) as ChangedRows);
    return { version, rows: known.rows };
  }

  async #readAll(owner: string): Promise<CachedRows> {
    const { '': version = '0', ...texts } = await this.#commands.run((client) =>
      client.hgetall(this.#keys.roster(owner)),
    );
    const rows: Rows = new Map();
    apply(rows, texts);
    return { version: Number(version), rows };
  }
}

function versionOf(entry: string): number {
  return Number(entry.slice(0, entry.indexOf(' ')));
}

function apply(rows: Rows, changes: ChangedRows): void {
  for (const [key, text] of Object.entries(changes)) {
    if (text === null) rows.delete(key);
    else rows.set(key, JSON.parse(text) as object);
  }
}
