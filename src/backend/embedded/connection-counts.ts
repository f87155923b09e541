import { connectionReportLifetimeMs } from '../backend.ts';

/** How many sockets there are, as their owners told. */
export class ConnectionCounts {
  readonly #told = new Map<string, { sockets: number; at: number }>();

  /** Keeps what `owner` tells at `now`; the sum over all that told within `censusMs`. */
  report(owner: string, sockets: number, now: number): number {
    this.#told.set(owner, { sockets, at: now });
    let sum = 0;
    for (const [name, told] of this.#told) {
      if (Math.abs(now - told.at) > connectionReportLifetimeMs) this.#told.delete(name);
      else sum += told.sockets;
    }
    return sum;
  }
}
