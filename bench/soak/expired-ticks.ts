import type { Interruption } from '../../test/support/tick-ledger.ts';
import { intervalMs } from './fault-list.ts';
import type { RoleSlot } from './role-slot.ts';
import { stallsOf, type Delay } from './stalls.ts';

const everyMs = 1_000;

/** When a web process dropped ticks. */
interface Drop {
  web: number;
  from: number;
  to: number;
  count: number;
}

/** Reads once a second how many ticks each web process has dropped because they arrived expired. */
export class ExpiredTicks {
  readonly #drops: Drop[] = [];
  readonly #webs: readonly RoleSlot[];
  readonly #latest = new Map<number, { pid: number; count: number; readAt: number }>();
  readonly #reading = new Set<number>();
  readonly #timer: NodeJS.Timeout;

  constructor(webs: readonly RoleSlot[]) {
    this.#webs = webs;
    this.#timer = setInterval(() => {
      for (const web of webs.keys()) {
        if (this.#reading.has(web)) continue;
        this.#reading.add(web);
        // A process that is being replaced does not answer.
        this.#read(web)
          .catch(() => {})
          .finally(() => this.#reading.delete(web));
      }
    }, everyMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** When ticks may have expired on their path to a web process: it dropped that many while a stall was measured. */
  interruptions(delays: readonly Delay[]): Interruption[] {
    return this.#drops.flatMap(({ web, from, to, count }) => {
      const near = delays.filter((delay) => delay.to > from - everyMs && delay.from < to + intervalMs);
      const stalls = stallsOf(near, (name) => !name.startsWith('web') || name === `web ${web}`);
      const during = stalls.filter((at) => at > from - everyMs && at < to);
      const limit = { most: count, explained: new Set<number>() };
      return during.map((at) => ({
        cause: 'expiry' as const,
        web,
        from: at - intervalMs,
        to: at + 2 * intervalMs,
        limit,
      }));
    });
  }

  async #read(web: number): Promise<void> {
    const { process } = this.#webs[web] as RoleSlot;
    const readAt = Date.now();
    const count = await process.metric('clock_ticks_expired_total');
    const before = this.#latest.get(web);
    this.#latest.set(web, { pid: process.pid, count, readAt });
    if (before?.pid === process.pid && count > before.count)
      this.#drops.push({ web, from: before.readAt, to: Date.now(), count: count - before.count });
  }
}
