import { createServer } from 'node:net';
import type { Backend, DurabilityProblem } from '../backend/backend.ts';
import { pause } from '../time/pause.ts';
import { isHealthy } from './healthcheck.ts';

/** One line of `clock check`. */
export interface Check {
  name: string;
  /** Resolves to what was found; rejects with what is wrong. */
  run(): Promise<string>;
}

const maxOffsetMs = 50;
const settleWithinMs = 3_000;

/** Runs the checks and prints a line for each. Resolves to false if any check rejects. */
export async function runChecks(checks: readonly Check[]): Promise<boolean> {
  let isGood = true;
  for (const { name, run } of checks) {
    try {
      process.stdout.write(`ok    ${name}: ${await run()}\n`);
    } catch (error) {
      isGood = false;
      process.stdout.write(`WRONG ${name}: ${error instanceof Error ? error.message : String(error)}\n`);
    }
  }
  return isGood;
}

/** Starts the store and checks that it serves, persists, does not evict, and has the same time as this host. */
export function storeChecks(store: Backend, audit: (() => Promise<DurabilityProblem[]>) | null): Check[] {
  const serves = async (): Promise<string> => {
    await store.start();
    const deadline = performance.now() + settleWithinMs;
    while (store.outage !== null && performance.now() < deadline) await pause(50);
    if (store.outage !== null) {
      const reason = store.outageReason === null ? '' : ` (${store.outageReason})`;
      throw new Error(`${store.address} cannot serve: ${store.outage}${reason}`);
    }
    return `${store.address} can be read and written`;
  };
  const clocks = async (): Promise<string> => {
    if (store.outage !== null) throw new Error('unknown, because the data cannot be reached');
    const { offsetMs, errorMs } = store.time;
    const text = `house time is ${Math.round(offsetMs)} ms from this host's clock (±${errorMs.toFixed(1)} ms)`;
    if (Math.abs(offsetMs) > maxOffsetMs) throw new Error(`${text}: run NTP on both hosts`);
    return text;
  };
  const checks: Check[] = [{ name: audit === null ? 'data' : 'redis', run: serves }];
  if (audit !== null) {
    checks.push({
      name: 'persistence',
      run: async () => {
        const found = (await audit()).find(({ name }) => name === 'persistence');
        if (found !== undefined) throw new Error(found.problem);
        return 'Redis writes an append-only file';
      },
    });
    checks.push({
      name: 'eviction',
      run: async () => {
        const found = (await audit()).find(({ name }) => name === 'eviction');
        if (found !== undefined) throw new Error(found.problem);
        return 'Redis evicts no keys';
      },
    });
  }
  return [...checks, { name: 'clocks', run: clocks }];
}

/** Checks that a port is free, or that a healthy clock already serves it. */
export function portCheck(option: string, host: string, port: number, secure: boolean): Check {
  return {
    name: `port ${option}`,
    run: async () => {
      const problem = await bindProblem(host, port);
      if (problem === null) return `${host}:${port} is free`;
      if (problem === 'EADDRINUSE' && (await isHealthy(port, '/health', secure))) {
        return `${host}:${port} is served by a clock already`;
      }
      throw new Error(`cannot listen on ${host}:${port} (${problem})`);
    },
  };
}

function bindProblem(host: string, port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen(port, host, () => server.close(() => resolve(null)));
  });
}
