/**
 * Kills a web process with many screens and starts it anew on the same port, then cuts only their sockets. The screens run
 * the connection of the page, so this measures the spread of their reconnects. Prints when they are back, the CPU of the
 * web process, how the handshakes are distributed, and the tick delays of other screens, on another web process, at that
 * time. Exits with 1 if the screens are not back within 10 s, too many of them are due to begin a handshake within
 * 100 ms, or the ticks of the others are late.
 *
 *     npm run bench:restart -- --screens 10000 --processes 4
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { constants, setPriority } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startClock, type ClockProcess } from '../test/support/clock-process.ts';
import { passes, until } from '../test/support/until.ts';
import { startInstallation } from './installation.ts';
import { print } from './print.ts';
import type { Count, Order, Report } from './restart-clients.ts';
import { usageOf } from './usage.ts';

const { values } = parseArgs({
  options: {
    screens: { type: 'string', default: '10000' },
    others: { type: 'string', default: '200' },
    processes: { type: 'string', default: '4' },
  },
});
const screens = Number(values.screens);
const others = Number(values.others);
const processes = Number(values.processes);
const bucketMs = 100;
const limitMs = 60_000;
/** Screens that start faster than this make each other slow: each begins with some requests. */
const openEveryMs = 2;
/** The longest time until all screens are back, ms. */
const backWithinMs = 10_000;
/** The 99th percentile of the tick delays of the other screens, ms. */
const maxDelayMs = 300;
/** By then the screens have requested their state: they put that off by up to the spread. */
const settledAfterMs = 16_000;
/** A screen that learns the spread gets it with its next sync, at most 30 s later. */
const learnMs = 32_000;

const installation = await startInstallation();
const { env } = installation;
const cookies = await installation.openSessions(screens + others);
const roles = [await startClock(['worker'], { env }), await startClock(['beat'], { env })];
const otherWeb = await startClock(['web', '--host', '127.0.0.1'], { env });
let web = await startWeb(0);
const { port } = web;
const script = join(import.meta.dirname, 'restart-clients.ts');
// One process would read each tick too slowly to open sockets in time.
const clients = Array.from({ length: processes }, () => fork(script));
// Real screens take no CPU from the server.
for (const { pid } of clients) if (pid !== undefined) setPriority(pid, constants.priority.PRIORITY_LOW);
const otherClients = [fork(script)];
let isKept = true;
try {
  for (const [index, client] of clients.entries()) {
    const own = cookies.slice(0, screens).filter((_, n) => n % processes === index);
    order(client, { open: { port, cookies: own, everyMs: openEveryMs * processes } });
  }
  for (const client of otherClients)
    order(client, { open: { port: otherWeb.port, cookies: cookies.slice(screens), everyMs: openEveryMs } });
  await untilOpen(clients, screens);
  await untilOpen(otherClients, others);
  await passes(learnMs);
  await measure('web killed and started anew', 5, async () => {
    web.kill('SIGKILL');
    await web.exited;
    web = await startWeb(port);
  });
  await passes(learnMs);
  await measure('sockets cut', 2, async () => {
    for (const client of clients) order(client, { do: 'cut' });
  });
} finally {
  for (const client of [...clients, ...otherClients]) client.kill('SIGKILL');
  web.kill('SIGKILL');
  await Promise.all([otherWeb.stop(), ...roles.map((role) => role.stop())]);
  await installation.stop();
}
process.exit(isKept ? 0 : 1);

function startWeb(at: number): Promise<ClockProcess> {
  return startClock(['web', '--host', '127.0.0.1', '--port', String(at)], { env });
}

function order(process: ChildProcess, what: Order): void {
  process.send(what);
}

async function ask<Answer>(group: readonly ChildProcess[], what: 'count' | 'report'): Promise<Answer[]> {
  return Promise.all(
    group.map(async (client) => {
      order(client, { do: what });
      const [answer] = (await once(client, 'message')) as [Answer];
      return answer;
    }),
  );
}

async function untilOpen(group: readonly ChildProcess[], count: number, key: keyof Count = 'open'): Promise<void> {
  const counted = async (): Promise<number> =>
    (await ask<Count>(group, 'count')).reduce((sum, one) => sum + one[key], 0);
  await until(async () => (await counted()) >= count, `${count} sockets are open`, limitMs, 250);
}

/** `maxShare`: the largest share, in percent, that may be due to begin a handshake within 100 ms. */
async function measure(name: string, maxShare: number, act: () => Promise<void>): Promise<void> {
  for (const client of [...clients, ...otherClients]) order(client, { do: 'watch' });
  const start = performance.timeOrigin + performance.now();
  const pidBefore = web.pid;
  const cpuUsBefore = usageOf(pidBefore).cpuUs;
  await act();
  await untilOpen(clients, screens, 'opened');
  await untilOpen(clients, screens);
  const reports = await ask<Report>(clients, 'report');
  await passes(Math.max(0, start + settledAfterMs - (performance.timeOrigin + performance.now())));
  const cpuUs = usageOf(web.pid).cpuUs - (web.pid === pidBefore ? cpuUsBefore : 0);
  const due = countPerBucket(reports.flatMap(({ dueAt }) => dueAt.map((at) => at - start)));
  const openedMs = reports.flatMap(({ openedAt }) => openedAt.map((at) => at - start));
  const opened = countPerBucket(openedMs);
  const lastMs = openedMs.reduce((last, ms) => Math.max(last, ms), 0);
  const spreads = reports.flatMap(({ spreadsMs }) => spreadsMs);
  const delays = (await ask<Report>(otherClients, 'report')).flatMap(({ delaysMs }) => delaysMs);
  const busyMs = Math.max(...reports.map((report) => report.busyMs));
  const p99 = quantile(delays, 0.99);
  const [spreadMs, largestDue] = [quantile(spreads, 0.5), largest(due)];
  const lines = [
    `${name}: all ${screens} screens are back after ${(lastMs / 1_000).toFixed(1)} s`,
    `CPU of the web process in ${settledAfterMs / 1_000} s: ${(cpuUs / 1e6).toFixed(1)} s`,
    `the spread that they used: ${quantile(spreads, 0)} to ${quantile(spreads, 1)} ms, median ${spreadMs} ms`,
    `largest share within ${bucketMs} ms: ${largestDue} % are due to begin a handshake (uniform waits: ` +
      `${expectedLargest(spreadMs)} %), ${largest(opened)} % have a socket`,
    `the processes of the screens kept their timers waiting for at most ${busyMs.toFixed(0)} ms`,
    `ticks of the others: p50 ${quantile(delays, 0.5)}, p99 ${p99}, maximum ${quantile(delays, 1)} ms`,
    `handshakes due per ${bucketMs} ms: ${due.join(' ')}`,
    `sockets opened per ${bucketMs} ms: ${opened.join(' ')}`,
  ];
  print(`\n${lines.join('\n  ')}`);
  isKept &&= lastMs <= backWithinMs && Number(largestDue) <= maxShare && p99 <= maxDelayMs;
}

function countPerBucket(times: readonly number[]): number[] {
  const counts: number[] = [];
  for (const ms of times) {
    const bucket = Math.floor(ms / bucketMs);
    while (counts.length <= bucket) counts.push(0);
    counts[bucket] = (counts[bucket] ?? 0) + 1;
  }
  return counts;
}

/** The largest count, in percent of the screens. */
function largest(counts: readonly number[]): string {
  return ((100 * Math.max(...counts)) / screens).toFixed(1);
}

/** The mean of the largest shares of some simulated runs with uniform waits. */
function expectedLargest(windowMs: number): string {
  const runs = Array.from({ length: 20 }, () =>
    Number(largest(countPerBucket(Array.from({ length: screens }, () => Math.random() * windowMs)))),
  );
  return (runs.reduce((sum, share) => sum + share, 0) / runs.length).toFixed(1);
}

/** Rounded. */
function quantile(values: readonly number[], part: number): number {
  return Math.round(values.toSorted((a, b) => a - b)[Math.floor(part * (values.length - 1))] ?? Number.NaN);
}
