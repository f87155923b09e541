/**
 * Measures an idle installation with ten sockets per process that serves: the three roles and the bare baseline over one
 * Redis, `clock all`, and the executable, if it was built. Prints CPU and memory of each, the requests to Redis, the
 * delay of the ticks, and how many instants were skipped.
 *
 *     npm run bench:idle -- --seconds 60
 *     npm run bench:idle -- --seconds 200 --interval 100   # 2,000 instants
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Keys } from '../src/backend/redis/keys.ts';
import { Client, type TestSocket } from '../test/support/client.ts';
import { startClock, type ClockProcess } from '../test/support/clock-process.ts';
import { RedisServer } from '../test/support/redis-server.ts';
import { countSkipped } from '../test/support/tick-sequence.ts';
import { passes } from '../test/support/until.ts';
import { startBaseline } from './baseline.ts';
import { openClients } from './clients.ts';
import { environmentOf, password } from './environment.ts';
import { print } from './print.ts';
import { RedisRequests } from './redis-requests.ts';
import { usageOf } from './usage.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    // In its first minute V8 compiles code and shrinks its heap.
    'warm-up': { type: 'string', default: '60' },
    clients: { type: 'string', default: '10' },
    interval: { type: 'string', default: '500' },
  },
});
const seconds = Number(values.seconds);
const executable = join(import.meta.dirname, '../dist/clock');

const redis = await RedisServer.start();
const env = environmentOf(redis.url);
const roles = {
  web: await startClock(['web', '--host', '127.0.0.1'], { env }),
  worker: await startClock(['worker'], { env }),
  beat: await startClock(['beat', '--interval', values.interval], { env }),
};
const all: Record<string, ClockProcess> = { all: await startAll() };
if (existsSync(executable)) all['executable all'] = await startAll([executable]);
const baseline = await startBaseline(redis.url, [new Keys('', 0).tickChannel('time')]);

const socket = await openSockets(roles.web);
for (const process of Object.values(all)) await openSockets(process);
await openClients(baseline.port, Number(values.clients), '', 'sessionid=whatever');
const instants: number[] = [];
const delaysMs: number[] = [];
socket.on('message', (data) => {
  const { message } = JSON.parse(String(data));
  instants.push(message.at);
  delaysMs.push(performance.timeOrigin + performance.now() - message.at);
});
await passes(Number(values['warm-up']) * 1_000);
instants.length = 0;
delaysMs.length = 0;
const skipped = await countSkipped(Object.values(roles));
const requests = await RedisRequests.start(redis.url);
const before = usages();
await passes(seconds * 1_000);
const after = usages();
const requested = requests.stop();

const cpuMsOf = (name: string): number => ((after[name]?.cpuUs ?? 0) - (before[name]?.cpuUs ?? 0)) / 1_000 / seconds;
for (const [name, { residentKiB }] of Object.entries(after)) {
  const resident = ((residentKiB * 1_024) / 1e6).toFixed(0);
  print(`${name}: ${cpuMsOf(name).toFixed(2)} ms CPU per second, ${resident} MB resident`);
}
const total = Object.keys(roles).reduce((sum, name) => sum + cpuMsOf(name), 0);
print(`web, worker and beat: ${total.toFixed(2)} ms CPU per second`);
print(`web above the baseline: ${(cpuMsOf('web') - cpuMsOf('baseline')).toFixed(2)} ms CPU per second`);
const perSecond = (count: number): string => (count / seconds).toFixed(2);
print(`requests to Redis: ${perSecond(requested.reduce((sum, [, count]) => sum + count, 0))} per second`);
for (const [what, count] of requested) print(`  ${perSecond(count)} ${what}`);
const sorted = delaysMs.toSorted((a, b) => a - b);
const at = (share: number): string => (sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN).toFixed(1);
print(`${sorted.length} ticks, delay: p50 ${at(0.5)}, p99 ${at(0.99)}, maximum ${at(1)} ms`);
const due = (Math.max(...instants) - Math.min(...instants)) / Number(values.interval) + 1;
print(`skipped instants: ${due - sorted.length} of ${due}; the roles counted ${await skipped()} on all channels`);
const [missed, expiredTasks, expiredTicks] = await Promise.all([
  roles.beat.metric('clock_beats_missed_total'),
  roles.worker.metric('clock_tasks_expired_total'),
  roles.web.metric('clock_ticks_expired_total'),
]);
print(`  since their start: beat missed ${missed}, worker dropped ${expiredTasks}, web dropped ${expiredTicks}`);

await Promise.all([...Object.values(roles), ...Object.values(all)].map((process) => process.stop()));
await baseline.stop();
await redis.stop();
process.exit(0);

function startAll(command?: readonly string[]): Promise<ClockProcess> {
  return startClock(['all', '--interval', values.interval, '--port', '0'], {
    env: { CLOCK_ADMIN_PASSWORD: password },
    ...(command === undefined ? {} : { command }),
  });
}

/** Signs in and opens the sockets. Returns the first of them. */
async function openSockets({ url }: ClockProcess): Promise<TestSocket['socket']> {
  const client = new Client(url);
  await client.signIn('admin', password);
  const sockets = [];
  for (let index = 0; index < Number(values.clients); index += 1) sockets.push((await client.connect()).socket);
  const [first] = sockets;
  if (first === undefined) throw new Error('--clients must be at least 1');
  return first;
}

function usages(): Record<string, { cpuUs: number; residentKiB: number }> {
  const processes = Object.entries({ ...roles, ...all, baseline });
  return Object.fromEntries(processes.map(([name, { pid }]) => [name, usageOf(pid)]));
}
