import type { Role } from './fault-list.ts';

/** Instants, epoch ms by this host's clock. */
export interface Span {
  from: number;
  /** When a process was gone, ran again or reached Redis again, and when Redis accepted connections again. */
  to: number;
}

/** A fault of one process or network as it was carried out. */
export interface Incident extends Span {
  kind: 'kill' | 'freeze' | 'cut' | 'restart' | 'cut-clients' | 'reset-clients';
  role: Role | 'redis';
  /** The process of the role. */
  index: number;
}

/** When a beat became the leader. */
export interface Leadership {
  at: number;
  /** The beat, by its index. */
  index: number;
}

/** Whether the beat of an incident was the leader when it began. */
export function wasLeader({ index, from }: Incident, leaderships: readonly Leadership[]): boolean {
  const latest = leaderships.filter(({ at }) => at <= from).reduce<Leadership | null>(laterOf, null);
  return latest?.index === index;
}

function laterOf(latest: Leadership | null, one: Leadership): Leadership {
  return latest === null || one.at >= latest.at ? one : latest;
}

export function describe({ kind, role, index, from, to }: Incident): string {
  const what = role === 'redis' ? role : `${role} ${index}`;
  return `${kind} ${what} at ${new Date(from).toISOString()} for ${((to - from) / 1_000).toFixed(1)} s`;
}
