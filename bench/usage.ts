import { readdirSync, readFileSync } from 'node:fs';

/** The usage of a process according to the kernel: CPU time (user and system) in µs, resident memory in KiB. */
export function usageOf(pid: number): { cpuUs: number; residentKiB: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const clockTicks = Number(fields[11]) + Number(fields[12]);
  const resident = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  // USER_HZ is 100 on every architecture of Linux, so a clock tick is 10 ms.
  return { cpuUs: clockTicks * 10_000, residentKiB: Number(resident ?? 0) };
}

/**
 * The CPU time that the threads of a process have used, ms. Exact to a microsecond, so that it measures short work; the
 * time of threads that have ended is missing.
 */
export function cpuMsOf(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  const ns = threads.map((id) => Number(readFileSync(`/proc/${pid}/task/${id}/schedstat`, 'utf8').split(' ')[0]));
  return ns.reduce((sum, each) => sum + each, 0) / 1_000_000;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
