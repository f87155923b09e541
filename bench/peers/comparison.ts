import { median } from '../usage.ts';
import type { Figures } from './measure.ts';

/** One system measured once. */
export interface Measurement {
  peer: string;
  sockets: number;
  round: number;
  figures?: Figures;
  /** Why there are no figures. */
  error?: string;
}

export interface Comparison {
  machine: string;
  date: string;
  seconds: number;
  peers: { id: string; name: string; access: string; feed: string }[];
  /** Why a system was not measured at all, by its ID. */
  leftOut: Record<string, string>;
  measurements: Measurement[];
}

export interface Spread {
  median: number;
  min: number;
  max: number;
}

/**
 * Replaces the figures with the same numbers of sockets: only those of one run are compared. Systems that were not
 * measured again keep their names, and the reasons why they have no figures.
 */
export function mergeComparisons(old: Comparison | null, added: Comparison): Comparison {
  if (old === null) return added;
  const measured = new Set(added.measurements.map(({ sockets }) => sockets));
  const again = new Map(added.peers.map((peer) => [peer.id, peer]));
  const others = old.measurements.filter(
    ({ sockets, peer, error }) => !measured.has(sockets) || (error !== undefined && !again.has(peer)),
  );
  const known = new Set(old.peers.map(({ id }) => id));
  const leftOut = Object.entries(old.leftOut).filter(([id]) => !again.has(id));
  return {
    ...added,
    peers: [...old.peers.map((peer) => again.get(peer.id) ?? peer), ...added.peers.filter(({ id }) => !known.has(id))],
    leftOut: { ...Object.fromEntries(leftOut), ...added.leftOut },
    measurements: [...others, ...added.measurements].toSorted((a, b) => a.sockets - b.sockets),
  };
}

/** A figure of a system over the rounds; null if it has none. */
export function figureOf(
  { measurements }: Comparison,
  peer: string,
  sockets: number,
  name: keyof Figures,
): Spread | null {
  return spreadOf(roundsOf(measurements, peer, sockets).map(({ figures }) => figures[name]));
}

/** A figure of a system divided by that of another in the same round; null if no round has both. */
export function ratioOf(
  { measurements }: Comparison,
  peer: string,
  base: string,
  sockets: number,
  name: keyof Figures,
): Spread | null {
  const bases = new Map(roundsOf(measurements, base, sockets).map(({ round, figures }) => [round, figures[name]]));
  const rounds = roundsOf(measurements, peer, sockets).filter(({ round }) => bases.has(round));
  return spreadOf(rounds.map(({ round, figures }) => figures[name] / (bases.get(round) ?? Number.NaN)));
}

function roundsOf(measurements: readonly Measurement[], peer: string, sockets: number) {
  return measurements.flatMap(({ figures, round, ...other }) =>
    other.peer === peer && other.sockets === sockets && figures !== undefined ? [{ round, figures }] : [],
  );
}

function spreadOf(values: readonly number[]): Spread | null {
  if (values.length === 0) return null;
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}
