import type { Interruption } from '../../test/support/tick-ledger.ts';
import { intervalMs } from './fault-list.ts';
import { describe, wasLeader, type Incident, type Leadership } from './incidents.ts';

/** The cause of instants for which no tick was published. */
export type AbsenceCause = 'beat' | 'worker' | 'redis' | 'stall';

/** A time in which instants may have no tick. */
export interface AbsenceWindow {
  cause: AbsenceCause;
  /** The fault, as text. */
  fault: string;
  from: number;
  to: number;
  /** The end of the time that the contract gives is counted from here. */
  since: number;
  /** The number of instants that the fault may cost. */
  most: number;
}

// What the contract promises, in ms.

/** The lease lasts 1 s, and the other beats try to acquire it every 300 ms. */
const leaderlessMs = 1_300;
/** Ticks are at most the leaderless time and two intervals apart, so this many instants lie between them. */
const mostWithoutLeader = Math.floor(leaderlessMs / intervalMs + 2) - 1;
/** A frozen leader that runs again enqueues the newest instant at once, or within 50 ms if it must retry. */
const awakeMs = intervalMs + 50;
/** A worker waits for a job for this long with one request. The job that it has, or gets from that request, is lost. */
const blockMs = 500;
/** Every role works again within this time after Redis, or the network to it, has returned. */
const backMs = 1_000;
/** A web process that was killed or frozen keeps ticks from its sockets for at most this long afterwards. */
const webMs = 1_000;
/** A client replaces a socket that received nothing for this long. */
const silenceMs = 2_000;

/** A tick may be on its way, and the close of a socket unnoticed, for this long. */
const underWayMs = 250;

/** When instants may have no tick because of these incidents. A restart costs none, nor does a beat that is no leader. */
export function absenceWindows(incidents: readonly Incident[], leaderships: readonly Leadership[]): AbsenceWindow[] {
  return incidents.flatMap((incident): AbsenceWindow[] => {
    const { kind, role, from, to } = incident;
    if (kind === 'restart') return [];
    const fault = describe(incident);
    switch (role) {
      case 'beat':
        if (!wasLeader(incident, leaderships)) return [];
        return [{ ...leaderless(from, kind === 'freeze' ? to + awakeMs : Infinity), fault, cause: role }];
      case 'worker': {
        // A worker that runs again publishes the jobs of later instants.
        const end = kind === 'freeze' ? Math.min(from + blockMs, to) : from + blockMs;
        return [{ cause: role, fault, from: from - underWayMs, to: end + underWayMs, since: from, most: 1 }];
      }
      case 'redis':
        return [{ cause: role, fault, from: from - underWayMs, to: to + backMs, since: to, most: Infinity }];
      default:
        return [];
    }
  });
}

/** When instants may have no tick because the leader is gone since `from`, until it leads again at `backAt`. */
export function leaderless(from: number, backAt = Infinity): Omit<AbsenceWindow, 'cause' | 'fault'> {
  const to = Math.min(from + leaderlessMs, backAt);
  return { from: from - underWayMs, to, since: from, most: mostWithoutLeader };
}

/** When ticks that exist may not reach the sockets of a web process. */
export function lossWindows(incidents: readonly Incident[]): Interruption[] {
  return incidents.flatMap((incident): Interruption[] => {
    const { kind, role, index: web, from, to } = incident;
    const begin = from - underWayMs;
    if (role === 'redis') return [{ cause: 'redis', web: null, from: begin, to: to + backMs }];
    if (role !== 'web') return [];
    switch (kind) {
      case 'kill':
      case 'freeze':
        return [{ cause: 'process', web, from: begin, to: to + webMs }];
      case 'cut':
        return [{ cause: 'network', web, from: begin, to: to + backMs }];
      case 'cut-clients':
        return [{ cause: 'network', web, from: begin, to: from + silenceMs + underWayMs }];
      default:
        // The sockets close, and until then every tick arrives.
        return [];
    }
  });
}

/** When the sockets of a web process may close. An interruption of Redis closes none. */
export function closeWindows(incidents: readonly Incident[]): Interruption[] {
  return incidents.flatMap((incident): Interruption[] => {
    const { kind, role, index: web, from, to } = incident;
    if (role !== 'web' || kind === 'cut') return [];
    const end = kind === 'cut-clients' ? from + silenceMs : to;
    const cause = kind.endsWith('clients') ? 'network' : 'process';
    return [{ cause, web, from, to: end + underWayMs }];
  });
}
