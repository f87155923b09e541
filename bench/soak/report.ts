import type { LedgerCounts } from '../../test/support/tick-ledger.ts';
import { print } from '../print.ts';
import type { ResourceChange } from './resources.ts';

export interface SoakReport {
  command: string;
  seed: number;
  minutes: number;
  clients: number;
  /** The number of faults that were carried out, by kind. */
  faults: Record<string, number>;
  ticksPublished: number;
  ledger: LedgerCounts;
  /** The first instants that were missed without a cause. */
  unexplained: readonly string[];
  /** What clients showed as live although it was not true. */
  falsehoods: readonly string[];
  pages: { checks: number; live: number; falsehoods: readonly string[] };
  sessionFaults: readonly string[];
  sessionsEnded: number;
  resources: readonly ResourceChange[];
  broken: readonly string[];
}

/** The promises that a run broke; empty if it kept all of them. */
export function brokenPromises(report: Omit<SoakReport, 'broken'>): string[] {
  const { ledger, falsehoods, pages, sessionFaults, resources } = report;
  return [
    [ledger.unexplained, 'ticks were missed without a cause'],
    [ledger.repeated, 'ticks were received more than once'],
    [falsehoods.length, 'times a client showed as live what was not true'],
    [pages.falsehoods.length, 'times a page showed as live what was not true'],
    [sessionFaults.length, 'faults of sessions'],
    [resources.filter(({ isTooMuch }) => isTooMuch).length, 'processes grew too much'],
  ].flatMap(([count, what]) => (count === 0 ? [] : [`${count} ${what}`]));
}

/** Prints the report as tables, and then as one line of JSON. */
export function printReport(report: SoakReport): void {
  const { ledger, faults, pages, resources, broken } = report;
  print(`\n| faults | number |\n| --- | --- |`);
  for (const [kind, count] of Object.entries(faults)) print(`| ${kind} | ${count} |`);
  print(`\n| instants, summed over ${report.clients} clients | number |\n| --- | --- |`);
  for (const [name, count] of Object.entries(ledgerRows(ledger))) print(`| ${name} | ${count} |`);
  print(`| stale or wrong, shown as live by a client | ${report.falsehoods.length} |`);
  print(`| stale or wrong, shown as live by a page, of ${pages.checks} checks | ${pages.falsehoods.length} |`);
  print(`| sessions ended; faults of sessions | ${report.sessionsEnded}; ${report.sessionFaults.length} |`);
  print(`\n| process | memory before, MB | after | descriptors before | after | replaced |`);
  print('| --- | --- | --- | --- | --- | --- |');
  for (const { name, before, after, isTooMuch } of resources) {
    const memory = `${megabytes(before.residentKiB)} | ${megabytes(after.residentKiB)}`;
    const descriptors = `${before.descriptors} | ${after.descriptors}`;
    print(`| ${name}${isTooMuch ? ' **grew**' : ''} | ${memory} | ${descriptors} | ${yes(before.pid !== after.pid)} |`);
  }
  print(`\n${broken.length === 0 ? 'every promise was kept' : `broken: ${broken.join('; ')}`}\n`);
  print(JSON.stringify(report));
}

function ledgerRows(ledger: LedgerCounts): Record<string, number> {
  return {
    'due while a socket was open': ledger.due,
    received: ledger.received,
    'missed: no tick existed': ledger.noTick,
    'missed: between two sockets': ledger.betweenSockets,
    'missed: its web process was killed or frozen within 1 s': ledger.webInterrupted,
    'missed: the network was cut within 1 s': ledger.networkCut,
    'missed: it reached its web process expired, since the machine was too busy': ledger.expired,
    'missed: none of these': ledger.unexplained,
    'received more than once': ledger.repeated,
  };
}

function megabytes(kib: number): string {
  return ((kib * 1_024) / 1e6).toFixed(1);
}

function yes(value: boolean): string {
  return value ? 'yes' : 'no';
}
