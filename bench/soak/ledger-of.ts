import {
  addCounts,
  countTicks,
  emptyCounts,
  type Interruption,
  type LedgerCounts,
} from '../../test/support/tick-ledger.ts';
import type { Scene } from './carry-out.ts';
import { intervalMs } from './installation.ts';

export interface Ledger {
  counts: LedgerCounts;
  ticksPublished: number;
  /** A line for each instant that a client missed without a cause. */
  unexplained: string[];
}

/** What all clients received and missed since `from`. */
export function ledgerOf(scene: Scene, interruptions: readonly Interruption[], from: number): Ledger {
  const published = existingTicks(scene);
  // The newest tick may be under way.
  const options = {
    intervalMs,
    from,
    to: Date.now() - intervalMs,
    published,
    interruptions,
    lags: scene.population.watch.lags,
  };
  const ledger: Ledger = { counts: emptyCounts(), ticksPublished: published.size, unexplained: [] };
  for (const [index, { spans }] of scene.population.everyClient.entries()) {
    const counts = countTicks(spans, options, (at, { web }, cause) => {
      if (cause === 'unexplained')
        ledger.unexplained.push(`client ${index}, web ${web}: ${new Date(at).toISOString()}`);
    });
    addCounts(ledger.counts, counts);
  }
  return ledger;
}

/** What the witness saw. A tick that reached a client existed although the witness was reconnecting. */
function existingTicks({ installation, population }: Scene): Map<number, number> {
  const existing = new Map(installation.witness.published);
  for (const { spans } of population.everyClient) {
    for (const at of spans.flatMap(({ received }) => received)) if (!existing.has(at)) existing.set(at, at);
  }
  return existing;
}
