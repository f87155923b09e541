import type { AbsenceCause, AbsenceWindow } from './windows.ts';

/** What explains the instants without a tick, by instant; null: nothing does. */
export type Absences = ReadonlyMap<number, AbsenceWindow | null>;

/** The instants without a tick that one cause explains. */
export interface AbsenceSummary {
  cause: AbsenceCause | 'none';
  instants: number;
  /** The number of faults of this cause, and the most instants that one of them cost. */
  faults: number;
  mostPerFault: number;
  /** The last of the instants, from the begin of the fault or the return of Redis, ms, and what is allowed. */
  latestMs: number;
  limitMs: number;
}

/** Finds a fault for each instant that has no tick. A fault explains no more of them than the contract allows. */
export function explainAbsences(instants: readonly number[], windows: readonly AbsenceWindow[]): Absences {
  const explained = new Map<number, AbsenceWindow | null>();
  const used = new Map<AbsenceWindow, number>();
  // A stall is less certain than a fault, and a window that ends early leaves the others for later instants.
  const inOrder = windows.toSorted((a, b) => Number(a.cause === 'stall') - Number(b.cause === 'stall') || a.to - b.to);
  for (const at of instants.toSorted((a, b) => a - b)) {
    const window = inOrder.find((one) => at >= one.from && at <= one.to && (used.get(one) ?? 0) < one.most) ?? null;
    if (window !== null) used.set(window, (used.get(window) ?? 0) + 1);
    explained.set(at, window);
  }
  return explained;
}

export function summarizeAbsences(absences: Absences, windows: readonly AbsenceWindow[]): AbsenceSummary[] {
  const causes: AbsenceCause[] = ['beat', 'worker', 'redis', 'stall'];
  const rows = causes.map((cause): AbsenceSummary => {
    const own = windows.filter((window) => window.cause === cause);
    const costs = own.map((one) => [...absences.values()].filter((window) => window === one).length);
    const lateness = [...absences].flatMap(([at, window]) => (window?.cause === cause ? [at - window.since] : []));
    return {
      cause,
      instants: lateness.length,
      faults: own.length,
      mostPerFault: Math.max(0, ...costs),
      latestMs: Math.max(0, ...lateness),
      limitMs: Math.max(0, ...own.map(({ since, to }) => to - since)),
    };
  });
  const unexplained = [...absences.values()].filter((window) => window === null).length;
  return [...rows, { cause: 'none', instants: unexplained, faults: 0, mostPerFault: 0, latestMs: 0, limitMs: 0 }];
}
