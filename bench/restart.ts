/**
 * Kills a web process with many screens and starts it anew on the same port, then cuts only their sockets. The screens run
 * the connection of the page, so this measures the spread of their reconnects. Prints when they are back, the largest
 * share that arrived within 100 ms, and the tick delays of other screens, on another web process, meanwhile.
 *
 *     npm run bench:restart -- --screens 10000
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createAuthServices } from '../src/auth/auth-services.ts';
import { RedisBackend } from '../src/backend/redis/redis-backend.ts';
import { parseRedisTarget } from '../src/backend/redis/target.ts';
import { silentLogger } from '../src/logger.ts';
import { startClock, type ClockProcess } from '../test/support/clock-process.ts';
import { patient, RedisServer } from '../test/support/redis-server.ts';
import { passes, until } from '../test/support/until.ts';
import { print } from './print.ts';
import type { Order, Report } from './restart-clients.ts';

const { values } = parseArgs({
  options: { screens: { type: 'string', default: '10000' }, others: { type: 'string', default: '200' } },
});
const screens = Number(values.screens);
const others = Number(values.others);
const secret = 'a secret of the bench that has 32 bytes or more';
const bucketMs = 100;
const limitMs = 60_000;

const redis = await RedisServer.start();
const env = { CLOCK_REDIS_URL: redis.url, CLOCK_SECRET: secret };
const target = parseRedisTarget(redis.url);
const backend = new RedisBackend({ target, prefix: '', channels: [], log: silentLogger(), ...patient });
await backend.start();
const { accounts, sessions } = createAuthServices(backend, () => [secret]);
await accounts.add('ana', 'a password for the bench', false);
const account = await accounts.get('ana');
const cookies: string[] = [];
for (let n = 0; n < screens + others; n += 1) {
  const { credential } = await sessions.open('ana', account ?? { securityStamp: '' });
  cookies.push(`sessionid=${credential}`);
}
const roles = [await startClock(['worker'], { env }), await startClock(['beat'], { env })];
const otherWeb = await startClock(['web', '--host', '127.0.0.1'], { env });
let web = await startWeb(0);
const { port } = web;
const clients = fork(join(import.meta.dirname, 'restart-clients.ts'));
const otherClients = fork(join(import.meta.dirname, 'restart-clients.ts'));
try {
  order(clients, { open: { port, cookies: cookies.slice(0, screens) } });
  order(otherClients, { open: { port: otherWeb.port, cookies: cookies.slice(screens) } });
  await untilOpen(clients, screens);
  await untilOpen(otherClients, others);
  // The spread follows the number of sockets; the screens get it with their next sync, at most 30 s later.
  await passes(32_000);
  await measure('web killed and started anew', async () => {
    web.kill('SIGKILL');
    await web.exited;
    web = await startWeb(port);
  });
  await passes(32_000);
  await measure('sockets cut', async () => order(clients, { do: 'cut' }));
} finally {
  clients.kill('SIGKILL');
  otherClients.kill('SIGKILL');
  web.kill('SIGKILL');
  await Promise.all([otherWeb.stop(), ...roles.map((role) => role.stop()), backend.stop()]);
  await redis.stop();
}

function startWeb(at: number): Promise<ClockProcess> {
  return startClock(['web', '--host', '127.0.0.1', '--port', String(at)], { env });
}

function order(process: ChildProcess, what: Order): void {
  process.send(what);
}

async function reportOf(process: ChildProcess): Promise<Report> {
  order(process, { do: 'report' });
  const [report] = (await once(process, 'message')) as [Report];
  return report;
}

async function untilOpen(process: ChildProcess, count: number): Promise<void> {
  await until(async () => (await reportOf(process)).open === count, `${count} sockets are open`, limitMs, 250);
}

async function measure(name: string, act: () => Promise<void>): Promise<void> {
  order(clients, { do: 'watch' });
  order(otherClients, { do: 'watch' });
  const start = performance.timeOrigin + performance.now();
  await act();
  await until(async () => (await reportOf(clients)).openedAt.length >= screens, 'all screens are back', limitMs, 250);
  await untilOpen(clients, screens);
  const { openedAt } = await reportOf(clients);
  const { delaysMs } = await reportOf(otherClients);
  const buckets = new Map<number, number>();
  for (const at of openedAt) {
    const bucket = Math.floor((at - start) / bucketMs);
    buckets.set(bucket, (buckets.get(bucket) ?? 0) + 1);
  }
  const largest = (100 * Math.max(...buckets.values())) / screens;
  const sorted = delaysMs.toSorted((a, b) => a - b);
  const quantile = (share: number): string =>
    (sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN).toFixed(0);
  const lastMs = Math.max(...openedAt) - start;
  print(
    `${name}: ${openedAt.length} handshakes for ${screens} screens, all back after ${(lastMs / 1_000).toFixed(1)} s, ` +
      `at most ${largest.toFixed(1)} % within ${bucketMs} ms; ticks of the others p50 ${quantile(0.5)}, ` +
      `p99 ${quantile(0.99)}, maximum ${quantile(1)} ms`,
  );
}
