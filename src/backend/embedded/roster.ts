import { connectionReportLifetimeMs, type ConnectionReport, type Roster, type RosterChanges } from '../backend.ts';

interface Report {
  count: number;
  at: number;
  version: number;
  rows: Map<string, object>;
}

/** The latest report of each process, in memory. */
export class EmbeddedRoster {
  readonly #reports = new Map<string, Report>();

  /** Stores the report of `owner` at the time `now`. */
  report(owner: string, count: number, { after, rows }: RosterChanges, now: number): ConnectionReport {
    const known = this.#reports.get(owner);
    const report = after !== 0 && known?.version === after ? known : { count, at: now, version: 0, rows: new Map() };
    this.#reports.set(owner, Object.assign(report, { count, at: now }));
    if (after === 0) report.version = Math.floor(now);
    if (report.version !== 0) apply(report, rows);
    this.#dropOld(now);
    let total = 0;
    for (const each of this.#reports.values()) total += each.count;
    return { total, rosterVersion: report.version };
  }

  read(now: number): Roster {
    this.#dropOld(now);
    return new Map([...this.#reports].map(([owner, { rows }]) => [owner, rows]));
  }

  #dropOld(now: number): void {
    for (const [owner, { at }] of this.#reports) {
      if (Math.abs(now - at) > connectionReportLifetimeMs) this.#reports.delete(owner);
    }
  }
}

function apply(report: Report, rows: RosterChanges['rows']): void {
  const changed = Object.entries(rows);
  if (changed.length > 0) report.version += 1;
  for (const [key, row] of changed) {
    if (row === null) report.rows.delete(key);
    else report.rows.set(key, row);
  }
}
