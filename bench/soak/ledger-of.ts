import {
  addCounts,
  countTicks,
  emptyCounts,
  type Absence,
  type LedgerCounts,
  type SocketSpan,
} from '../../test/support/tick-ledger.ts';
import { explainAbsences, summarizeAbsences, type AbsenceSummary } from './absences.ts';
import type { Scene } from './carry-out.ts';
import { countCloses, type CloseCounts } from './closes.ts';
import type { ExpiredTicks } from './expired-ticks.ts';
import { intervalMs } from './fault-list.ts';
import type { Incident } from './incidents.ts';
import { answerStallsOf, stallWindows, type Stalls } from './stalls.ts';
import { absenceWindows, closeWindows, lossWindows, type AbsenceCause } from './windows.ts';

export interface Ledger {
  counts: LedgerCounts;
  /** Of the instants of the grid, how many have a tick. */
  instants: { due: number; published: number };
  /** What explains that the others have none. */
  absences: AbsenceSummary[];
  closes: CloseCounts;
  /** A line for each instant that a client missed, and each close of a socket, without a cause. */
  unexplained: string[];
}

/** What may explain that clients missed ticks. */
export interface Evidence {
  incidents: readonly Incident[];
  expiredTicks: ExpiredTicks;
  stalls: Stalls;
}

const absenceOf: Readonly<Record<AbsenceCause, Absence>> = {
  beat: 'noTickBeat',
  worker: 'noTickWorker',
  redis: 'noTickRedis',
  stall: 'noTickStall',
};

/** What all clients received and missed since `from`. */
export function ledgerOf(scene: Scene, { incidents, expiredTicks, stalls }: Evidence, from: number): Ledger {
  const { population, installation } = scene;
  const { delays } = stalls;
  // The newest tick may be under way.
  const to = Date.now() - intervalMs;
  const published = existingTicks(scene);
  const grid = gridBetween(from, to);
  const windows = [...absenceWindows(incidents, installation.leaderships), ...stallWindows(delays)];
  const absences = explainAbsences(
    grid.filter((at) => !published.has(at)),
    windows,
  );
  const explained = [...absences].flatMap(([at, window]) => (window === null ? [] : [[at, window.cause] as const]));
  const options = {
    intervalMs,
    from,
    to,
    published,
    absences: new Map(explained.map(([at, cause]) => [at, absenceOf[cause]])),
    interruptions: [...lossWindows(incidents), ...expiredTicks.interruptions(delays)],
    lags: population.watch.lags,
  };
  const answerStalls = installation.slots.web.map((_slot, web) => answerStallsOf(delays, web));
  const closesOptions = { from, to, windows: closeWindows(incidents), stalls: answerStalls };
  const ledger: Ledger = {
    counts: emptyCounts(),
    instants: { due: grid.length, published: grid.length - absences.size },
    absences: summarizeAbsences(absences, windows),
    closes: { process: 0, network: 0, session: 0, stall: 0, unexplained: 0 },
    unexplained: [],
  };
  for (const [index, client] of population.everyClient.entries()) {
    const report = ({ web, openedAt, closedAt }: SocketSpan, at: number, what: string): void => {
      const open = `open from ${timeOf(openedAt)} to ${timeOf(closedAt)}`;
      ledger.unexplained.push(`client ${index}, web ${web}, ${open}: ${what} ${timeOf(at)}`);
    };
    const counts = countTicks(client.spans, options, (at, span, cause) => {
      if (cause !== 'unexplained') return;
      const publishedAt = published.get(at);
      report(span, at, publishedAt === undefined ? 'no tick existed for' : `published ${timeOf(publishedAt)}, missed`);
    });
    addCounts(ledger.counts, counts);
    const closes = countCloses(client.spans, population.endedClients.has(client), closesOptions, (span) =>
      report(span, span.closedAt, 'closed'),
    );
    for (const key of Object.keys(closes) as (keyof CloseCounts)[]) ledger.closes[key] += closes[key];
  }
  return ledger;
}

function timeOf(at: number): string {
  return Number.isFinite(at) ? new Date(at).toISOString() : 'now';
}

function gridBetween(from: number, to: number): number[] {
  const first = Math.ceil(from / intervalMs) * intervalMs;
  return Array.from({ length: Math.ceil((to - first) / intervalMs) }, (_, n) => first + n * intervalMs);
}

/** What the witness saw. A tick that reached a client existed although the witness was reconnecting. */
function existingTicks({ installation, population }: Scene): Map<number, number> {
  const existing = new Map(installation.witness.published);
  for (const { spans } of population.everyClient) {
    for (const at of spans.flatMap(({ received }) => received)) if (!existing.has(at)) existing.set(at, at);
  }
  return existing;
}
