/**
 * What everything that Clock does beside relaying costs: a signed-in `clock web` and the bare floor of its stack, fed by
 * the same beat and worker over the same Redis, in turn in one run. Prints CPU a delivery, memory a socket and CPU a
 * handshake, the medians of the rounds, and the ratios.
 *
 *     npm run bench -- --sockets 2000 --rounds 3
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Client } from '../test/support/client.ts';
import { startClock } from '../test/support/clock-process.ts';
import { RedisServer } from '../test/support/redis-server.ts';
import { passes } from '../test/support/until.ts';
import { Keys } from '../src/backend/redis/keys.ts';
import { openHerd } from './clients.ts';
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
  kibPerSocket: number;
  cpuUsPerHandshake: number;
}

interface Round {
  floor: Figures;
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
    rounds.push({ floor: await measureFloor(), clock: await measureClock() });
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

async function measureFloor(): Promise<Figures> {
  const script = join(import.meta.dirname, 'floor-server.ts');
  const child = spawn(process.execPath, [script, redis.url, new Keys('', 0).tickChannel('time')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    return await measure(child.pid ?? 0, await portOf(child), 'sessionid=whatever');
  } finally {
    child.kill();
    await once(child, 'exit');
  }
}

async function portOf({ stdout }: ChildProcess): Promise<number> {
  const [line] = stdout === null ? [] : ((await once(stdout, 'data')) as [Buffer]);
  return Number(/listening (\d+)/.exec(String(line))?.[1]);
}

async function measure(pid: number, port: number, cookie: string): Promise<Figures> {
  const cold = usageOf(pid);
  // As many handshakes first, so that neither is measured while its code is still being compiled.
  (await openHerd(port, sockets, '', cookie)).close();
  await passes(500);
  const before = usageOf(pid);
  const herd = await openHerd(port, sockets, '', cookie);
  const opened = usageOf(pid);
  await passes(1_500);
  herd.framesSinceLast();
  const start = usageOf(pid);
  await passes(seconds * 1_000);
  const end = usageOf(pid);
  const frames = herd.framesSinceLast();
  herd.close();
  return {
    cpuUsPerDelivery: (end.cpuUs - start.cpuUs) / frames,
    kibPerSocket: (end.residentKiB - cold.residentKiB) / sockets,
    cpuUsPerHandshake: (opened.cpuUs - before.cpuUs) / sockets,
  };
}

function print(figures: readonly Round[]): void {
  const line = (name: string, key: keyof Figures, unit: string): void => {
    const floor = median(figures.map((round) => round.floor[key]));
    const clock = median(figures.map((round) => round.clock[key]));
    const ratio = median(figures.map((round) => round.clock[key] / round.floor[key]));
    const text = `${name}: floor ${floor.toFixed(2)}, clock ${clock.toFixed(2)} ${unit}, ratio ${ratio.toFixed(2)}`;
    process.stdout.write(`${text}\n`);
  };
  process.stdout.write(`${sockets} sockets, a tick each ${values.interval} ms, ${figures.length} rounds\n`);
  line('CPU a delivery', 'cpuUsPerDelivery', 'us');
  line('memory a socket', 'kibPerSocket', 'KiB');
  line('CPU a handshake, cookie seen before', 'cpuUsPerHandshake', 'us');
}
