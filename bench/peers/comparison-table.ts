import { type Comparison, figureOf, ratioOf, type Spread } from './comparison.ts';
import type { Figures } from './measure.ts';

/** The system that the others are compared with. */
const baselineId = 'bare';

/** The comparison as Markdown: a table for each number of sockets, and one of the systems. */
export function comparisonTable(comparison: Comparison): string {
  const sizes = [...new Set(comparison.measurements.map(({ sockets }) => sockets))];
  const tables = sizes.map((sockets) => {
    const rounds = 1 + Math.max(...comparison.measurements.map((one) => (one.sockets === sockets ? one.round : 0)));
    return [
      `**${sockets.toLocaleString('en')} sockets, 2 messages a second, median of ${rounds} rounds**`,
      '',
      '| system | CPU per message | ratio to bare (min–max) | last socket after | never arrived | CPU for 1,000 handshakes |',
      '| --- | --- | --- | --- | --- | --- |',
      ...comparison.peers.map(({ id, name }) => row(comparison, id, shortName(name), sockets)),
    ].join('\n');
  });
  const systems = [
    '| system | who may open a socket | where its messages come from |',
    '| --- | --- | --- |',
    ...comparison.peers.map(({ name, access, feed }) => `| ${name} | ${access} | ${feed} |`),
  ];
  return [...tables, systems.join('\n'), `${comparison.machine}. Measured on ${comparison.date}.`].join('\n\n');
}

/** The systems that the sentence names. */
const named = {
  bare: 'bare uWebSockets.js',
  ws: 'ws',
  'socket.io': 'socket.io',
  article: "the article's system",
};

/** What Clock's deliveries cost compared with others at the largest number of sockets, as a sentence. */
export function comparisonSentence(comparison: Comparison): string {
  const sockets = Math.max(...comparison.measurements.map((one) => one.sockets));
  const ratios = Object.entries(named).flatMap(([id, name]) => {
    const ratio = ratioOf(comparison, 'clock', id, sockets, 'cpuUsPerMessage');
    if (ratio === null) return [];
    const range = id === baselineId ? ` (${text(ratio.min)} to ${text(ratio.max)})` : '';
    const factor = ratio.median < 0.1 ? `1/${Math.round(1 / ratio.median)} of` : `${text(ratio.median)} times`;
    return [`${factor} that of ${name}${range}`];
  });
  const list = new Intl.ListFormat('en').format(ratios);
  return `At ${sockets.toLocaleString('en')} sockets the CPU of a delivered message is ${list}.`;
}

/** The name of a system without versions. */
export function shortName(name: string): string {
  return (name.split(/:/)[0] ?? name).replace(/,? Node [\d.]+.*/, '').replaceAll(/ \d[\w.]*/g, '');
}

function row(comparison: Comparison, peer: string, name: string, sockets: number): string {
  const figure = (key: keyof Figures): Spread | null => figureOf(comparison, peer, sockets, key);
  const cpu = figure('cpuUsPerMessage');
  if (cpu === null) {
    const failed = comparison.measurements.find((one) => one.peer === peer && one.sockets === sockets);
    return `| ${name} | not measured: ${failed?.error ?? comparison.leftOut[peer] ?? 'not selected'} | | | | |`;
  }
  const ratio = ratioOf(comparison, peer, baselineId, sockets, 'cpuUsPerMessage');
  const missing = figure('missing')?.median ?? Number.NaN;
  const cells = [
    name,
    `${text(cpu.median)} µs`,
    ratio === null ? '' : `${text(ratio.median)} (${text(ratio.min)}–${text(ratio.max)})`,
    `${text(figure('lastMs')?.median)} ms`,
    missing < 0.000_05 ? '0' : `${(100 * missing).toFixed(missing < 0.01 ? 2 : 0)} %`,
    `${text(figure('cpuMsPer1000Handshakes')?.median)} ms`,
  ];
  return `| ${cells.join(' | ')} |`;
}

function text(value = Number.NaN): string {
  if (Math.abs(value) >= 1_000) return Math.round(value).toLocaleString('en');
  return value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2);
}
