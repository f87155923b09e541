/**
 * Opens many sockets to `clock web --workers N`, each of which receives every tick, and prints the delay of the ticks,
 * CPU and the kernel's memory. Several numbers of workers are measured in turn, and compared with the first. A delay is
 * the time from the instant of a tick until the kernel has it for the client. The clients read half an interval later,
 * so that they do not use the cores while a tick goes out.
 *
 *     npm run bench:capacity -- --sockets 10000 --workers 1,2 --rounds 3 --seconds 15
 */
import { readFileSync } from 'node:fs';
import { Client } from '../test/support/client.ts';
import { type ClockProcess, startClock } from '../test/support/clock-process.ts';
import { RedisServer } from '../test/support/redis-server.ts';
import { passes } from '../test/support/until.ts';
import { environmentOf, password } from './environment.ts';
import { delayAt } from './load/arrivals.ts';
import { StampedClient } from './load/stamped-client.ts';
import { readOptions } from './options.ts';
import { print } from './print.ts';
import { median, usageOf } from './usage.ts';

const options = readOptions({ sockets: '15000', workers: '1', rounds: '1', seconds: '60', interval: '500' });
const sockets = Number(options.sockets);
const seconds = Number(options.seconds);

const redis = await RedisServer.start();
const env = environmentOf(redis.url);
const others = [
  await startClock(['worker'], { env }),
  await startClock(['beat', '--interval', options.interval], { env }),
];

/** When the last socket received a tick, ms after its instant, over the ticks. Other load affects the least one the least. */
interface LastSocket {
  median: number;
  least: number;
}

const counts = options.workers.split(',');
const results = new Map<string, LastSocket[]>(counts.map((count) => [count, []]));
try {
  for (let round = 0; round < Number(options.rounds); round += 1) {
    for (const count of counts) results.get(count)?.push(await measure(count));
  }
  const [first = '', ...compared] = counts;
  for (const count of compared) {
    for (const figure of ['median', 'least'] as const) {
      const base = results.get(first) ?? [];
      const ratios = (results.get(count) ?? []).map(
        (one, round) => one[figure] / (base[round]?.[figure] ?? Number.NaN),
      );
      const texts = ratios.map((ratio) => ratio.toFixed(2)).join(', ');
      print(`last socket, ${figure}, ${count} workers to ${first}: ${median(ratios).toFixed(2)} (${texts})`);
    }
  }
} finally {
  await Promise.all(others.map((role) => role.stop()));
  await redis.stop();
}
process.exit(0);

/** Measures a number of workers and prints the result. */
async function measure(workers: string): Promise<LastSocket> {
  const web = await startClock(['web', '--host', '127.0.0.1', '--workers', workers], { env });
  const load = new StampedClient(Number(options.interval));
  try {
    return await measureOn(web, load, workers);
  } finally {
    load.stop();
    web.kill('SIGKILL');
    await web.stop();
  }
}

async function measureOn(web: ClockProcess, load: StampedClient, workers: string): Promise<LastSocket> {
  const client = new Client(web.url);
  await client.signIn('admin', password);
  const pids = socketProcesses(web);
  const slabBefore = slabKiB();

  const openedAt = performance.now();
  await load.open({ port: web.port, path: '/time/tic/', cookie: client.cookieHeader() }, sockets);
  const openedS = (performance.now() - openedAt) / 1_000;
  print(`${workers} worker(s): ${sockets} sockets open after ${openedS.toFixed(1)} s`);
  await passes(3_000);
  await load.reset();
  const startAt = now();
  const before = pids.map(usageOf);
  await passes(seconds * 1_000);
  const [endAt, after] = [now(), pids.map(usageOf)];
  // The messages of the last moment arrive before the count.
  await passes(1_000);
  const { arrivals, size, refused } = await load.report();

  const due = arrivals.messages.filter(({ at }) => at >= startAt && at < endAt);
  const received = due.reduce((sum, message) => sum + message.sockets, 0);
  const delays = due.map(({ at, lastMs }) => lastMs - at);
  const last = { median: median(delays), least: Math.min(...delays) };
  if (refused > 0) print(`  ${refused} handshakes got a 503 and were repeated`);
  // A tick of which nothing arrived is missing as well.
  const ticks = Math.max(due.length, Math.floor((endAt - startAt) / Number(options.interval)));
  print(`  ${ticks} ticks; ${size} sockets still open; ${ticks * sockets - received} not received`);
  print(`  delay of a tick: p50 ${delayAt(0.5, arrivals.delays)}, p99 ${delayAt(0.99, arrivals.delays)} ms`);
  print(`  last socket: median ${last.median.toFixed(0)}, least ${last.least.toFixed(0)} ms`);
  const cpu = after.map(({ cpuUs }, index) => cpuUs - (before[index]?.cpuUs ?? 0));
  const cpuUs = cpu.reduce((sum, us) => sum + us, 0);
  print(
    `  ${cpu.map((us) => (us / seconds / 10_000).toFixed(0)).join(' + ')} % of a core, ` +
      `${(cpuUs / received).toFixed(1)} us per message`,
  );
  print(`  kernel: ${((slabKiB() - slabBefore) / sockets / 2).toFixed(2)} KiB of slab for each end of a connection`);
  return last;
}

/** The processes that hold the sockets: the children of the parent, or the process itself. */
function socketProcesses({ pid }: ClockProcess): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return children === '' ? [pid] : children.split(' ').map(Number);
}

function slabKiB(): number {
  return Number(/^Slab:\s+(\d+)/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1]);
}

function now(): number {
  return performance.timeOrigin + performance.now();
}
