/** The roles that run as several processes, with their number of processes. */
export const processCounts = { web: 3, worker: 2, beat: 3 } as const;
export type Role = keyof typeof processCounts;

/** The interval of the ticks, ms. */
export const intervalMs = 500;

/** What a fault does. `index` names the process of the role; durations are ms. */
export type Fault =
  /** SIGKILL, and a new process after `forMs`. */
  | { kind: 'kill'; role: Role; index: number; forMs: number }
  /** SIGSTOP, and SIGCONT after `forMs`. */
  | { kind: 'freeze'; role: Role; index: number; forMs: number }
  /** No byte passes between the process and Redis; its connections stay open. */
  | { kind: 'cut-redis'; role: Role; index: number; forMs: number }
  /** No byte passes between the web process and its clients; their connections stay open. */
  | { kind: 'cut-clients'; index: number; forMs: number }
  /** The connections of the web process's clients are closed without a close frame. */
  | { kind: 'reset-clients'; index: number }
  | { kind: 'freeze-redis'; forMs: number }
  /** SIGKILL, and a new process with the same data after `forMs`. */
  | { kind: 'kill-redis'; forMs: number }
  /** SIGTERM to one process after the other from index `first`; the next follows when its replacement is ready. */
  | { kind: 'restart'; role: Role | 'every'; first: number }
  | { kind: 'end-sessions'; count: number }
  /** Further sockets are opened and closed, `count` in all. */
  | { kind: 'churn'; count: number };

/** Faults that begin together, at `atMs` after the start, or after the shortest recovery from the previous step. */
export interface FaultStep {
  atMs: number;
  faults: readonly Fault[];
}

type Random = () => number;

/** Time for an installation to recover between the nominal end of a step and the next one, ms. */
export const recoveryMs = [4_000, 9_000] as const;
/** A half-open connection is found within 2 s. */
const shortestCutMs = 2_500;
/** Estimates. The real duration depends on the machine. */
const restartMs = { web: 9_000, worker: 3_000, beat: 4_000, every: 16_000 } as const;
/** From the start of a restart of everything to the next one, ms. */
const restartEveryMs = 14_000;
const pairShare = 0.2;

/**
 * The faults of a soak of `minutes`: the same seed and duration give the same list. The first process of each role is
 * only frozen and cut off, never replaced, so that its memory can be compared.
 */
export function faultList(seed: number, minutes: number): FaultStep[] {
  const random = randomFrom(seed);
  const steps: FaultStep[] = [];
  for (let atMs = between(random, recoveryMs); ;) {
    const step = { atMs, faults: faultsOfStep(random) };
    const endMs = atMs + Math.max(...step.faults.map(durationMs));
    if (endMs + recoveryMs[1] > minutes * 60_000) return steps;
    steps.push(step);
    atMs = endMs + between(random, recoveryMs);
  }
}

/** One fault of each kind, for the processes that are never replaced, so that all of their code has run. */
export function warmUpList(): FaultStep[] {
  const roles = Object.keys(processCounts) as Role[];
  const each = (fault: (role: Role) => Fault): FaultStep[] => roles.map((role) => ({ atMs: 0, faults: [fault(role)] }));
  const others: Fault[] = [
    { kind: 'freeze-redis', forMs: shortestCutMs },
    { kind: 'kill-redis', forMs: 300 },
    { kind: 'cut-clients', index: 0, forMs: shortestCutMs },
    { kind: 'reset-clients', index: 0 },
    { kind: 'end-sessions', count: 10 },
    { kind: 'churn', count: 1_000 * processCounts.web },
  ];
  return [
    ...each((role) => ({ kind: 'freeze', role, index: 0, forMs: shortestCutMs })),
    ...each((role) => ({ kind: 'cut-redis', role, index: 0, forMs: shortestCutMs })),
    ...others.map((fault) => ({ atMs: 0, faults: [fault] })),
  ];
}

/** `count` restarts of every process, one process after the other. */
export function restartList(count: number): FaultStep[] {
  return Array.from({ length: count }, (_, n) => ({
    atMs: recoveryMs[0] + n * restartEveryMs,
    faults: [{ kind: 'restart', role: 'every', first: 0 }],
  }));
}

/** The nominal duration of a fault, ms. */
export function durationMs(fault: Fault): number {
  if ('forMs' in fault) return fault.forMs;
  return fault.kind === 'restart' ? restartMs[fault.role] : 0;
}

function faultsOfStep(random: Random): Fault[] {
  if (random() >= pairShare) return [pick(random, allKinds)(random)];
  const role = pick(random, ['worker', 'beat'] as const);
  // Each concerns something else, so that both can be carried out at once.
  return [processFault(random, role), pick(random, [webFault, redisFault])(random)];
}

function processFault(random: Random, role: Role): Fault {
  const kind = pick(random, ['kill', 'freeze', 'cut-redis'] as const);
  const first = kind === 'kill' ? 1 : 0;
  const index = first + Math.floor(random() * (processCounts[role] - first));
  const shortestMs = kind === 'cut-redis' ? shortestCutMs : 300;
  return { kind, role, index, forMs: between(random, [shortestMs, 8_000]) };
}

const webFault = (random: Random): Fault => processFault(random, 'web');

function redisFault(random: Random): Fault {
  const kind = pick(random, ['freeze-redis', 'kill-redis'] as const);
  return { kind, forMs: between(random, [300, 5_000]) };
}

function clientsFault(random: Random): Fault {
  const index = Math.floor(random() * processCounts.web);
  if (random() < 0.4) return { kind: 'reset-clients', index };
  return { kind: 'cut-clients', index, forMs: between(random, [shortestCutMs, 8_000]) };
}

const restartFault = (random: Random): Fault => ({
  kind: 'restart',
  role: pick(random, ['web', 'worker', 'beat', 'every'] as const),
  first: 1,
});

const endSessions = (random: Random): Fault => ({ kind: 'end-sessions', count: 1 + Math.floor(random() * 10) });

const allKinds: readonly ((random: Random) => Fault)[] = [
  webFault,
  webFault,
  (random) => processFault(random, 'worker'),
  (random) => processFault(random, 'beat'),
  redisFault,
  clientsFault,
  restartFault,
  endSessions,
];

function pick<T>(random: Random, list: readonly T[]): T {
  return list[Math.floor(random() * list.length)] as T;
}

function between(random: Random, [least, most]: readonly [number, number]): number {
  return Math.round(least + random() * (most - least));
}

/** The generator mulberry32: uniform numbers from 0 to below 1. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
