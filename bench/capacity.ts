/**
 * Opens many sockets to one or several web processes, each of which receives every tick, and prints the delay of the
 * ticks, CPU and memory. The clients use the same cores.
 *
 *     npm run bench:capacity -- --sockets 15000 --processes 1 --seconds 60
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Client } from '../test/support/client.ts';
import { type ClockProcess, startClock } from '../test/support/clock-process.ts';
import { RedisServer } from '../test/support/redis-server.ts';
import { passes } from '../test/support/until.ts';
import { type Arrivals, delayAt, joinArrivals, noArrivals } from './load/arrivals.ts';
import { LoadClient } from './load/load-client.ts';
import { print } from './print.ts';
import { median, usageOf } from './usage.ts';

const { values } = parseArgs({
  options: {
    sockets: { type: 'string', default: '15000' },
    processes: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '60' },
    interval: { type: 'string', default: '500' },
  },
});
const sockets = Number(values.sockets);
const seconds = Number(values.seconds);
const password = 'a password for the bench';

const redis = await RedisServer.start();
const env = {
  CLOCK_REDIS_URL: redis.url,
  CLOCK_SECRET: 'a secret of the bench that has 32 bytes or more',
  CLOCK_ADMIN_PASSWORD: password,
};
const count = Number(values.processes);
const webs: ClockProcess[] = [];
for (let index = 0; index < count; index += 1) webs.push(await startClock(['web', '--host', '127.0.0.1'], { env }));
const worker = await startClock(['worker'], { env });
const beat = await startClock(['beat', '--interval', values.interval], { env });
const [first] = webs;
const client = new Client(first?.url ?? '');
await client.signIn('admin', password);
const cookie = client.cookieHeader();
const loads = webs.map((web) => ({ web, load: new LoadClient() }));
const slabBefore = slabKiB();
const cold = webs.map(({ pid }) => usageOf(pid).residentKiB);

const openedAt = performance.now();
for (const { web, load } of loads) await load.open({ port: web.port, path: '/time/tic/', cookie }, sockets / count);
print(
  `${sockets} sockets open after ${((performance.now() - openedAt) / 1_000).toFixed(1)} s, ${count} web process(es)`,
);
await passes(3_000);
await Promise.all(loads.map(({ load }) => load.reset()));
const startAt = now();
const before = usages();
await passes(seconds * 1_000);
const [endAt, after] = [now(), usages()];
// The messages of the last moment arrive before the count.
await passes(1_000);
const reports = await Promise.all(loads.map(({ load }) => load.report()));

const arrivals: Arrivals = reports.map((report) => report.arrivals).reduce(joinArrivals, noArrivals);
const open = reports.reduce((sum, { size }) => sum + size, 0);
const due = arrivals.messages.filter(({ at }) => at >= startAt && at < endAt);
const received = due.reduce((sum, message) => sum + message.sockets, 0);
print(
  `${due.length} ticks in ${seconds} s; ${open} sockets still open; ${due.length * sockets - received} not received`,
);
print(`delay of a tick: p50 ${delayAt(0.5, arrivals.delays)}, p99 ${delayAt(0.99, arrivals.delays)} ms`);
print(`last socket: median ${median(due.map(({ at, lastMs }) => lastMs - at)).toFixed(0)} ms`);
for (const [index, usage] of after.entries()) {
  const cpu = usage.cpuUs - (before[index]?.cpuUs ?? 0);
  const kib = (usage.residentKiB - (cold[index] ?? 0)) / (sockets / count);
  print(
    `web ${index + 1}: ${(cpu / seconds / 10_000).toFixed(0)} % of a core, ` +
      `${((cpu * count) / received).toFixed(1)} us per message, ${kib.toFixed(2)} KiB resident per socket`,
  );
}
print(`kernel: ${((slabKiB() - slabBefore) / sockets / 2).toFixed(2)} KiB of slab for each end of a connection`);

for (const { load } of loads) load.stop();
for (const web of webs) web.kill('SIGKILL');
await Promise.all([...webs, worker, beat].map((role) => role.stop()));
await redis.stop();
process.exit(0);

function usages() {
  return webs.map(({ pid }) => usageOf(pid));
}

function slabKiB(): number {
  return Number(/^Slab:\s+(\d+)/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1]);
}

function now(): number {
  return performance.timeOrigin + performance.now();
}
