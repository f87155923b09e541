/**
 * Compares `clock web` with a baseline of bare uWebSockets.js and ioredis. Both relay the ticks of the same beat and
 * worker over the same Redis, one after the other in each round. Prints CPU per delivery, memory per socket and CPU per
 * handshake, as medians over the rounds, and their ratios.
 *
 *     npm run bench -- --sockets 2000 --rounds 3
 */
import { parseArgs } from 'node:util';
import { Client } from '../test/support/client.ts';
import { startClock } from '../test/support/clock-process.ts';
import { RedisServer } from '../test/support/redis-server.ts';
import { passes } from '../test/support/until.ts';
import { Keys } from '../src/backend/redis/keys.ts';
import { startBaseline } from './baseline.ts';
import { openClients } from './clients.ts';
import { median, usageOf } from './usage.ts';

const { values } = parseArgs({
  options: {
    sockets: { type: 'string', default: '2000' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '6' },
    interval: { type: 'string', default: '100' },
  },
});
const sockets = Number(values.sockets);
const seconds = Number(values.seconds);
const password = 'a password for the bench';

interface Figures {
  cpuUsPerDelivery: number;
  cpuMsPerSecond: number;
  kibPerSocket: number;
  cpuUsPerHandshake: number;
}

interface Round {
  baseline: Figures;
  clock: Figures;
}

const redis = await RedisServer.start();
const env = {
  CLOCK_REDIS_URL: redis.url,
  CLOCK_SECRET: 'a secret of the bench that has 32 bytes or more',
  CLOCK_ADMIN_PASSWORD: password,
};
const worker = await startClock(['worker'], { env });
const beat = await startClock(['beat', '--interval', values.interval], { env });
try {
  const rounds: Round[] = [];
  for (let round = 0; round < Number(values.rounds); round += 1) {
    rounds.push({ baseline: await measureBaseline(), clock: await measureClock() });
  }
  print(rounds);
} finally {
  await Promise.all([worker.stop(), beat.stop()]);
  await redis.stop();
}

async function measureClock(): Promise<Figures> {
  const web = await startClock(['web', '--host', '127.0.0.1'], { env });
  try {
    const client = new Client(web.url);
    await client.signIn('admin', password);
    return await measure(web.pid, web.port, client.cookieHeader());
  } finally {
    await web.stop();
  }
}

async function measureBaseline(): Promise<Figures> {
  const baseline = await startBaseline(redis.url, [new Keys('', 0).tickChannel('time')]);
  try {
    return await measure(baseline.pid, baseline.port, 'sessionid=whatever');
  } finally {
    await baseline.stop();
  }
}

async function measure(pid: number, port: number, cookie: string): Promise<Figures> {
  const cold = usageOf(pid);
  // Warm-up: without it the handshakes are measured while V8 still compiles their code.
  (await openClients(port, sockets, '', cookie)).close();
  await passes(500);
  const before = usageOf(pid);
  const clients = await openClients(port, sockets, '', cookie);
  const opened = usageOf(pid);
  await passes(1_500);
  clients.framesSinceLast();
  const start = usageOf(pid);
  await passes(seconds * 1_000);
  const end = usageOf(pid);
  const frames = clients.framesSinceLast();
  clients.close();
  return {
    cpuUsPerDelivery: (end.cpuUs - start.cpuUs) / frames,
    cpuMsPerSecond: (end.cpuUs - start.cpuUs) / 1_000 / seconds,
    kibPerSocket: (end.residentKiB - cold.residentKiB) / sockets,
    cpuUsPerHandshake: (opened.cpuUs - before.cpuUs) / sockets,
  };
}

function print(figures: readonly Round[]): void {
  const line = (name: string, key: keyof Figures, unit: string): void => {
    const baseline = median(figures.map((round) => round.baseline[key]));
    const clock = median(figures.map((round) => round.clock[key]));
    const ratio = median(figures.map((round) => round.clock[key] / round.baseline[key]));
    const text = `${name}: baseline ${baseline.toFixed(2)}, clock ${clock.toFixed(2)} ${unit}, ratio ${ratio.toFixed(2)}`;
    process.stdout.write(`${text}\n`);
  };
  process.stdout.write(`${sockets} sockets, a tick every ${values.interval} ms, ${figures.length} rounds\n`);
  line('CPU per delivery', 'cpuUsPerDelivery', 'us');
  line('CPU per second', 'cpuMsPerSecond', 'ms');
  line('memory per socket', 'kibPerSocket', 'KiB');
  line('CPU per handshake, session in the cache', 'cpuUsPerHandshake', 'us');
}
