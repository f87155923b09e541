/**
 * Compares `clock web` with a baseline of bare uWebSockets.js and ioredis. Both relay the ticks of the same beat and
 * worker over the same Redis, one after the other in each round. Every socket of Clock has a session of its own, which
 * was opened after the start of web. Prints CPU per delivery, memory per socket and CPU per handshake, as medians over
 * the rounds, and their ratios or differences.
 *
 *     npm run bench:delivery -- --sockets 10000 --rounds 3 --interval 500
 */
import { join } from 'node:path';
import { Keys } from '../src/backend/redis/keys.ts';
import { startClock } from '../test/support/clock-process.ts';
import { passes } from '../test/support/until.ts';
import { startBaseline } from './baseline.ts';
import { openClients } from './clients.ts';
import { startInstallation } from './installation.ts';
import { readNumbers } from './options.ts';
import { print } from './print.ts';
import { median, usageOf } from './usage.ts';

const { sockets, rounds, seconds, interval } = readNumbers({ sockets: 2_000, rounds: 3, seconds: 6, interval: 100 });
/** These sockets load and compile the code of a server before its memory is measured. */
const warmUpSockets = 500;

interface Figures {
  cpuUsPerDelivery: number;
  cpuMsPerSecond: number;
  /** Growth of resident memory from none to all sockets, garbage collected before both. */
  kibPerSocket: number;
  /** The same with all garbage that is there after the handshakes. */
  kibWithGarbage: number;
  cpuUsPerHandshake: number;
}

interface Round {
  baseline: Figures;
  clock: Figures;
}

const installation = await startInstallation();
const { redis, env } = installation;
const collects = { NODE_OPTIONS: `--import=${join(import.meta.dirname, 'collect-garbage.ts')}` };
const worker = await startClock(['worker'], { env });
const beat = await startClock(['beat', '--interval', String(interval)], { env });
try {
  const measured: Round[] = [];
  for (let round = 0; round < rounds; round += 1) {
    measured.push({ baseline: await measureBaseline(), clock: await measureClock() });
  }
  report(measured);
} finally {
  await Promise.all([worker.stop(), beat.stop()]);
  await installation.stop();
}

async function measureClock(): Promise<Figures> {
  const web = await startClock(['web', '--host', '127.0.0.1'], { env: { ...env, ...collects } });
  try {
    return await measure(web.pid, web.port, await installation.openSessions(sockets));
  } finally {
    web.kill('SIGKILL');
    await web.stop();
  }
}

async function measureBaseline(): Promise<Figures> {
  const baseline = await startBaseline(redis.url, [new Keys('', 0).tickChannel('time')], collects);
  // As long as a cookie of Clock.
  const cookies = Array.from({ length: sockets }, (_, n) => `sessionid=${String(n).padStart(300, '0')}`);
  try {
    return await measure(baseline.pid, baseline.port, cookies);
  } finally {
    await baseline.stop();
  }
}

async function measure(pid: number, port: number, cookies: readonly string[]): Promise<Figures> {
  (await openClients(port, Math.min(warmUpSockets, sockets), '', cookies)).close();
  await passes(1_000);
  const idleKiB = await residentAfterCollection(pid);
  const clients = await openClients(port, sockets, '', cookies);
  await passes(1_500);
  clients.framesSinceLast();
  const start = usageOf(pid);
  await passes(seconds * 1_000);
  const end = usageOf(pid);
  const frames = clients.framesSinceLast();
  const openKiB = await residentAfterCollection(pid);
  clients.close();
  await passes(1_000);
  const before = usageOf(pid);
  const again = await openClients(port, sockets, '', cookies);
  const opened = usageOf(pid);
  again.close();
  return {
    cpuUsPerDelivery: (end.cpuUs - start.cpuUs) / frames,
    cpuMsPerSecond: (end.cpuUs - start.cpuUs) / 1_000 / seconds,
    kibPerSocket: (openKiB - idleKiB) / sockets,
    kibWithGarbage: (end.residentKiB - idleKiB) / sockets,
    cpuUsPerHandshake: (opened.cpuUs - before.cpuUs) / sockets,
  };
}

async function residentAfterCollection(pid: number): Promise<number> {
  process.kill(pid, 'SIGUSR2');
  await passes(1_500);
  return usageOf(pid).residentKiB;
}

function report(measured: readonly Round[]): void {
  const medianOf = (figure: (round: Round) => number): string => median(measured.map(figure)).toFixed(2);
  const line = (name: string, key: keyof Figures, unit: string): void => {
    const values = `baseline ${medianOf(({ baseline }) => baseline[key])}, clock ${medianOf(({ clock }) => clock[key])}`;
    const compared = unit.startsWith('KiB')
      ? `difference ${medianOf(({ baseline, clock }) => clock[key] - baseline[key])}`
      : `ratio ${medianOf(({ baseline, clock }) => clock[key] / baseline[key])}`;
    print(`${name}: ${values} ${unit}, ${compared}`);
  };
  print(`${sockets} sockets, a tick every ${interval} ms, ${measured.length} rounds`);
  line('CPU per delivery', 'cpuUsPerDelivery', 'us');
  line('CPU per second', 'cpuMsPerSecond', 'ms');
  line('memory per socket, garbage collected', 'kibPerSocket', 'KiB');
  line('memory per socket, after the handshakes', 'kibWithGarbage', 'KiB');
  line('CPU per handshake, session in the cache', 'cpuUsPerHandshake', 'us');
}
