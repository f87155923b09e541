import type { LedgerCounts } from '../../test/support/tick-ledger.ts';
import { print } from '../print.ts';
import type { AbsenceSummary } from './absences.ts';
import type { CloseCounts } from './closes.ts';
import type { ResourceChange } from './resources.ts';

export interface SoakReport {
  command: string;
  seed: number;
  minutes: number;
  clients: number;
  /** The number of faults that were carried out, by kind. */
  faults: Record<string, number>;
  /** The instants of the grid, and the ticks that existed. */
  instants: { due: number; published: number };
  absences: readonly AbsenceSummary[];
  ledger: LedgerCounts;
  closes: CloseCounts;
  /** The sockets of ended sessions that closed otherwise, because the machine was too busy. */
  excusedSessionCloses: number;
  /** The longest wait for a core within one interval, over the roles, Redis and this process, ms. */
  stallMs: number;
  /** The first instants that were missed, and closes of sockets, without a cause. */
  unexplained: readonly string[];
  /** What clients showed as live although it was not true. */
  falsehoods: readonly string[];
  /** The checks of clients, and those that were skipped because this process was late. */
  clientChecks: { done: number; skipped: number };
  pages: { checks: number; live: number; falsehoods: readonly string[] };
  sessionFaults: readonly string[];
  sessionsEnded: number;
  resources: readonly ResourceChange[];
  broken: readonly string[];
}

/** The promises that a run broke; empty if it kept all of them. */
export function brokenPromises(report: Omit<SoakReport, 'broken'>): string[] {
  const { ledger, closes, falsehoods, pages, sessionFaults, resources } = report;
  return [
    [ledger.unexplained, 'ticks were missed without a cause'],
    [ledger.repeated, 'ticks were received more than once'],
    [closes.unexplained, 'sockets closed without a cause'],
    [falsehoods.length, 'times a client showed as live what was not true'],
    [pages.falsehoods.length, 'times a page showed as live what was not true'],
    [sessionFaults.length, 'faults of sessions'],
    [resources.filter(({ isTooMuch }) => isTooMuch).length, 'processes grew too much'],
  ].flatMap(([count, what]) => (count === 0 ? [] : [`${count} ${what}`]));
}

/** Prints the report as tables, and then as one line of JSON. */
export function printReport(report: SoakReport): void {
  const { ledger, closes, faults, instants, clientChecks, pages, resources } = report;
  const { done, skipped } = clientChecks;
  printTable(['faults', 'number'], Object.entries(faults));
  printTable(
    [`no tick, of ${instants.due} instants`, 'instants', 'faults', 'most per fault', 'latest, ms', 'allowed, ms'],
    report.absences.map(({ cause, instants: count, faults: number, mostPerFault, latestMs, limitMs }) => {
      const latest = cause === 'none' ? ['', '', '', ''] : [number, mostPerFault, latestMs, limitMs];
      return [absenceRows[cause], count, ...latest];
    }),
  );
  printTable(
    [`instants, summed over ${report.clients} clients`, 'number'],
    [
      ...Object.entries(ledgerRows).map(([key, name]) => [name, ledger[key as keyof LedgerCounts]]),
      [
        `stale or wrong, shown as live by a client, of ${done} checks (${skipped} skipped: this process was late)`,
        report.falsehoods.length,
      ],
      [`stale or wrong, shown as live by a page, of ${pages.checks} checks`, pages.falsehoods.length],
      ['sessions ended; faults of sessions', `${report.sessionsEnded}; ${report.sessionFaults.length}`],
    ],
  );
  printTable(
    ['sockets of clients closed', 'number'],
    Object.entries(closeRows).map(([key, name]) => [name, closes[key as keyof CloseCounts]]),
  );
  printTable(
    ['process', 'memory before, MB', 'after', 'descriptors before', 'after', 'replaced'],
    resources.map(({ name, before, after, isTooMuch }) => [
      isTooMuch ? `${name} **grew**` : name,
      megabytes(before.residentKiB),
      megabytes(after.residentKiB),
      before.descriptors,
      after.descriptors,
      before.pid === after.pid ? 'no' : 'yes',
    ]),
  );
  const stallMs = Math.round(report.stallMs);
  print(`\nlongest wait for a core within one interval, over the roles, Redis and this process: ${stallMs} ms`);
  print(`\n${verdictOf(report)}\n`);
  print(JSON.stringify(report));
}

/** Also states what the busy machine excuses. */
function verdictOf({ broken, ledger, closes, excusedSessionCloses }: SoakReport): string {
  const verdict = broken.length === 0 ? 'every promise was kept' : `broken: ${broken.join('; ')}`;
  const excusedInstants = ledger.noTickStall + ledger.closeNoticedLate + ledger.expired;
  const excusedCloses = closes.stall + excusedSessionCloses;
  if (excusedInstants + excusedCloses === 0) return verdict;
  return `${verdict}; the busy machine excuses ${excusedInstants} instants and ${excusedCloses} closes`;
}

const absenceRows: Readonly<Record<AbsenceSummary['cause'], string>> = {
  beat: 'the beat that leads was killed, frozen or cut off',
  worker: 'a worker was killed, frozen or cut off',
  redis: 'Redis was killed or frozen (ms after its return)',
  stall: 'the processes waited for a core',
  none: 'none of these',
};

const ledgerRows: Readonly<Record<keyof LedgerCounts, string>> = {
  due: 'due while a socket was open',
  received: 'received',
  noTickBeat: 'missed: no tick existed, because of a beat',
  noTickWorker: 'missed: no tick existed, because of a worker',
  noTickRedis: 'missed: no tick existed, because of Redis',
  noTickStall: 'missed: no tick existed, because the machine was too busy',
  betweenSockets: 'missed: between two sockets',
  closeNoticedLate: 'missed: between two sockets, but this process was too busy to notice the close in time',
  webInterrupted: 'missed: its web process was killed or frozen within 1 s',
  networkCut: 'missed: the network was cut',
  redisInterrupted: 'missed: Redis was interrupted within 1 s',
  expired: 'missed: it reached its web process expired, because the machine was too busy',
  unexplained: 'missed: none of these',
  repeated: 'received more than once',
};

const closeRows: Readonly<Record<keyof CloseCounts, string>> = {
  process: 'its web process was killed, frozen or restarted',
  network: 'the network between web process and client was cut or reset',
  session: 'its session was ended',
  stall: 'an answer was late, because the machine was too busy',
  unexplained: 'none of these',
};

function printTable(head: readonly string[], rows: readonly (readonly (string | number)[])[]): void {
  print(`\n| ${head.join(' | ')} |\n|${' --- |'.repeat(head.length)}`);
  for (const row of rows) print(`| ${row.join(' | ')} |`);
}

function megabytes(kib: number): string {
  return ((kib * 1_024) / 1e6).toFixed(1);
}
