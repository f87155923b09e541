import { readFileSync } from 'node:fs';
import { intervalMs } from './fault-list.ts';
import { leaderless, type AbsenceWindow } from './windows.ts';

/** A time for which a process was ready to run and got no core, or for which this process's timer was late. */
export interface Delay {
  /** The process, by name. */
  of: string;
  from: number;
  to: number;
  delayMs: number;
}

const everyMs = 100;
/** Delays are added up in steps of this length. */
const stepMs = 50;
/** Shorter delays are normal. They are not recorded. */
const leastDelayMs = 5;
/** A tick expires after one interval. Delays that last this long in all, along one path, explain that it did. */
const expiringMs = 0.8 * intervalMs;

/** Measures ten times a second how long the processes of the installation, and this one, wait for a core. */
export class Stalls {
  readonly delays: Delay[] = [];
  readonly #pids: () => ReadonlyMap<string, number>;
  readonly #timer: NodeJS.Timeout;
  readonly #latest = new Map<string, { pid: number; waitedMs: number }>();
  #dueAt = performance.now() + everyMs;

  /** `pids`: the current process of each name. */
  constructor(pids: () => ReadonlyMap<string, number>) {
    this.#pids = pids;
    this.#timer = setInterval(() => this.#read(), everyMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #read(): void {
    const to = Date.now();
    const lateMs = performance.now() - this.#dueAt;
    this.#dueAt = performance.now() + everyMs;
    // All connections of the installation pass through this process.
    this.#record('soak', to, lateMs);
    for (const [of, pid] of this.#pids()) {
      const waitedMs = waitedMsOf(pid);
      const before = this.#latest.get(of);
      if (waitedMs === null) continue;
      this.#latest.set(of, { pid, waitedMs });
      if (before?.pid === pid) this.#record(of, to, waitedMs - before.waitedMs);
    }
  }

  /** The kernel counts a wait when it ends. */
  #record(of: string, to: number, delayMs: number): void {
    if (delayMs >= leastDelayMs) this.delays.push({ of, from: to - Math.max(delayMs, everyMs), to, delayMs });
  }
}

/** The longest delay along a path of any processes, one of each role, within one interval, ms. */
export function longestDelayMs(delays: readonly Delay[]): number {
  return delaysPerInterval(delays).reduce((longest, { sumMs }) => Math.max(longest, sumMs), 0);
}

/**
 * The instants at which the delays along a path of the named processes, one of each role, are so long within one
 * interval that a tick expires. Each is the begin of such an interval.
 */
export function stallsOf(delays: readonly Delay[], isOnPath: (name: string) => boolean): number[] {
  return delaysPerInterval(delays.filter(({ of }) => isOnPath(of)))
    .filter(({ sumMs }) => sumMs >= expiringMs)
    .map(({ begin }) => begin);
}

/** The begins of the stalls that may delay the answers of a web process. This process has its clients and its proxy. */
export function answerStallsOf(delays: readonly Delay[], web: number): number[] {
  return stallsOf(delays, (name) => name === 'soak' || name === `web ${web}`);
}

/**
 * The sum of the delays within the interval that begins at each step. Of each role only the process with the longest
 * delay counts: processes of one role wait at the same time, and a tick passes through one of them.
 */
function delaysPerInterval(delays: readonly Delay[]): { begin: number; sumMs: number }[] {
  const steps = new Map<number, Map<string, number>>();
  for (const { of, from, to, delayMs } of delays) {
    const first = Math.floor(from / stepMs);
    const last = Math.floor((to - 1) / stepMs);
    for (let step = first; step <= last; step++) {
      const byProcess = steps.get(step) ?? new Map<string, number>();
      steps.set(step, byProcess);
      addTo(byProcess, of, delayMs / (last - first + 1));
    }
  }
  const perInterval = intervalMs / stepMs;
  const begins = new Set([...steps.keys()].flatMap((step) => [step - perInterval + 1, step]));
  return [...begins]
    .toSorted((a, b) => a - b)
    .map((begin) => {
      const byProcess = new Map<string, number>();
      for (let step = begin; step < begin + perInterval; step++) {
        for (const [of, ms] of steps.get(step) ?? []) addTo(byProcess, of, ms);
      }
      return { begin: begin * stepMs, sumMs: longestPathMs(byProcess) };
    });
}

function addTo(sums: Map<string, number>, of: string, ms: number): void {
  sums.set(of, (sums.get(of) ?? 0) + ms);
}

function longestPathMs(byProcess: ReadonlyMap<string, number>): number {
  const byRole = new Map<string, number>();
  for (const [of, ms] of byProcess) {
    const role = of.replace(/ .*/, '');
    byRole.set(role, Math.max(byRole.get(role) ?? 0, ms));
  }
  return [...byRole.values()].reduce((sum, ms) => sum + ms, 0);
}

/** A leader that waits for that long may lose its lease as well. */
export function stallWindows(delays: readonly Delay[]): AbsenceWindow[] {
  return stallsOf(delays, (name) => !name.startsWith('web')).map((from) => ({
    ...leaderless(from),
    cause: 'stall',
    fault: `the processes waited for a core from ${new Date(from).toISOString()}`,
  }));
}

/** How long the main thread of a process has waited for a core, ms; null if the process is gone. */
function waitedMsOf(pid: number): number | null {
  try {
    return Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[1]) / 1e6;
  } catch {
    return null;
  }
}
