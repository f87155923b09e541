import type { Interruption, SocketSpan } from '../../test/support/tick-ledger.ts';

/** Why sockets of clients closed. */
export interface CloseCounts {
  /** Their web process was killed, frozen or restarted. */
  process: number;
  /** The network between their web process and its clients was cut, or its connections were reset. */
  network: number;
  /** Their session was ended. */
  session: number;
  /** The client closed it because an answer was late, and the machine was measured to be too busy. */
  stall: number;
  unexplained: number;
}

export interface ClosesOptions {
  /** The closes from `from` to before `to` count. */
  from: number;
  to: number;
  windows: readonly Interruption[];
  /** By web process: the begin of each stall that may delay its answers. */
  stalls: readonly (readonly number[])[];
}

/** A client closes its socket 2 s after the last frame, if it gets no answer. */
const silenceMs = 2_000;
/** How long a stall lasts. */
const lateMs = 500;

/** Whether a client may have closed its socket because a stall made an answer late. `stalls`: the begin of each. */
export function isLateAnswer(closedAt: number, stalls: readonly number[]): boolean {
  return stalls.some((at) => at > closedAt - silenceMs - lateMs && at < closedAt + lateMs);
}

/** Counts why the sockets of a client closed. The last one may have closed because its session was ended. */
export function countCloses(
  spans: readonly SocketSpan[],
  isEnded: boolean,
  { from, to, windows, stalls }: ClosesOptions,
  onUnexplained: (span: SocketSpan) => void,
): CloseCounts {
  const counts: CloseCounts = { process: 0, network: 0, session: 0, stall: 0, unexplained: 0 };
  for (const span of spans) {
    const { web, closedAt } = span;
    if (closedAt < from || closedAt >= to) continue;
    const window = windows.find((one) => one.web === web && closedAt >= one.from && closedAt <= one.to);
    if (window?.cause === 'process' || window?.cause === 'network') counts[window.cause] += 1;
    else if (isEnded && span === spans.at(-1)) counts.session += 1;
    else if (isLateAnswer(closedAt, stalls[web] ?? [])) counts.stall += 1;
    else {
      counts.unexplained += 1;
      onUnexplained(span);
    }
  }
  return counts;
}
