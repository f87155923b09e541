/**
 * Kills the master of Redis under clients, first with three sentinels, then in a cluster of six nodes. Prints how long
 * the ticks were missing for, beside the time that Redis needed to promote the replica.
 *
 *     npm run bench:failover -- --clients 1000
 */
import { parseArgs } from 'node:util';
import { clusterFailover, sentinelFailover, type FailoverResult } from '../test/support/failover.ts';
import { print } from './print.ts';

const { values } = parseArgs({ options: { clients: { type: 'string', default: '1000' } } });
const clients = Number(values.clients);

print(
  '| lost | promotion, ms | longest step between ticks, ms | machine too busy, ms | sockets closed | false | ended sessions |',
);
print('| --- | --- | --- | --- | --- | --- | --- |');
printResult('master, Sentinel', await sentinelFailover(clients));
const { others, own } = await clusterFailover(clients);
printResult('master and replica of other slots, Cluster', others);
printResult("master of the ticks' slot, Cluster", own);
process.exit(0);

function printResult(name: string, result: FailoverResult): void {
  const { promotionMs, gapMs, stalledMs, closeCodes, falsehoods, endedStatuses } = result;
  print(
    `| ${name} | ${promotionMs} | ${gapMs} | ${Math.round(stalledMs)} | ${closeCodes.length} | ${falsehoods.length} | ${endedStatuses.join()} |`,
  );
}
