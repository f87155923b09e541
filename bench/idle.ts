/**
 * Measures an idle installation: the three roles over a Redis, with ten sockets. Prints CPU and memory of each role,
 * the delay of the ticks, and how many instants were skipped.
 *
 *     npm run bench:idle -- --seconds 300
 *     npm run bench:idle -- --seconds 200 --interval 100   # 2,000 instants
 */
import { parseArgs } from 'node:util';
import { Client } from '../test/support/client.ts';
import { startClock } from '../test/support/clock-process.ts';
import { RedisServer } from '../test/support/redis-server.ts';
import { countSkipped } from '../test/support/tick-sequence.ts';
import { passes } from '../test/support/until.ts';
import { print } from './print.ts';
import { usageOf } from './usage.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    clients: { type: 'string', default: '10' },
    interval: { type: 'string', default: '500' },
  },
});
const seconds = Number(values.seconds);
const password = 'a password for the bench';

const redis = await RedisServer.start();
const env = {
  CLOCK_REDIS_URL: redis.url,
  CLOCK_SECRET: 'a secret of the bench that has 32 bytes or more',
  CLOCK_ADMIN_PASSWORD: password,
};
const roles = {
  web: await startClock(['web', '--host', '127.0.0.1'], { env }),
  worker: await startClock(['worker'], { env }),
  beat: await startClock(['beat', '--interval', values.interval], { env }),
};
const client = new Client(roles.web.url);
await client.signIn('admin', password);
const instants: number[] = [];
const delaysMs: number[] = [];
for (let index = 0; index < Number(values.clients); index += 1) {
  const { socket } = await client.connect();
  if (index > 0) continue;
  socket.on('message', (data) => {
    const { message } = JSON.parse(String(data));
    instants.push(message.at);
    delaysMs.push(performance.timeOrigin + performance.now() - message.at);
  });
}
await passes(3_000);
instants.length = 0;
delaysMs.length = 0;
const skipped = await countSkipped(Object.values(roles));
const before = usages();
await passes(seconds * 1_000);
const after = usages();

let total = 0;
for (const name of Object.keys(roles) as (keyof typeof roles)[]) {
  const cpuMs = (after[name].cpuUs - before[name].cpuUs) / 1_000 / seconds;
  total += cpuMs;
  print(`${name}: ${cpuMs.toFixed(1)} ms CPU per second, ${(after[name].residentKiB / 1_024).toFixed(0)} MiB resident`);
}
print(`total: ${total.toFixed(1)} ms CPU per second`);
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

await Promise.all(Object.values(roles).map((role) => role.stop()));
await redis.stop();
process.exit(0);

function usages() {
  return { web: usageOf(roles.web.pid), worker: usageOf(roles.worker.pid), beat: usageOf(roles.beat.pid) };
}
