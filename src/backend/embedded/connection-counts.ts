import { connectionReportLifetimeMs } from '../backend.ts';

/** The latest number of sockets that each process reported. */
export class ConnectionCounts {
  readonly #reports = new Map<string, { count: number; at: number }>();

  /** Stores the report of `owner` at the time `now`. Returns the sum of all reports that still count. */
  report(owner: string, count: number, now: number): number {
    this.#reports.set(owner, { count, at: now });
    let sum = 0;
    for (const [name, report] of this.#reports) {
      if (Math.abs(now - report.at) > connectionReportLifetimeMs) this.#reports.delete(name);
      else sum += report.count;
    }
    return sum;
  }
}
