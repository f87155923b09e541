/**
 * Measures what the roster costs a web process and Redis: the CPU time per second, the memory and the bytes in Redis of
 * paired screens that report their status every 30 s, while nobody views them and while an operator does. It does
 * not open sockets: the messages go to the roster as the socket endpoint passes them on.
 *
 *     node --expose-gc bench/roster.ts --screens 10000 --seconds 20
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { RedisBackend } from '../src/backend/redis/redis-backend.ts';
import { parseRedisTarget } from '../src/backend/redis/target.ts';
import { silentLogger } from '../src/logger.ts';
import { parseClientMessage } from '../src/protocol.ts';
import { RosterView } from '../src/screens/roster-view.ts';
import { Roster, type RosterConnection } from '../src/screens/roster.ts';
import { Screens } from '../src/screens/screens.ts';
import { RedisServer } from '../test/support/redis-server.ts';
import { passes } from '../test/support/until.ts';
import { print } from './print.ts';

const { values } = parseArgs({
  options: { screens: { type: 'string', default: '10000' }, seconds: { type: 'string', default: '20' } },
});
const count = Number(values.screens);
const seconds = Number(values.seconds);
const statusEveryS = 30;
const build = '1.0.0+3f2a91c';
const owner = crypto.randomUUID();

const redis = await RedisServer.start();
const options = { prefix: '', channels: ['time'], log: silentLogger() };
const backend = new RedisBackend({ ...options, target: parseRedisTarget(redis.url) });
await backend.start();
const screens = new Screens({ records: backend.records, time: backend.time });
const view = new RosterView({ backend, screens });
const roster = new Roster({ build, time: backend.time });
const connections: RosterConnection[] = [];
try {
  const ids = Array.from({ length: count }, (_, n) => `${n}`.padStart(22, 'x'));
  for (const id of ids) await screens.add(id, { name: `Screen ${id}`, group: 'hall', face: '' }, 'ana');
  const recordBytes = await redisBytes();
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  for (const [n, id] of ids.entries()) {
    const session = { kind: 'screen', jti: id, account: '', recordId: id } as unknown as RosterConnection['session'];
    connections.push(roster.open(session, `10.0.${n >> 8}.${n & 255}`));
  }
  for (const connection of connections) status(connection);
  for (let n = 0; n < count / 2_000 + 1; n++) await report();
  globalThis.gc?.();
  show('memory of a screen in its process', `${Math.round((process.memoryUsage().heapUsed - before) / count)} B`);
  show('bytes in Redis per screen, roster', `${Math.round(((await redisBytes()) - recordBytes) / count)} B`);
  show('bytes in Redis per screen, record', `${Math.round(recordBytes / count)} B`);
  await trial('nothing happens', 0, false);
  await trial('statuses, nobody looks', count / statusEveryS, false);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const start = performance.now();
  const first = await view.changesSince(null);
  const text = JSON.stringify(first);
  const firstMs = Math.round(performance.now() - start);
  await passes(50);
  delay.disable();
  const blockedMs = Math.round(delay.max / 1e6);
  show('first answer', `${firstMs} ms, of which at once ${blockedMs} ms; ${Math.round(text.length / 1_000)} kB`);
  await trial('statuses, one operator looks', count / statusEveryS, true);
  globalThis.gc?.();
  const looking = process.memoryUsage().heapUsed;
  await view.changesSince(null);
  show('heap while an operator looks', `${Math.round((looking - before) / count)} B per screen`);
} finally {
  await backend.stop();
  await redis.stop();
}

function show(name: string, value: string): void {
  print(`${name}: ${value}`);
}

/** A status with the jitter of a real page. */
function status(connection: RosterConnection): void {
  const [offsetMs, errorMs] = [-3 + Math.random() * 2, 4 + Math.random() * 2];
  const message = parseClientMessage(JSON.stringify({ status: { build, state: 'live', offsetMs, errorMs } }));
  if (message !== null && message !== 'ignored' && 'status' in message) roster.onMessage(connection, message.status);
}

async function report(): Promise<number> {
  const changes = roster.changes();
  const { rosterVersion } = await backend.reportConnections(owner, count, changes);
  roster.confirm(rosterVersion);
  return Object.keys(changes.rows).length;
}

async function trial(name: string, statusesPerS: number, isLooking: boolean): Promise<void> {
  let rows = 0;
  let bytes = 0;
  let version = isLooking ? (await view.changesSince(null)).version : null;
  const cpu = process.cpuUsage();
  const redisCpu = await redisCpuMs();
  for (let second = 0; second < seconds; second++) {
    for (let n = 0; n < statusesPerS; n++) status(connections[Math.floor(Math.random() * count)] as RosterConnection);
    rows += await report();
    if (isLooking && second % 2 === 0) {
      const answer = await view.changesSince(version);
      version = answer.version;
      if (!answer.isComplete) bytes += JSON.stringify(answer).length;
    }
    await passes(1_000);
  }
  const { user, system } = process.cpuUsage(cpu);
  const used = ((user + system) / 1_000 / seconds).toFixed(1);
  const redisUsed = (((await redisCpuMs()) - redisCpu) / seconds).toFixed(1);
  const perSecond = (number: number): string => `${(number / seconds).toFixed(1)}/s`;
  show(name, `${used} ms/s of CPU, Redis ${redisUsed} ms/s, ${perSecond(rows)} rows, answers ${perSecond(bytes)} B`);
}

async function redisBytes(): Promise<number> {
  return Number(/^used_memory:(\d+)/m.exec(await redis.cli('INFO', 'memory'))?.[1]);
}

async function redisCpuMs(): Promise<number> {
  const info = await redis.cli('INFO', 'cpu');
  const of = (name: string): number => Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(info)?.[1]) * 1_000;
  return of('used_cpu_sys') + of('used_cpu_user');
}
