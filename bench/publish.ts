/**
 * Publishes at several rates to sockets that also receive a tick every 500 ms, and compares `clock web` with bare
 * uWebSockets.js, which relays the same bytes from the same Redis. Each server is measured once in each round, on a core
 * of its own. Prints medians over the rounds: CPU per delivered frame, the lateness of ticks, the share of the core that
 * the server uses, and the share of the frames that arrived before the end of the measurement.
 *
 *     npm run bench:publish -- --sockets 5000 --rates 0,1,10,20 --rounds 3
 */
import { RedisBackend } from '../src/backend/redis/redis-backend.ts';
import { Keys } from '../src/backend/redis/keys.ts';
import { parseRedisTarget } from '../src/backend/redis/target.ts';
import { Channels } from '../src/channels/channels.ts';
import { silentLogger } from '../src/logger.ts';
import { Client, type TestSocket } from '../test/support/client.ts';
import { startClock } from '../test/support/clock-process.ts';
import { RedisServer } from '../test/support/redis-server.ts';
import { passes, until } from '../test/support/until.ts';
import { startBaseline } from './baseline.ts';
import { leaveFirstCore, moveToFirstCore } from './cores.ts';
import { environmentOf, password } from './environment.ts';
import { readOptions } from './options.ts';
import { percentile } from './paints.ts';
import { print } from './print.ts';
import { openReaders, type Readers } from './readers.ts';
import { median, usageOf } from './usage.ts';

const values = readOptions({ sockets: '1000,5000', rates: '0,1,10,20', rounds: '3', seconds: '5' });
const rates = values.rates.split(',').map(Number);
const seconds = Number(values.seconds);
const query = '?channels=time,news';
/** Sockets that record when a tick arrives. */
const probeCount = 20;
/** Readers have counted what arrived this long ago. */
const settleMs = 400;

interface Server {
  pid: number;
  port: number;
  cookie: string;
}

interface Figures {
  cpuUs: number;
  frames: number;
  /** The frames that were to arrive. */
  expected: number;
  elapsedMs: number;
  /** Of ticks at the probes, ms. */
  lateness: number[];
}

/** A pair of measurements of the same round. */
interface Pair {
  bare: Figures;
  clock: Figures;
}

// The readers, Redis and the other roles are not on the core of the servers.
leaveFirstCore();
const redis = await RedisServer.start();
const env = environmentOf(redis.url);
const options = { target: parseRedisTarget(redis.url), prefix: '', channels: [], log: silentLogger() };
const host = new RedisBackend(options);
await host.start();
await new Channels(host).add('news', 'everyone');
const worker = await startClock(['worker'], { env });
const beat = await startClock(['beat'], { env });
const web = await startClock(['web', '--host', '127.0.0.1'], { env });
const keys = new Keys('', 0);
const baseline = await startBaseline(redis.url, [keys.tickChannel('time'), keys.publicationChannel]);
try {
  for (const { pid } of [web, baseline]) moveToFirstCore(pid);
  const client = new Client(web.url);
  await client.signIn('admin', password);
  const isKnown = async () => (await client.fetch('/api/initial_state?channel=news')).status === 200;
  await until(isKnown, 'the channel is known');
  const bare = { ...baseline, cookie: 'sessionid=whatever' };
  const clock = { ...web, cookie: client.cookieHeader() };
  for (const sockets of values.sockets.split(',').map(Number)) {
    const pairs = new Map<number, Pair[]>(rates.map((rate) => [rate, []]));
    for (let round = 0; round < Number(values.rounds); round += 1) {
      const figures = { bare: await measure(bare, sockets), clock: await measure(clock, sockets) };
      for (const [index, rate] of rates.entries()) {
        const [bareOne, clockOne] = [figures.bare[index], figures.clock[index]];
        if (bareOne !== undefined && clockOne !== undefined) pairs.get(rate)?.push({ bare: bareOne, clock: clockOne });
      }
    }
    for (const [rate, ofRate] of pairs) report(sockets, rate, ofRate, pairs.get(0));
  }
} finally {
  await Promise.all([baseline.stop(), worker.stop(), beat.stop(), web.stop(), host.stop()]);
  await redis.stop();
}

/** The figures of a server at each rate. */
async function measure({ pid, port, cookie }: Server, sockets: number): Promise<Figures[]> {
  const readers = await openReaders({ port, count: sockets - probeCount, query, cookie });
  const lateness: number[] = [];
  const probes = await Promise.all(Array.from({ length: probeCount }, () => openProbe(port, cookie, lateness)));
  // The first deliveries are slower.
  await measureRate(pid, sockets, 5, 1, readers, lateness);
  const figures: Figures[] = [];
  for (const rate of rates) figures.push(await measureRate(pid, sockets, rate, seconds, readers, lateness));
  await readers.close();
  for (const probe of probes) probe[Symbol.dispose]();
  await passes(settleMs);
  return figures;
}

async function openProbe(port: number, cookie: string, lateness: number[]): Promise<TestSocket> {
  const client = new Client(`http://127.0.0.1:${port}`);
  const probe = await client.connect(query, { cookie });
  probe.socket.on('message', (data) => {
    const now = performance.timeOrigin + performance.now();
    probe.frames.length = 0;
    const { channel, message } = JSON.parse(String(data));
    // Redis's clock, which is house time, is this host's.
    if (channel === 'time') lateness.push(now - message.at);
  });
  return probe;
}

async function measureRate(
  pid: number,
  sockets: number,
  rate: number,
  forSeconds: number,
  readers: Readers,
  lateness: number[],
): Promise<Figures> {
  await passes(settleMs);
  const framesBefore = await readers.frames();
  lateness.length = 0;
  const { cpuUs } = usageOf(pid);
  const startedAt = performance.now();
  for (let n = 1; n <= rate * forSeconds; n += 1) {
    await host.publications.publish({ channel: 'news', json: `"Doors open, ${n}"` });
    await passes(Math.max(0, startedAt + (n * 1_000) / rate - performance.now()));
  }
  await passes(Math.max(0, startedAt + forSeconds * 1_000 - performance.now()));
  await passes(settleMs);
  const elapsedMs = performance.now() - startedAt;
  const usedUs = usageOf(pid).cpuUs - cpuUs;
  const frames = (await readers.frames()) - framesBefore;
  const ticks = lateness.length / probeCount;
  return {
    cpuUs: usedUs,
    frames,
    expected: (sockets - probeCount) * (rate * forSeconds + ticks),
    elapsedMs,
    lateness: [...lateness],
  };
}

/** `idle`: the pairs of the same rounds without messages. */
function report(sockets: number, rate: number, pairs: readonly Pair[], idle: readonly Pair[] | undefined): void {
  const perFrame = ({ cpuUs, frames }: Figures): number => cpuUs / frames;
  const line = (name: keyof Pair): string => {
    const figures = pairs.map((pair) => pair[name]);
    const used = median(figures.map(({ cpuUs, elapsedMs }) => cpuUs / elapsedMs / 10));
    const arrived = median(figures.map(({ frames, expected }) => (100 * frames) / expected));
    const late = figures.flatMap(({ lateness }) => lateness);
    return (
      `  ${name}: ${median(figures.map(perFrame)).toFixed(2)} us, ${used.toFixed(0)} % of a core, ` +
      `${arrived.toFixed(1)} % arrived, ticks late p50 ${percentile(late, 0.5).toFixed(0)}, ` +
      `p99 ${percentile(late, 0.99).toFixed(0)} ms`
    );
  };
  print(`${sockets} sockets, ${rate} messages a second: CPU per delivery`);
  print(line('bare'));
  print(line('clock'));
  print(`  ratio ${spread(pairs.map(({ bare, clock }) => perFrame(clock) / perFrame(bare)))}`);
  if (rate === 0 || idle === undefined) return;
  const added = pairs.map(({ bare, clock }, round) => {
    const without = idle[round];
    return without === undefined ? Number.NaN : perAdded(clock, without.clock) / perAdded(bare, without.bare);
  });
  print(`  ratio of what the messages add to the ticks ${spread(added)}`);
}

/** CPU per frame that was added to those of `idle`, us. */
function perAdded(one: Figures, idle: Figures): number {
  const share = one.elapsedMs / idle.elapsedMs;
  return (one.cpuUs - idle.cpuUs * share) / (one.frames - idle.frames * share);
}

function spread(values: readonly number[]): string {
  return `${median(values).toFixed(2)} (${Math.min(...values).toFixed(2)} to ${Math.max(...values).toFixed(2)})`;
}
