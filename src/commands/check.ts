import { formatAuthority, localHosts } from '../addresses.ts';
import type { AuthorityCheck } from '../authority/authority-check.ts';
import type { Backend, DurabilityProblem } from '../backend/backend.ts';
import { listenError, tryToListen, type ListenAddress, type publicOptions } from '../listening.ts';
import type { HouseTime } from '../time/house-time.ts';
import { ntpBurstEveryMs } from '../time/ntp/poll-schedule.ts';
import { pause } from '../time/pause.ts';
import { healthProblem } from './healthcheck.ts';
import { startWithNotice } from './start-with-notice.ts';

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

/** Creates a check with one finding: `run` resolves to the text of a success, or rejects with what is wrong. */
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

/** Starts the backend and checks that it serves, allows all operations, and has the same time as this host. */
export function backendChecks(backend: Backend, name: 'redis' | 'data'): Check[] {
  const serves = check(name, async () => {
    await startWithNotice(backend);
    const deadline = performance.now() + settleWithinMs;
    while (backend.outage !== null && performance.now() < deadline) await pause(50);
    if (backend.outage === null) return `${backend.address} can be read and written`;
    const reason = backend.outageReason === null ? '' : ` (${backend.outageReason})`;
    throw new Error(`${backend.address} cannot serve: ${backend.outage}${reason}`);
  });
  const clocks = check('clocks', async () => {
    if (!isReachable(backend)) throw new Error('unknown, because the data cannot be reached');
    const { offsetMs, errorMs } = backend.time;
    const text = `house time is ${Math.round(offsetMs)} ms from this host's clock (±${errorMs.toFixed(1)} ms)`;
    if (Math.abs(offsetMs) > maxOffsetMs) throw new Error(`${text}: run NTP on both hosts`);
    return text;
  });
  return [serves, operationsCheck(backend, name), clocks];
}

/** Tries every operation that the roles need, on separate data. Has no findings while the backend cannot be reached. */
function operationsCheck(backend: Backend, name: string): Check {
  return async () => {
    if (!isReachable(backend)) return [];
    try {
      return (await backend.selfTest()).map((result) => ({
        name: `${name} ${result.name}`,
        level: result.problem === null ? 'ok' : 'WRONG',
        text: result.problem ?? 'allowed',
      }));
    } catch (error) {
      return [{ name, level: 'WRONG', text: error instanceof Error ? error.message : String(error) }];
    }
  };
}

/**
 * Queries the NTP servers and checks that house time agrees with UTC. As in a role, only two polls in a row with a
 * deviation above the limit count. `wait` resolves before the second one.
 */
export function ntpCheck(
  authority: AuthorityCheck,
  time: HouseTime,
  alarmMs: number,
  wait: () => Promise<void> = () => pause(ntpBurstEveryMs),
): Check {
  const name = 'ntp';
  /** The error of this process's house time counts as well, since the process has only just started. */
  const poll = async () => {
    await authority.poll();
    const { reading } = authority;
    if (reading === null) return null;
    const { offsetMs, isContradiction } = reading;
    const boundMs = reading.boundMs + time.errorMs;
    return { offsetMs, boundMs, isContradiction, isWrong: Math.abs(offsetMs) + boundMs > alarmMs };
  };
  return async () => {
    let reading = await poll();
    if (reading?.isWrong === true) {
      await wait();
      reading = await poll();
    }
    const { problems } = authority;
    const others = problems.map((problem) => `; ${problem}`).join('');
    if (reading === null) {
      const reason = others === '' ? ', because house time is unknown' : others;
      return [{ name, level: 'WRONG', text: `house time cannot be compared with UTC${reason}` }];
    }
    const { offsetMs, boundMs, isContradiction, isWrong } = reading;
    const text = `house time is ${offsetMs.toFixed(1)} ms from UTC (±${boundMs.toFixed(1)} ms)`;
    const reason = isWrong ? `, and --ntp-alarm is ${alarmMs} ms` : '';
    const contradiction = isContradiction ? '; the servers contradict each other' : '';
    const level = isContradiction || problems.length > 0 ? 'warn' : 'ok';
    return [{ name, level: isWrong ? 'WRONG' : level, text: `${text}${reason}${contradiction}${others}` }];
  };
}

/** Checks that Redis persists its data and does not evict any. */
export function durabilityChecks(backend: Backend): Check[] {
  const durability = (name: DurabilityProblem['name'], text: string): Check =>
    check(name, async () => {
      if (!isReachable(backend)) throw new Error('unknown, because Redis cannot be reached');
      const found = (await backend.checkDurability()).find((problem) => problem.name === name);
      if (found !== undefined) throw new Error(found.problem);
      return text;
    });
  return [
    durability('persistence', 'Redis writes an append-only file'),
    durability('eviction', 'Redis evicts no keys'),
  ];
}

/** Checks that a port is free, or that a healthy clock already serves it. */
export function portCheck(names: typeof publicOptions, address: ListenAddress, isSecure: boolean): Check {
  return check(`port ${names.port}`, async () => {
    const { host, port } = address;
    const authority = formatAuthority(host, port);
    const error = await tryToListen(address);
    if (error === null) return `${authority} is free`;
    const isInUse = error.code === 'EADDRINUSE';
    if (isInUse && (await healthProblem({ hosts: localHosts(host), port, path: '/health', isSecure })) === null) {
      return `a clock already listens on ${authority}`;
    }
    throw listenError(error, address, names);
  });
}

/** Whether the store answers commands, even if it refuses some. */
function isReachable({ outage }: Backend): boolean {
  return outage !== 'starting' && outage !== 'redis-down' && outage !== 'redis-auth' && outage !== 'redis-schema';
}
