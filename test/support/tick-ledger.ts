/** All instants are epoch ms by this host's clock, which is Redis's as well. */

/** A socket of a client while it was open. */
export interface SocketSpan {
  /** The web process that served it, by its index. */
  web: number;
  /** When the handshake began. */
  startedAt: number;
  openedAt: number;
  /** `Infinity` while it is open. */
  closedAt: number;
  /** The instant of each tick that it received. */
  received: number[];
}

/** A time in which a fault may keep existing ticks from clients, with the time that the contract gives to recover. */
export interface Interruption {
  cause: keyof typeof causes;
  /** The web process that it concerns; null: each. */
  web: number | null;
  from: number;
  to: number;
  /** It explains only `most` distinct instants. `explained`: those so far, of all clients. */
  limit?: { most: number; explained: Set<number> };
}

/** Counts of instants that were due while a socket was open. */
export interface LedgerCounts {
  due: number;
  received: number;
  /** No worker published the tick, because the beat that leads, a worker or Redis was interrupted. */
  noTickBeat: number;
  noTickWorker: number;
  noTickRedis: number;
  /** No worker published the tick in time, because the machine was measured to be too busy. */
  noTickStall: number;
  /** The socket closed before the tick could arrive on it, or while it was under way. */
  betweenSockets: number;
  /** The same, but the close was noticed late, because this process was measured to be too busy. */
  closeNoticedLate: number;
  /** The web process was killed or frozen within a second. */
  webInterrupted: number;
  /** The network between Redis, the web process and the client was cut. */
  networkCut: number;
  /** Redis was interrupted, so that the tick did not reach the web process. */
  redisInterrupted: number;
  /** Its web process counted a tick that arrived expired, and the machine was measured to be too busy. */
  expired: number;
  /** None of these: a broken promise. */
  unexplained: number;
  /** Ticks that a client received more than once. */
  repeated: number;
}

/** Why a client did not receive a tick that was due. */
export type Cause = Exclude<keyof LedgerCounts, 'due' | 'received' | 'repeated'>;

/** Why no tick exists for an instant. */
export type Absence = Extract<Cause, `noTick${string}`>;

export interface LedgerOptions {
  intervalMs: number;
  /** The instants from `from` to before `to` count. */
  from: number;
  to: number;
  /** When each tick was published, by its instant. */
  published: ReadonlyMap<number, number>;
  /** Why instants have no tick. One that is missing here is unexplained. */
  absences: ReadonlyMap<number, Absence>;
  interruptions: readonly Interruption[];
  /** When this process, which notices the closes, was late. */
  lags: readonly { at: number; lateMs: number }[];
}

const causes = {
  process: 'webInterrupted',
  network: 'networkCut',
  redis: 'redisInterrupted',
  expiry: 'expired',
} as const satisfies Record<string, Cause>;

/** The close of a socket is noticed within this time, ms, beside the lateness of this process. */
const closingMs = 250;

/** Counts what a client received, and why it missed the rest. `onMiss` is called for each instant that it missed. */
export function countTicks(
  spans: readonly SocketSpan[],
  options: LedgerOptions,
  onMiss?: (at: number, span: SocketSpan, cause: Cause) => void,
): LedgerCounts {
  const { intervalMs, from, to } = options;
  const counts = emptyCounts();
  const received = new Set<number>();
  for (const at of spans.flatMap((span) => span.received)) {
    if (received.has(at)) counts.repeated += 1;
    received.add(at);
  }
  for (const span of spans) {
    const end = Math.min(span.closedAt, to);
    const first = Math.ceil(Math.max(span.openedAt, from) / intervalMs) * intervalMs;
    for (let at = first; at < end; at += intervalMs) {
      counts.due += 1;
      if (received.has(at)) counts.received += 1;
      else {
        const cause = causeOf(at, span, options);
        counts[cause] += 1;
        onMiss?.(at, span, cause);
      }
    }
  }
  return counts;
}

export function emptyCounts(): LedgerCounts {
  return {
    due: 0,
    received: 0,
    noTickBeat: 0,
    noTickWorker: 0,
    noTickRedis: 0,
    noTickStall: 0,
    betweenSockets: 0,
    closeNoticedLate: 0,
    webInterrupted: 0,
    networkCut: 0,
    redisInterrupted: 0,
    expired: 0,
    unexplained: 0,
    repeated: 0,
  };
}

/** Adds the counts of a client to a total. */
export function addCounts(total: LedgerCounts, counts: LedgerCounts): void {
  for (const key of Object.keys(total) as (keyof LedgerCounts)[]) total[key] += counts[key];
}

function causeOf(at: number, span: SocketSpan, options: LedgerOptions): Cause {
  const { published, absences, interruptions, lags } = options;
  const publishedAt = published.get(at);
  if (publishedAt === undefined) return absences.get(at) ?? 'unexplained';
  const closedAfterMs = span.closedAt - publishedAt;
  if (closedAfterMs < closingMs) return 'betweenSockets';
  for (const kind of Object.keys(causes) as (keyof typeof causes)[]) {
    const isDuring = interruptions.some(
      ({ cause, web, from, to, limit }) =>
        cause === kind && (web === null || web === span.web) && publishedAt >= from && at <= to && isWithin(limit, at),
    );
    if (isDuring) return causes[kind];
  }
  const lateMs = lags
    .filter((lag) => lag.at > publishedAt && lag.at - lag.lateMs < span.closedAt)
    .map((lag) => lag.lateMs);
  return closedAfterMs < closingMs + Math.max(0, ...lateMs) ? 'closeNoticedLate' : 'unexplained';
}

/** Whether the limit of an interruption includes the instant. Counts it if so. */
function isWithin(limit: Interruption['limit'], at: number): boolean {
  if (limit === undefined || limit.explained.has(at)) return true;
  if (limit.explained.size >= limit.most) return false;
  limit.explained.add(at);
  return true;
}
