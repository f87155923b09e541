/**
 * Kills the master of Redis under clients, first with three sentinels, then in a cluster of six nodes. Prints how long
 * the ticks were missing for, beside the time that Redis needed to promote the replica. Exits with 1 if ticks were
 * missing for over 3 s more than that, if the loss of other slots made a gap, if a client was signed out or showed as
 * live what was not true, or if an ended session was accepted. A busy machine excuses nothing.
 *
 *     npm run bench:failover -- --clients 1000
 */
import { parseArgs } from 'node:util';
import { brokenPromises, clusterFailover, sentinelFailover, type FailoverResult } from '../test/support/failover.ts';
import { print } from './print.ts';

const { values } = parseArgs({ options: { clients: { type: 'string', default: '1000' } } });
const clients = Number(values.clients);

print(
  '| lost | promotion, ms | longest step between ticks, ms | machine too busy, ms | sockets closed | false | ended sessions |',
);
print('| --- | --- | --- | --- | --- | --- | --- |');
const broken: string[] = [];
printResult('master, Sentinel', await sentinelFailover(clients), true);
const { others, own } = await clusterFailover(clients);
printResult('master and replica of other slots, Cluster', others, false);
printResult("master of the ticks' slot, Cluster", own, true);
print(`\n${broken.length === 0 ? 'every promise was kept' : `broken: ${broken.join('; ')}`}`);
process.exit(broken.length === 0 ? 0 : 1);

/** `mayMissTicks`: whether the loss concerns the ticks. */
function printResult(name: string, result: FailoverResult, mayMissTicks: boolean): void {
  const { promotionMs, gapMs, stalledMs, closeCodes, falsehoods, endedStatuses } = result;
  const numbers = [promotionMs, gapMs, Math.round(stalledMs), closeCodes.length, falsehoods.length];
  print(`| ${[name, ...numbers, endedStatuses.join()].join(' | ')} |`);
  broken.push(...brokenPromises({ ...result, stalledMs: 0 }, mayMissTicks).map((what) => `${name}: ${what}`));
}
