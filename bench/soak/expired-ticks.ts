import type { Interruption } from '../../test/support/tick-ledger.ts';
import type { RoleSlot } from './role-slot.ts';

const everyMs = 1_000;

/** Reads once a second how many ticks each web process has dropped because they arrived expired. */
export class ExpiredTicks {
  /** When a web process dropped ticks. */
  readonly interruptions: Interruption[] = [];
  readonly #webs: readonly RoleSlot[];
  readonly #latest = new Map<number, { pid: number; count: number; at: number }>();
  readonly #timer: NodeJS.Timeout;

  constructor(webs: readonly RoleSlot[]) {
    this.#webs = webs;
    this.#timer = setInterval(() => {
      // A process that is being replaced does not answer.
      for (const web of webs.keys()) this.#read(web).catch(() => {});
    }, everyMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #read(web: number): Promise<void> {
    const { process } = this.#webs[web] as RoleSlot;
    const count = await process.metric('clock_ticks_expired_total');
    const before = this.#latest.get(web);
    const at = Date.now();
    this.#latest.set(web, { pid: process.pid, count, at });
    if (before?.pid === process.pid && count > before.count) {
      this.interruptions.push({ cause: 'expiry', web, from: before.at, to: at });
    }
  }
}
