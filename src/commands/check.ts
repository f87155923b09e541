import { createServer } from 'node:net';
import type { Backend, DurabilityProblem } from '../backend/backend.ts';
import { pause } from '../time/pause.ts';
import { isHealthy } from './healthcheck.ts';

/** One thing that `clock check` looks at; resolves to what it found, or rejects with what is wrong. */
export interface Check {
  name: string;
  run(): Promise<string>;
}

const offsetAtMostMs = 50;
const settleWithinMs = 3_000;

/** Runs the checks and prints a line for each; false when any found something wrong. */
export async function runChecks(checks: readonly Check[]): Promise<boolean> {
  let good = true;
  for (const { name, run } of checks) {
    try {
      process.stdout.write(`ok    ${name}: ${await run()}\n`);
    } catch (error) {
      good = false;
      process.stdout.write(`WRONG ${name}: ${error instanceof Error ? error.message : String(error)}\n`);
    }
  }
  return good;
}

/** Opens the store and looks whether it is what it must be: persistent, not evicting, and on the same time as this host. */
export function storeChecks(store: Backend, audit: (() => Promise<DurabilityProblem[]>) | null): Check[] {
  const reachable = async (): Promise<string> => {
    await store.start();
    const deadline = performance.now() + settleWithinMs;
    while (store.outage !== null && performance.now() < deadline) await pause(50);
    if (store.outage !== null) {
      const reason = store.outageReason === null ? '' : ` (${store.outageReason})`;
      throw new Error(`${store.address} cannot serve: ${store.outage}${reason}`);
    }
    return `${store.address} answers and takes writes`;
  };
  const clocks = async (): Promise<string> => {
    if (store.outage !== null) throw new Error('unknown, since the data cannot be reached');
    const { offsetMs, errorMs } = store.time;
    const words = `house time is ${Math.round(offsetMs)} ms from this host's clock (±${errorMs.toFixed(1)} ms)`;
    if (Math.abs(offsetMs) > offsetAtMostMs) throw new Error(`${words}: run NTP on both`);
    return words;
  };
  const checks: Check[] = [{ name: audit === null ? 'data' : 'redis', run: reachable }];
  if (audit !== null) {
    checks.push({
      name: 'persistence',
      run: async () => {
        const found = (await audit()).find(({ name }) => name === 'persistence');
        if (found !== undefined) throw new Error(found.problem);
        return 'Redis appends what it holds to a file';
      },
    });
    checks.push({
      name: 'eviction',
      run: async () => {
        const found = (await audit()).find(({ name }) => name === 'eviction');
        if (found !== undefined) throw new Error(found.problem);
        return 'Redis throws nothing away';
      },
    });
  }
  return [...checks, { name: 'clocks', run: clocks }];
}

/** Free, or served by a clock that is healthy. */
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
