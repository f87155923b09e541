/**
 * Runs an installation of real processes under a list of faults, with clients that count what they receive. Prints
 * which ticks each client missed and why, what was shown as live without being true, and what the processes use
 * afterwards. Exits with 1 if a promise was broken. The seed determines the faults, not their outcome.
 *
 *     npm run soak -- --minutes 30 --seed 1
 *     npm run soak -- --restarts 10 --clients 1000
 *     npm run soak -- --churn 20000
 */
import { parseArgs } from 'node:util';
import { print } from './print.ts';
import { carryOut, recovered } from './soak/carry-out.ts';
import { ExpiredTicks } from './soak/expired-ticks.ts';
import { faultList, restartList, warmUpList, type FaultStep } from './soak/fault-list.ts';
import { password, SoakInstallation } from './soak/installation.ts';
import { ledgerOf } from './soak/ledger-of.ts';
import { Pages } from './soak/pages.ts';
import { Population } from './soak/population.ts';
import { brokenPromises, printReport, type SoakReport } from './soak/report.ts';
import { compareResources, resourcesOf } from './soak/resources.ts';
import { longestDelayMs, Stalls } from './soak/stalls.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    seed: { type: 'string', default: '1' },
    clients: { type: 'string', default: '200' },
    pages: { type: 'string', default: '4' },
    restarts: { type: 'string' },
    churn: { type: 'string' },
    rest: { type: 'string', default: '60' },
  },
});
const [minutes, seed, clients] = [Number(values.minutes), Number(values.seed), Number(values.clients)];
const restMs = Number(values.rest) * 1_000;
const maxExamples = 20;

const steps = plannedSteps();
const installation = await SoakInstallation.start();
const population = await Population.start(installation, clients);
const pages = await Pages.open(installation.urls, Number(values.pages), installation.name, password);
const scene = { installation, population };
const stalls = new Stalls(() => installation.pids);
const expiredTicks = new ExpiredTicks(installation.slots.web);
// The code of a process is compiled and its heap grows with its first sockets and faults. That is not what is measured.
await carryOut(values.churn === undefined ? warmUpList() : [churnStep(Number(values.churn) / 10)], scene, printStep);
await recovered(scene);
const before = await resourcesOf(installation, restMs);
const from = Date.now();
print(`${clients} clients, ${steps.length} steps with faults`);
const incidents = await carryOut(steps, scene, printStep);
await recovered(scene);
await pages.allLive();
const resources = compareResources(before, await resourcesOf(installation, restMs));
const { delays } = stalls;
await population.checkSessions(delays);
const records = await pages.records();
expiredTicks.stop();
stalls.stop();
const ledger = ledgerOf(scene, { incidents, expiredTicks, stalls }, from);
await pages.close();
population.stop();
await installation.stop();

const falsehoods = population.everyClient.flatMap((client) => client.falsehoods);
const report: Omit<SoakReport, 'broken'> = {
  command: `npm run soak -- ${process.argv.slice(2).join(' ')}`,
  seed,
  minutes,
  clients,
  faults: countByKind(steps),
  instants: ledger.instants,
  absences: ledger.absences,
  ledger: ledger.counts,
  closes: ledger.closes,
  excusedSessionCloses: population.excusedCloses,
  stallMs: longestDelayMs(delays.filter(({ to }) => to > from)),
  unexplained: ledger.unexplained.slice(0, maxExamples),
  falsehoods: falsehoods.map(({ at, what }) => `${new Date(at).toISOString()}: ${what}`).slice(0, maxExamples),
  clientChecks: { done: population.watch.checks, skipped: population.watch.skipped },
  pages: {
    checks: records.reduce((sum, { checks }) => sum + checks, 0),
    live: records.reduce((sum, { live }) => sum + live, 0),
    falsehoods: pages.falsehoods.slice(0, maxExamples),
  },
  sessionFaults: population.sessionFaults,
  sessionsEnded: population.endedSessions.length,
  resources,
};
const broken = brokenPromises(report);
printReport({ ...report, broken });
process.exit(broken.length === 0 ? 0 : 1);

function plannedSteps(): FaultStep[] {
  const { restarts, churn } = values;
  if (churn !== undefined) return [churnStep(Number(churn))];
  return restarts === undefined ? faultList(seed, minutes) : restartList(Number(restarts));
}

function churnStep(count: number): FaultStep {
  return { atMs: 0, faults: [{ kind: 'churn', count }] };
}

function printStep({ atMs, faults }: FaultStep, tookMs: number): void {
  const text = faults.map(({ kind, ...rest }) => `${kind} ${Object.values(rest).join(' ')}`).join(' + ');
  print(
    `${new Date().toISOString()}  due ${(atMs / 1_000).toFixed(1)} s, took ${(tookMs / 1_000).toFixed(1)} s: ${text}`,
  );
}

function countByKind(all: readonly FaultStep[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { faults } of all) {
    for (const fault of faults) {
      const name = 'role' in fault ? `${fault.kind} ${fault.role}` : fault.kind;
      counts[name] = (counts[name] ?? 0) + 1;
    }
  }
  return counts;
}
