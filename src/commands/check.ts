import { createServer } from 'node:net';
import { formatAuthority, isUnspecified, localHosts } from '../addresses.ts';
import type { Backend, DurabilityProblem } from '../backend/backend.ts';
import { pause } from '../time/pause.ts';
import { healthProblem } from './healthcheck.ts';

/** One line of `clock check`. */
export interface Finding {
  name: string;
  level: 'ok' | 'warn' | 'WRONG';
  text: string;
}

/** Resolves to what was found. */
export type Check = () => Promise<Finding[]>;

const maxOffsetMs = 50;
const settleWithinMs = 3_000;

/** A check of one thing: `run` resolves to what is right about it, or rejects with what is wrong. */
export function check(name: string, run: () => Promise<string>): Check {
  return async () => {
    try {
      return [{ name, level: 'ok', text: await run() }];
    } catch (error) {
      return [{ name, level: 'WRONG', text: error instanceof Error ? error.message : String(error) }];
    }
  };
}

/** Runs the checks and prints a line for each finding. Resolves to false if anything is wrong. */
export async function runChecks(checks: readonly Check[]): Promise<boolean> {
  let isGood = true;
  for (const run of checks) {
    for (const { name, level, text } of await run()) {
      process.stdout.write(`${level.padEnd(5)} ${name}: ${text}\n`);
      isGood &&= level !== 'WRONG';
    }
  }
  return isGood;
}

/** Starts the store and checks that it serves, allows all operations, and has the same time as this host. */
export function storeChecks(store: Backend, name: 'redis' | 'data'): Check[] {
  const serves = check(name, async () => {
    await store.start();
    const deadline = performance.now() + settleWithinMs;
    while (store.outage !== null && performance.now() < deadline) await pause(50);
    if (store.outage === null) return `${store.address} can be read and written`;
    const reason = store.outageReason === null ? '' : ` (${store.outageReason})`;
    throw new Error(`${store.address} cannot serve: ${store.outage}${reason}`);
  });
  const clocks = check('clocks', async () => {
    if (!isReachable(store)) throw new Error('unknown, because the data cannot be reached');
    const { offsetMs, errorMs } = store.time;
    const text = `house time is ${Math.round(offsetMs)} ms from this host's clock (±${errorMs.toFixed(1)} ms)`;
    if (Math.abs(offsetMs) > maxOffsetMs) throw new Error(`${text}: run NTP on both hosts`);
    return text;
  });
  return [serves, operationsCheck(store, name), clocks];
}

/** Tries every operation that the roles need, on data of its own. Nothing is found while the store cannot be reached. */
function operationsCheck(store: Backend, name: string): Check {
  return async () => {
    if (!isReachable(store)) return [];
    try {
      return (await store.selfTest()).map((result) => ({
        name: `${name} ${result.name}`,
        level: result.problem === null ? 'ok' : 'WRONG',
        text: result.problem ?? 'allowed',
      }));
    } catch (error) {
      return [{ name, level: 'WRONG', text: error instanceof Error ? error.message : String(error) }];
    }
  };
}

/** Checks that Redis persists its data and does not evict any. */
export function durabilityChecks(store: Backend): Check[] {
  const durability = (name: DurabilityProblem['name'], text: string): Check =>
    check(name, async () => {
      if (!isReachable(store)) throw new Error('unknown, because Redis cannot be reached');
      const found = (await store.checkDurability()).find((problem) => problem.name === name);
      if (found !== undefined) throw new Error(found.problem);
      return text;
    });
  return [
    durability('persistence', 'Redis writes an append-only file'),
    durability('eviction', 'Redis evicts no keys'),
  ];
}

/** Checks that a port is free, or that a healthy clock already serves it. */
export function portCheck(option: string, host: string, port: number, isSecure: boolean): Check {
  return check(`port ${option}`, async () => {
    const authority = formatAuthority(host, port);
    const problem = await listenProblem(host, port);
    if (problem === null) return `${authority} is free`;
    if (problem !== 'EADDRINUSE') throw new Error(`cannot listen on ${authority} (${problem})`);
    const hosts = localHosts(host);
    if ((await healthProblem({ hosts, port, path: '/health', isSecure })) === null) {
      return `${authority} is served by a clock already`;
    }
    throw new Error(`${authority} is in use; choose another port or stop the process that listens on it`);
  });
}

/** Whether commands are answered at all, possibly with a refusal. */
function isReachable({ outage }: Backend): boolean {
  return outage !== 'starting' && outage !== 'redis-down' && outage !== 'redis-auth' && outage !== 'redis-schema';
}

function listenProblem(host: string, port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    // Without a host, Node listens on `::`, or on `0.0.0.0` if the system has no IPv6.
    const isDualStack = isUnspecified(host) && host.includes(':');
    server.listen({ port, ...(isDualStack ? {} : { host }) }, () => server.close(() => resolve(null)));
  });
}
