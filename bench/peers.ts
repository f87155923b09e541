/**
 * Compares Clock with other systems that deliver a message to many sockets twice a second. In each round every system
 * starts anew, one after the other, on a core of its own; Redis, publishers and clients run on the other cores. Prints
 * a table. With `--write` it also replaces the published results for these numbers of sockets.
 *
 *     npm run bench -- --peers bare,clock --sockets 1000,5000 --rounds 3 --seconds 6
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { RedisServer } from '../test/support/redis-server.ts';
import { leaveFirstCore } from './cores.ts';
import { type Comparison, type Measurement, mergeComparisons } from './peers/comparison.ts';
import { comparisonPlot } from './peers/comparison-plot.ts';
import { comparisonSentence, comparisonTable } from './peers/comparison-table.ts';
import { peers } from './peers/index.ts';
import { measure, type Size } from './peers/measure.ts';
import type { Peer } from './peers/peer.ts';
import { print } from './print.ts';

const { values } = parseArgs({
  options: {
    peers: { type: 'string', default: peers.map(({ id }) => id).join(',') },
    sockets: { type: 'string', default: '1000,5000' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '6' },
    write: { type: 'boolean', default: false },
  },
});
const ids = values.peers.split(',');
const unknown = ids.find((id) => peers.every((peer) => peer.id !== id));
if (unknown !== undefined) throw new Error(`--peers: ${unknown} is not one of ${peers.map(({ id }) => id).join(', ')}`);
const limitMs = 150_000;

const root = join(import.meta.dirname, '..');
// What cannot be installed is left out below.
const prerequisites = ['test/support/prerequisites.sh', 'bench/packages.txt'];
spawnSync('sh', prerequisites, { cwd: root, stdio: 'inherit' });
leaveFirstCore();

/** Rejects at the first signal, so that what was started is stopped. */
const { promise: interrupted, reject: interrupt } = Promise.withResolvers<never>();
interrupted.catch(() => {});
let isInterrupted = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    isInterrupted = true;
    interrupt(new Error(`interrupted by ${signal}`));
  });
}

const comparison: Comparison = {
  machine: `${cpus().length} cores (${cpus()[0]?.model.trim()}), ${Math.round(totalmem() / 2 ** 30)} GiB, Linux`,
  date: new Date().toISOString().slice(0, 10),
  seconds: Number(values.seconds),
  peers: [],
  leftOut: {},
  measurements: [],
};
const selected = peers.filter((peer) => ids.includes(peer.id));
const present = selected.filter((peer) => isPresent(peer));
for (const sockets of values.sockets.split(',').map(Number)) {
  const failed = new Set<Peer>();
  for (let round = 0; round < Number(values.rounds); round += 1) {
    for (const peer of present) {
      if (isInterrupted || failed.has(peer)) continue;
      const measurement = await measureOnce(peer, round, { sockets, seconds: Number(values.seconds) });
      comparison.measurements.push(measurement);
      if (measurement.error !== undefined) failed.add(peer);
      const figures = Object.entries(measurement.figures ?? {}).map(([name, value]) => `${name} ${value.toFixed(3)}`);
      print(`${sockets} sockets, round ${round + 1}, ${peer.id}: ${measurement.error ?? figures.join(', ')}`);
    }
  }
}
print(`\n${comparisonTable(comparison)}`);
if (values.write && !isInterrupted) publish(comparison);
process.exit(isInterrupted ? 1 : 0);

function isPresent({ id, describe, access, feed }: Peer): boolean {
  try {
    comparison.peers.push({ id, name: describe(), access, feed });
    return true;
  } catch (error) {
    comparison.leftOut[id] = messageOf(error);
    comparison.peers.push({ id, name: id, access, feed });
    print(`${id} is left out: ${messageOf(error)}`);
    return false;
  }
}

async function measureOnce(peer: Peer, round: number, size: Size): Promise<Measurement> {
  const redis = await RedisServer.start();
  try {
    const running = await peer.start(redis.url);
    try {
      const figures = await Promise.race([measure(running, size, limitMs), interrupted]);
      return { peer: peer.id, sockets: size.sockets, round, figures };
    } finally {
      await running.stop();
    }
  } catch (error) {
    return { peer: peer.id, sockets: size.sockets, round, error: messageOf(error) };
  } finally {
    await redis.stop();
  }
}

/** Writes the figures, the table in RESULTS.md, the plot, and the sentence in the README. */
function publish(added: Comparison): void {
  const file = join(import.meta.dirname, 'comparison.json');
  const old = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Comparison) : null;
  const merged = mergeComparisons(old, added);
  writeFileSync(file, `${JSON.stringify(merged, null, 2)}\n`);
  writeFileSync(join(root, 'docs/comparison.svg'), comparisonPlot(merged));
  replacePart('bench/RESULTS.md', `\n${comparisonTable(merged)}\n\n`);
  replacePart('README.md', `${comparisonSentence(merged)}\n`);
}

/** Replaces the part of a document that this program writes. */
function replacePart(path: string, part: string): void {
  const text = readFileSync(join(root, path), 'utf8');
  const begin = '<!-- Written by bench/peers.ts. -->\n';
  const [before, after] = [text.indexOf(begin) + begin.length, text.indexOf('<!-- End of the comparison. -->')];
  if (before < begin.length || after < before) throw new Error(`${path} has no place for the comparison`);
  writeFileSync(join(root, path), `${text.slice(0, before)}${part}${text.slice(after)}`);
}

function messageOf(error: unknown): string {
  return String(error instanceof Error ? error.message : error)
    .replaceAll(/\s+/g, ' ')
    .slice(0, 160);
}
